#!/bin/sh
set -e
echo "Waiting for postgres..."
until python -c 'import socket; socket.create_connection(("db", 5432), 1)' 2>/dev/null; do
    sleep 0.5
done
exec "$@"
