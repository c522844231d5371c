"""Which words are a server's."""

import time

import pytest

from autograder.engine.serving import Serving
from autograder.limits import LIMITS


@pytest.mark.parametrize(
    "said",
    [
        "[2026-01-01 00:00:00 +0000] [7] [INFO] Listening at: http://0.0.0.0:8000 (7)",
        "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
        " * Running on http://127.0.0.1:5000",
        "[2026-01-01] [1] [INFO] Running on http://127.0.0.1:8000 (CTRL + C to quit)",
        "Serving HTTP on 0.0.0.0 port 8000 (http://0.0.0.0:8000/) ...",
        "INFO:waitress:Serving on http://127.0.0.1:8080",
        "Starting development server at http://127.0.0.1:8000/",
    ],
)
@pytest.mark.parametrize("cut", [0, 5, 40])
def test_a_server_is_heard(said: str, cut: int) -> None:
    deadline = time.monotonic() + 900
    serving = Serving()
    serving.hear(f"before\n{said[:cut]}".encode())
    serving.hear(f"{said[cut:]}\n".encode())
    assert serving.heard
    assert serving.until(deadline) - time.monotonic() <= LIMITS.serving_seconds


@pytest.mark.parametrize(
    "said", ["Collecting uvicorn", "Installing gunicorn (21.2.0)", "running on python 3.11"]
)
def test_nothing_else_is(said: str) -> None:
    serving = Serving()
    serving.hear(said.encode())
    assert (serving.heard, serving.until(5.0)) == (False, 5.0)


def test_a_step_whose_words_the_builder_keeps_back_is_not_silent() -> None:
    serving = Serving()
    serving.hear(b"Serving on http://127.0.0.1:80\n")
    serving.hear(b"[output clipped, log limit 2MiB reached]")
    serving.hear(b"Serving on http://127.0.0.1:80\n")
    assert not serving.heard
