"""What a graded cell says is read back as the outcome that it told."""

import pytest

from autograder.cells.message import CellMessage
from autograder.cells.verdict import require
from autograder.feedback import NOT_BUILT, outcome_in
from autograder.outcome import Outcome, failed, not_judged, passed

LONG = "a word and another, and a-long-path/that/is/never/cut/into/pieces/by/any/line.py " * 3


def told(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> str:
    """What the cell shows."""
    try:
        require(outcome)
    except CellMessage as message:
        return str(message)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "outcome",
    [
        passed(seen="all is well"),
        passed(seen=LONG.strip()),
        failed(seen="Poetry 2", try_next="name one", line=4),
        failed(seen=LONG.strip(), try_next=LONG.strip(), line=12),
        failed(seen="try next: seen: passed: nothing", try_next="seen: not judged: it"),
        failed(seen="RUN <b>&amp;</b> (Dockerfile line 3) and more", try_next="x"),
        failed(seen="nothing to do", try_next=""),
        not_judged(seen="the disk is full"),
        not_judged(seen=LONG.strip(), try_next="ask for less"),
    ],
)
def test_an_outcome_comes_back(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome_in(told(outcome, capsys)) == outcome


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (NOT_BUILT, "the build did not succeed"),
        ("KeyError: 'x'\nand more", "KeyError: 'x' and more"),
        ("", ""),
    ],
)
def test_what_no_check_says_is_a_failure(words: str, seen: str) -> None:
    assert outcome_in(words) == failed(seen=seen, try_next="")
