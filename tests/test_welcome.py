"""The welcome page lists every step, with links to what is there and where the learner stands."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder import places, welcome
from autograder.exercises import EXERCISES
from autograder.learner import Standing, Verdict, note


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course whose learner has fetched every assignment, and handed in none."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "none"))
    shutil.copytree(places.project() / "notebooks", tmp_path / "notebooks")
    for slug in EXERCISES:
        shutil.copytree(places.project() / "release" / slug, tmp_path / slug)
    return tmp_path


def rows(project: Path) -> list[str]:
    """The table's rows below its head."""
    return [row for row in welcome.page(project).splitlines() if row.startswith("| ")][1:]


def test_every_step_has_a_line_with_links_minutes_and_points(project: Path) -> None:
    assert len(rows(project)) == len(EXERCISES)
    for row, (slug, exercise) in zip(rows(project), EXERCISES.items(), strict=True):
        step, teaches, lesson, own, stands = row.strip("| ").split(" | ")
        assert slug.startswith(f"step-{step}-")
        assert teaches.lower() == exercise.title.lower()
        assert lesson.startswith(f"[Lesson](notebooks/{slug}.ipynb)<br>")
        assert lesson.endswith("&nbsp;minutes")
        assert own.startswith(f"[Exercise]({slug}/{slug}.ipynb)<br>")
        assert own.endswith(f"&nbsp;minutes, {exercise.max_score}&nbsp;points")
        assert stands == "not begun"


def test_what_is_not_there_is_no_link(tmp_path: Path) -> None:
    assert "](" not in welcome.page(tmp_path)
    assert "Lesson: not there yet" in welcome.page(tmp_path)


def test_it_is_written_anew_when_it_says_something_new(project: Path) -> None:
    file = project / welcome.PAGE
    welcome.write(project)
    written = file.stat().st_mtime_ns
    welcome.write(project)
    assert file.stat().st_mtime_ns == written
    slug, exercise = next(iter(EXERCISES.items()))
    note(project / slug, b"", exercise.max_score, built=True)
    welcome.write(project)
    assert f"last build: **all** {exercise.max_score} of" in file.read_text()


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        (Standing(False, None, False, None), "not begun"),
        (Standing(True, None, False, None), "working, not built yet"),
        (Standing(True, Verdict(7, True, ""), False, None), "last build: 7 of 10 points"),
        (
            Standing(True, Verdict(7, True, ""), True, None),
            "last build: 7 of 10 points; changed since",
        ),
        (Standing(True, Verdict(0, False, ""), False, None), "last build: did not succeed"),
        (Standing(True, Verdict(None, False, ""), False, None), "last build: not judged"),
    ],
)
def test_each_state_in_words(stands: Standing, said: str) -> None:
    assert welcome.in_words(stands, 10) == said


def test_a_hand_in_is_told_in_the_time_of_this_machine() -> None:
    when = datetime(2026, 1, 3, 10, tzinfo=UTC)
    here = when.astimezone()
    said = welcome.in_words(Standing(False, None, False, when), 10)
    assert said == f"not begun<br>handed in on {here.day} January, {here:%H:%M}"
