"""What a grader does when its engine, or the package index on it, ends under a hand-in.

Both are faked here, to show how they fail.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.classroom import grader
from autograder.classroom.grader import Grader, Outputs
from autograder.errors import NotJudged
from autograder.hand_in import HandIn
from autograder.ready import INDEX

GOOD: Outputs = {"cell": []}
NONE: Outputs = {"cell": [{"output_type": "error", "traceback": ["not judged: no network"]}]}


class Fake:
    """An engine of which something ends under each hand-in, as told; and its kernel."""

    def __init__(self, *rounds: tuple[str, Outputs]) -> None:
        self.rounds, self.judged = rounds, 0
        self.scratch = Path()
        self.environment: dict[str, str] = {}

    def for_another(self, _: object) -> "Fake":
        return self

    def what_ended(self) -> str:
        return self.rounds[self.judged - 1][0]

    def __enter__(self) -> "Fake":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, _: HandIn) -> Outputs:
        self.judged += 1
        return self.rounds[self.judged - 1][1]


def judge(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Outputs:
    @contextmanager
    def ready(_: object) -> Iterator[Fake]:
        yield fake

    monkeypatch.setattr(grader, "grading_ready", ready)
    monkeypatch.setattr(grader, "LockedCells", lambda *_: fake)
    with Grader(lambda _: NotebookNode(), print) as judging:
        return judging.judge("step", HandIn({}))


@pytest.mark.parametrize("first", [GOOD, NONE])
def test_a_hand_in_whose_package_index_ended_is_judged_once_more(
    first: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came out: a build may go on without what it did not get."""
    fake = Fake((INDEX, first), ("", GOOD))
    assert judge(fake, monkeypatch) == GOOD
    assert fake.judged == 2


def test_an_index_that_ends_again_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake((INDEX, NONE), (INDEX, NONE))
    with pytest.raises(NotJudged, match="the package index ended while this was judged"):
        judge(fake, monkeypatch)
    assert fake.judged == 2


@pytest.mark.parametrize(
    ("ended", "outputs", "times"),
    [
        ("", GOOD, 1),
        ("", NONE, 1),
        ("the grading engine", GOOD, 1),
        ("the grading engine", NONE, 2),
    ],
)
def test_the_engine_is_to_blame_for_a_missing_verdict_only(
    ended: str, outputs: Outputs, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake((ended, outputs), ("", outputs))
    assert judge(fake, monkeypatch) == outputs
    assert fake.judged == times
