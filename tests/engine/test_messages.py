"""A build is listened to for as long as there is any use in it."""

import time
from dataclasses import replace

import pytest

from autograder.engine import serving
from autograder.engine.request import BuildRequest
from autograder.facts.build import Builder
from autograder.facts.dockerfile import parse
from autograder.limits import LIMITS
from autograder.ready import Ready

SERVER = "FROM python:3.11\nRUN python -u -m http.server\n"
TRIED = f"""\
FROM python:3.11
ENV NOT_CACHED={time.time_ns()}
RUN python -u -m http.server & sleep 1; kill $!
RUN sleep 6
"""


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_a_step_that_runs_a_server_is_stopped(
    ready: Ready, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LIMITS", replace(LIMITS, serving_seconds=3))
    engine = ready.offer().engine
    request = BuildRequest({"Dockerfile": SERVER.encode()}, parse(SERVER), "x", builder=builder)
    facts = engine.build(request)
    assert facts.failure is not None
    assert (facts.failure.kind, facts.failure.line) == ("serves", 2)
    assert any(row.startswith("Serving HTTP on ") for row in facts.failure.log)
    assert facts.seconds < 60


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_a_step_that_ends_its_server_is_not(
    ready: Ready, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is what comes after it, however long that is silent."""
    monkeypatch.setattr(serving, "LIMITS", replace(LIMITS, serving_seconds=3))
    tag = f"course-test-{time.time_ns()}:tried"
    engine = ready.offer().engine
    try:
        request = BuildRequest({"Dockerfile": TRIED.encode()}, parse(TRIED), tag, builder=builder)
        assert engine.build(request).succeeded
    finally:
        engine.remove_image(tag)
