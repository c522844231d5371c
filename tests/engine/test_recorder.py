"""What is kept of BuildKit's progress messages, and which of them tells why a build failed."""

import math
import time
from typing import Any

import pytest

from autograder.engine.buildkit import _Recorder
from autograder.engine.request import BuildRequest, Progress
from autograder.engine.trace import _response
from autograder.facts.dockerfile import parse
from autograder.limits import LIMITS

ENDED = 'process "/bin/sh -c {}" did not complete successfully: {}'
CANCELED = "context canceled"


def status(*vertexes: dict[str, Any], logs: tuple[tuple[str, bytes], ...] = ()) -> Any:
    """A message of the engine's, of vertexes and of what they printed."""
    message = _response()()
    for row in vertexes:
        vertex = message.vertexes.add(digest=row.get("digest", row["name"]), name=row["name"])
        vertex.error = row.get("error", "")
        vertex.inputs.extend(row.get("inputs", ()))
        if row.get("started"):
            vertex.started.FromSeconds(row["started"])
        if row.get("completed"):
            vertex.completed.FromSeconds(row["completed"])
    for digest, text in logs:
        message.logs.add(vertex=digest, msg=text)
    return message


def recorder(
    text: str, told: list[Progress] | None = None, deadline: float = math.inf
) -> _Recorder:
    progress = (lambda _: None) if told is None else told.append
    files = {"Dockerfile": text.encode()}
    return _Recorder(BuildRequest(files, parse(text), "t", progress=progress), deadline)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("grep -q canceled Dockerfile", "step"),
        ('echo "canceled: pull access denied"; false', "step"),
        ("echo context canceled; false", "step"),
        ("false # did not complete successfully: context canceled", "step"),
    ],
)
def test_a_command_that_speaks_of_what_is_canceled_fails_all_the_same(
    command: str, kind: str
) -> None:
    text = f"FROM a\nRUN true\nRUN {command}\n"
    error = ENDED.format(command, "exit code: 1")
    seen = recorder(text)
    name = f"[3/3] RUN {command}"
    seen.take(status({"name": name, "started": 1, "completed": 2, "error": error}))
    failure = seen.failure(f"failed to solve: {error}")
    assert (failure.kind, failure.step, failure.line) == (kind, f"RUN {command}", 3)


@pytest.mark.parametrize(
    "error", [CANCELED, ENDED.format("sleep 9", f"exit code: 137: {CANCELED}: {CANCELED}")]
)
def test_a_step_that_was_stopped_for_another_s_sake_is_not_to_blame(error: str) -> None:
    seen = recorder("FROM a AS x\nRUN sleep 9\nFROM a\nCOPY --from=x / /\nRUN false\n")
    why = ENDED.format("false", "exit code: 1")
    seen.take(
        status(
            {"name": "[x 2/2] RUN sleep 9", "started": 1, "completed": 2, "error": error},
            {"name": "[stage-1 3/3] RUN false", "started": 1, "completed": 2, "error": why},
        )
    )
    assert seen.failure(why).line == 5


def test_progress_counts_the_steps_that_have_begun() -> None:
    told: list[Progress] = []
    seen = recorder("FROM a\nRUN b\nRUN c\n", told)
    seen.take(status({"name": "[internal] load build definition", "started": 1}))
    seen.take(status({"name": "[1/3] FROM a"}, {"name": "[2/3] RUN b"}, {"name": "[3/3] RUN c"}))
    seen.take(status({"name": "[1/3] FROM a", "started": 1}))
    seen.take(status({"name": "[1/3] FROM a", "started": 1, "completed": 2}))
    seen.take(status({"name": "[2/3] RUN b", "started": 3}, logs=(("[2/3] RUN b", b"x\ny\n"),)))
    assert told == [
        Progress(1, 3, "FROM a"), Progress(2, 3, "RUN b"), Progress(2, 3, "RUN b", "y"),
    ]  # fmt: skip


def test_another_build_s_name_for_the_same_image_is_no_step() -> None:
    """BuildKit tells of it where two builds start from one image at one time."""
    ours, theirs = "[1/2] FROM python:3.11", "[1/2] FROM python:3.11-slim"
    ended = {"started": 1, "completed": 2}
    seen = recorder("FROM python:3.11\nRUN b\n")
    seen.take(status({"name": theirs, **ended}, {"name": ours, **ended}))
    assert len(seen.steps()) == 2, "while nothing is known of what starts from what"
    seen.take(status({"name": "[2/2] RUN b", "inputs": [ours], "started": 2, "completed": 3}))
    assert [step.name for step in seen.steps()] == ["FROM python:3.11", "RUN b"]


def test_a_silent_server_is_not_waited_for() -> None:
    """A step that serves never ends: it ends the wait, not another, and not once it has ended."""
    seen = recorder("FROM a\nRUN gcc\nRUN serve\n", deadline=time.monotonic() + 900)
    compiler, server = "[2/3] RUN gcc", "[3/3] RUN serve"
    seen.take(status({"name": compiler, "started": 1}, {"name": server, "started": 1}))
    seen.take(status(logs=((server, b"[INFO] Listeni"),)))
    assert seen.until() == seen.deadline
    seen.take(status(logs=((server, b"ng at: http://0.0.0.0:8000 (1)\n"),)))
    soon = seen.until()
    assert 0 < soon - time.monotonic() <= LIMITS.serving_seconds
    seen.take(status(logs=((compiler, b"cc1\n"),)))
    assert seen.until() == soon
    failure = seen.stopped()
    assert (failure.kind, failure.line) == ("serves", 3)
    assert failure.log == ("[INFO] Listening at: http://0.0.0.0:8000 (1)",)
    seen.take(status(logs=((server, b"GET /\n"),)))
    assert seen.until() > soon
    other = "[2/2] RUN another"
    seen.take(status({"name": other, "started": 1}, logs=((other, b"Uvicorn running on http"),)))
    seen.take(status({"name": other, "started": 1, "completed": 2}))
    assert seen.until() < seen.deadline, "the first is still there"
    seen.take(status({"name": server, "started": 1, "completed": 2}))
    assert seen.until() == seen.deadline
    assert (seen.stopped().kind, seen.stopped().line) == ("timeout", 2)


def test_many_messages_of_many_steps_are_soon_taken() -> None:
    seen = recorder("FROM a\nRUN b\n")
    many = 10_000
    seen.take(status(*({"name": f"[{n}/{many}] RUN {n}", "started": 1} for n in range(many))))
    began = time.monotonic()
    for _ in range(2_000):
        seen.take(status(logs=(("[1/10000] RUN 1", b"x\n"),)))
    assert time.monotonic() - began < 2
