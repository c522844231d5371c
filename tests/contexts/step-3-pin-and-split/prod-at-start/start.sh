#!/bin/sh
set -e
poetry install --with prod
exec poetry run gunicorn basic_improvements.main:app
