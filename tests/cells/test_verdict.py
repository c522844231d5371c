"""`observe` and `require` say in a few lines what a learner can use."""

from types import SimpleNamespace

import pytest

from autograder.cells import Build, build, observe, require
from autograder.cells.message import CheckFailed, CheckNotJudged, NotBuilt, prose
from autograder.outcome import failed, not_judged, passed


def test_a_passed_check_prints_what_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    require(passed(seen="FROM python:3.11"))
    told = capsys.readouterr()
    assert told.out == "passed: FROM python:3.11\n"
    assert told.err == ""


def test_a_failed_check_says_what_was_seen_and_what_to_try_next() -> None:
    with pytest.raises(CheckFailed) as error:
        require(failed(seen="FROM python", try_next="name a version", line=3))
    assert str(error.value) == "seen: FROM python (Dockerfile line 3)\ntry next: name a version"
    first, second = error.value._render_traceback_()
    assert "seen: " in first
    assert "try next: " in second


def test_a_check_that_was_not_judged_says_so() -> None:
    with pytest.raises(CheckNotJudged, match=r"^not judged: the disk is full$"):
        require(not_judged(seen="the disk is full"))


def test_no_line_is_longer_than_validate_shows() -> None:
    text = prose("seen: " + "/root/.cache/pypoetry/virtualenvs/basic-improvements " * 5)
    assert max(map(len, text.splitlines())) <= 80


def test_a_notebook_whose_build_cell_did_not_run_says_so() -> None:
    with pytest.raises(NotBuilt, match=r"^there is no image yet: run the build cell first$"):
        _ = build.tag
    with pytest.raises(NotBuilt):
        observe(SimpleNamespace(id="sha256:0"), Build(NotBuilt("nothing")))
