#!/bin/sh
set -e
exec gunicorn kiss.main:app
