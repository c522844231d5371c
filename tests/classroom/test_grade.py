"""`./course grade`: a class on real engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.engine.grading import stop_abandoned
from autograder.ready import Ready

from .course_folder import (
    SLUG,
    Rows,
    generate,
    grade,
    gradebook,
    make_course,
    sheet,
    submit,
    told,
)

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(900)]
BASE_ONLY = "FROM python:3.11\n"  # worth a point, and built at once
FAILS = "FROM python:3.11\nRUN false\n"
# Two that are equal, one that only reads like it, two that cannot be built, one damaged.
CLASS = {
    "ada": BASE_ONLY,
    "bob": BASE_ONLY,
    "cyd": BASE_ONLY + "# the same, but for this line\n",
    "dan": FAILS,
    "eve": None,
    "fay": "{",
}
SCORES = {"ada": 1.0, "bob": 1.0, "cyd": 1.0, "dan": 0.0, "eve": 0.0, "fay": None}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Iterator[Path]:
    """A course folder with a class in submitted/."""
    root = tmp_path_factory.mktemp("class")
    make_course(root)
    submit(root, CLASS)
    yield root
    stop_abandoned()


def test_a_class_is_graded_and_equal_hand_ins_are_built_once(course: Path) -> None:
    undisturbed = grade(course, code=1)
    assert {name: row["score"] for name, row in undisturbed.items()} == SCORES
    assert {name: row["state"] for name, row in undisturbed.items()} == {
        name: "unreadable" if score is None else "graded" for name, score in SCORES.items()
    }
    assert undisturbed["fay"]["reason"].endswith("damaged or cut off at line 1")
    assert_judged_anew(undisturbed)
    assert in_sheet(course) == told(undisturbed)
    before = gradebook(course)
    assert {name: sum(points.values()) for name, points in before.items()} == {
        name: score for name, score in SCORES.items() if score is not None
    }


def in_sheet(course: Path) -> list[tuple[str, str, str]]:
    return [(row["student"], row["state"], row["score"]) for row in sheet(course)]


def assert_judged_anew(rows: Rows) -> None:
    """Every distinct hand-in took its time, and of two that are equal only one."""
    took = {name: row["seconds"] for name, row in rows.items()}
    assert min(took["cyd"], took["dan"], took["eve"]) > 0
    assert took["ada"] + took["bob"] > 0
    assert 0 in (took["ada"], took["bob"])


def test_one_learner_is_judged_anew_and_the_others_stay(course: Path) -> None:
    before = gradebook(course)
    rows = grade(course, "--regrade", "dan", "--resume", "--workers", "1", code=1)
    assert rows["dan"]["seconds"] > 0
    assert all(row["seconds"] == 0 for name, row in rows.items() if name != "dan")
    assert gradebook(course) == before


def test_a_gradebook_that_was_lost_is_written_again(course: Path) -> None:
    before = gradebook(course)
    (course / "gradebook.db").unlink()
    generate(course)
    rows = grade(course, "--resume", code=1)
    assert all(row["seconds"] == 0 for row in rows.values())
    assert gradebook(course) == before


def test_only_one_learner(course: Path) -> None:
    """The class's CSV, the others' grades and their notebooks stay, to the byte."""
    csv = course / f"grades-{SLUG}.csv"
    grades, before, notebooks = csv.read_bytes(), gradebook(course), written(course)
    rows = grade(course, "--only", "eve", "--workers", "1", code=0)
    assert [*rows] == ["eve"]
    assert rows["eve"]["seconds"] > 0
    assert csv.read_bytes() == grades
    assert gradebook(course) == before
    assert {name for name, when in written(course).items() if notebooks[name] != when} == {"eve"}
    resumed = grade(course, "--only", "eve", "--resume", code=0)
    assert {name: row["seconds"] for name, row in resumed.items()} == {"eve": 0}
    assert csv.read_bytes() == grades


def written(course: Path) -> dict[str, int]:
    """Learner -> when their graded notebook was written, in nanoseconds."""
    there = course.glob(f"autograded/*/{SLUG}/{SLUG}.ipynb")
    return {path.parent.parent.name: path.stat().st_mtime_ns for path in there}


def test_a_second_batch_judges_anew(course: Path) -> None:
    before = gradebook(course)
    rows = grade(course, code=1)
    assert_judged_anew(rows)
    assert in_sheet(course) == told(rows)
    assert {name: row["score"] for name, row in rows.items()} == SCORES
    assert gradebook(course) == before
