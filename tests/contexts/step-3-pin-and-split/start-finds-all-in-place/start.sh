#!/bin/sh
set -e
poetry install --with prod
exec "$@"
