#!/bin/sh
set -e
if [ "$1" = gunicorn ] && [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=app --regid=app --init-groups "$@"
fi
exec "$@"
