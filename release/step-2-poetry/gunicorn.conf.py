"""Gunicorn reads this file from the folder it is started in."""

bind = "0.0.0.0:8000"
worker_class = "uvicorn.workers.UvicornWorker"
