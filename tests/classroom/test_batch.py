"""A class before anything is built: who is judged, and as what."""

from pathlib import Path

import pytest

from autograder.classroom.batch import Asked, Batch
from autograder.classroom.results import Results
from autograder.errors import BadInput
from autograder.hand_in import HandIn

from .test_submissions import SLUG, submit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    released = tmp_path / "release" / SLUG / f"{SLUG}.ipynb"
    released.parent.mkdir(parents=True)
    released.write_text("{}")
    for student in ("ann", "bob"):
        submit(tmp_path, student, "%%dockerfile\nFROM a\n")
    return tmp_path


def notebook(root: Path, student: str) -> Path:
    return root / "submitted" / student / SLUG / f"{SLUG}.ipynb"


def test_nobody_gets_the_verdict_of_what_another_changed_meanwhile(root: Path) -> None:
    batch = Batch(Asked(root, SLUG))
    assert (batch.total, batch.distinct) == (2, 1)
    notebook(root, "ann").unlink()
    ((_, hand_in),) = batch._hand_ins()
    assert isinstance(hand_in, HandIn)
    assert hand_in.files["Dockerfile"] == b"FROM a\n"


def test_a_hand_in_that_nobody_has_any_more_is_not_judged(root: Path) -> None:
    batch = Batch(Asked(root, SLUG))
    for student in ("ann", "bob"):
        notebook(root, student).unlink()
    assert [*batch._hand_ins()] == []
    assert [one.student for one in batch._changed] == ["ann", "bob"]


def test_a_name_that_nobody_has_is_told(root: Path) -> None:
    for asked in (Asked(root, SLUG, only=("eve",)), Asked(root, SLUG, regrade=("eve",))):
        with pytest.raises(BadInput, match=r"submitted by: eve$"):
            Batch(asked)


def test_one_batch_at_a_time(tmp_path: Path) -> None:
    one, other = (Results(tmp_path / ".grading" / slug) for slug in ("a", "b"))
    with one.alone(), pytest.raises(BadInput, match=r"another \./course grade"), other.alone():
        pass
    with other.alone():
        pass
