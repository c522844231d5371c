"""`./course check` of hand-ins that hang, flood, never answer or are no app at all."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from autograder.ready import Ready

pytestmark = pytest.mark.engine
STEP_3 = "step-3-pin-and-split"
Judge = Callable[..., dict[str, Any]]
SERVE = """\
FROM python:3.11
LABEL {mark}
COPY <<FILE /serve.py
import http.server, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {body}
http.server.HTTPServer(("", 8000), Answer).serve_forever()
FILE
CMD ["python", "/serve.py"]
"""


@pytest.fixture
def mark() -> str:
    """A label of the test's own: others may use the engine at the same time."""
    return f"org.container-course.test={time.time_ns()}"


@pytest.fixture
def judge(ready: Ready, engine_client: docker.DockerClient, tmp_path: Path, mark: str) -> Judge:
    """Judges a Dockerfile in a process of its own; proves the exit code and that nothing stays."""

    def run(dockerfile: str, *options: str, code: int = 1, most_seconds: float) -> dict[str, Any]:
        (tmp_path / "Dockerfile").write_text(dockerfile)
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "autograder.cli", "check", STEP_3, tmp_path, "--json", *options],
            env={**os.environ, **ready.environment},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert time.monotonic() - began < most_seconds
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), (
            done.stderr or done.stdout
        )
        deadline = time.monotonic() + 20  # BuildKit ends what it was told to cancel in a moment
        while left := left_behind(engine_client, mark):
            assert time.monotonic() < deadline, left
            time.sleep(0.2)
        return dict(json.loads(done.stdout))

    return run


def left_behind(client: docker.DockerClient, mark: str) -> list[str]:
    """The test's images and containers that are still there."""
    return [
        *(row["Id"] for row in client.api.images(filters={"label": mark})),
        *(row["Id"] for row in client.api.containers(all=True, filters={"label": mark})),
    ]


def row(told: dict[str, Any], check: str) -> dict[str, Any]:
    return next(row for row in told["checks"] if row["id"] == check)


def test_nothing_at_all(judge: Judge, mark: str) -> None:
    told = judge(f"FROM scratch\nLABEL {mark}\nCOPY . .\n", most_seconds=40)
    assert told["score"] == 0
    assert "scratch" in row(told, "base-image-pinned")["seen"]
    assert "could not start" in row(told, "app-answers")["seen"]


def test_five_thousand_lines(judge: Judge, mark: str) -> None:
    rows = "".join(f"ENV NUMBER_{n}={n}\n# {n}\n" for n in range(50)) + "# \\\n" * 4900
    told = judge(f"FROM python:3.11\nLABEL {mark}\n{rows}CMD true\n", most_seconds=40)
    assert told["score"] == 1
    assert "no Python environment" in row(told, "poetry-pinned")["seen"]


@pytest.mark.soak
def test_five_thousand_steps(judge: Judge, mark: str) -> None:
    """More layers than any image may have."""
    text = f"FROM python:3.11\nLABEL {mark}\n" + "".join(
        f"COPY pyproject.toml /{n}\n" for n in range(5000)
    )
    told = judge(text, most_seconds=200)
    assert told["score"] == 0
    assert row(told, "app-answers")["seen"].startswith("the build did not succeed")


@pytest.mark.parametrize("command", ["sleep 600", "yes", "sh -c 'sleep 600 &'"])
def test_a_step_that_hangs_or_floods(judge: Judge, mark: str, command: str) -> None:
    text = f"FROM python:3.11\nLABEL {mark}\nRUN {command}\n"
    ends = command.endswith("&'")  # its step ends, and what it left behind ends with it
    told = judge(text, "--timeout", "5", most_seconds=40)
    if ends:
        assert told["score"] == 1
        return
    assert told["score"] == 0
    for check in told["checks"]:
        assert "the build was stopped after 5 s at RUN" in check["seen"]
        assert check["line"] == 3
        assert "CMD" in check["try_next"]


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("time.sleep(600)", "nothing answered on port 8000"),
        ("self.send_error(500)", "GET / answered 500"),
        pytest.param(
            *("self.send_response(200); self.end_headers(); time.sleep(600)", "nothing answered"),
            marks=pytest.mark.soak,
        ),
        ("self.send_response(200); self.end_headers(); self.wfile.write(b'[' * 60000)", "not JSON"),
    ],
)
def test_an_app_that_does_not_answer_as_it_should(
    judge: Judge, mark: str, body: str, seen: str
) -> None:
    told = judge(SERVE.format(mark=mark, body=body), most_seconds=75)
    assert told["score"] == 1
    assert seen in row(told, "app-answers")["seen"]


@pytest.mark.soak
def test_an_app_that_floods_its_log(judge: Judge, mark: str) -> None:
    told = judge(f"FROM python:3.11\nLABEL {mark}\nCMD yes\n", most_seconds=75)
    assert "nothing answered on port 8000" in row(told, "app-answers")["seen"]
