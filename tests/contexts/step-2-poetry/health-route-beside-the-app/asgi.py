"""The course's app, with a route for who looks after it."""

from kiss.main import app


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that it is alive."""
    return {"status": "ok"}
