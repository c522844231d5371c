#!/usr/bin/python3
"""Start the web service."""
import uvicorn

if __name__ == "__main__":
    uvicorn.run("kiss.main:app", host="0.0.0.0", port=8000)
