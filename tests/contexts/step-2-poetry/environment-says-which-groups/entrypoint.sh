#!/bin/sh
set -eu
echo "starting in $YOUR_ENV"
exec "$@"
