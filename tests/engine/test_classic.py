"""When the classic builder is not waited for."""

import time

from autograder.engine.classic import _Recorder
from autograder.engine.request import BuildRequest
from autograder.facts.dockerfile import parse
from autograder.limits import LIMITS

TEXT = "FROM a\nRUN serve &\nRUN serve\n"


def test_a_silent_server_is_not_waited_for() -> None:
    request = BuildRequest({"Dockerfile": TEXT.encode()}, parse(TEXT), "t")
    seen = _Recorder(request, deadline=time.monotonic() + 900)
    for text in ("Step 1/3 : FROM a", "Step 2/3 : RUN serve &", "INFO: Uvicorn runn"):
        seen.take(text)
        assert seen.until() == seen.deadline
    seen.take("ing on http://127.0.0.1:8000")
    assert 0 < seen.until() - time.monotonic() <= LIMITS.serving_seconds
    assert (seen.stopped().kind, seen.stopped().line) == ("serves", 2)
    seen.take("Step 3/3 : RUN serve")
    assert seen.until() == seen.deadline
    assert (seen.stopped().kind, seen.stopped().line) == ("timeout", 3)
