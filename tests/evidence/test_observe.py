"""A hand-in is built as often as its exercise's checks ask for, and no more."""

from pathlib import Path

import pytest

from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.grading import material
from autograder.hand_in import read_hand_in
from autograder.ready import Ready

CONTEXTS = Path(__file__).parents[1] / "contexts"


@pytest.mark.engine
@pytest.mark.parametrize(
    ("case", "built"),
    [
        # Its install runs again after the source changed, and nobody asks what it did.
        ("step-1-naive/reference", {"first", "source"}),
        ("step-2-poetry/reference", {"first", "source"}),
        ("step-2-poetry/export-and-pip", {"first", "source", "noted", "lock"}),
        ("step-3-pin-and-split/reference", {"first", "source", "lock"}),
    ],
)
def test_only_what_the_checks_need_is_built(ready: Ready, case: str, built: set[str]) -> None:
    given = material(find_exercise(case.partition("/")[0]), read_hand_in(CONTEXTS / case))
    with Observer(ready.offer(), given).images() as observer:
        seen = observer.observe(observer.first_build())
    assert seen.answer is not None
    assert observer.made == built
