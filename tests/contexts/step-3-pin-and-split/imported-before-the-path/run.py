import sys

import gunicorn.app.wsgiapp
import uvicorn.workers

sys.path.insert(0, "/packages")
sys.argv = ["gunicorn", "--chdir=/app", "basic_improvements.main:app"]
gunicorn.app.wsgiapp.run()
