"""`./course verify` finds what is wrong with an assignment, and says which file or cell it is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from autograder import places, verify
from autograder.cli.verify import as_table
from autograder.exercises import EXERCISES, find_exercise
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT
from autograder.verify import Case, Finding, criteria, freshness, solved, stub

SLUG = "step-3-pin-and-split"
NOTEBOOK = f"{SLUG}/{SLUG}.ipynb"


def copied(slug: str, folder: Path) -> Case:
    """One of the course's assignments in a copy that a test may spoil."""
    project = folder / "project"
    for tree in ("source", "release"):
        shutil.copytree(places.project() / tree / slug, project / tree / slug)
    shutil.copy(places.project() / "nbgrader_config.py", project)
    return Case(find_exercise(slug), project, folder / "proof", {})


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """The assignment that has the most cells."""
    return copied(SLUG, tmp_path)


def edit(notebook: Path, change: Callable[[list[dict[str, object]]], None]) -> None:
    told = json.loads(notebook.read_text())
    change(told["cells"])
    notebook.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("slug", EXERCISES)
def test_the_course_s_own_criteria_are_the_exercise_s(slug: str, tmp_path: Path) -> None:
    assert criteria(copied(slug, tmp_path)) == ""


def test_a_cell_that_is_missing_is_found(case: Case) -> None:
    edit(case.project / "source" / NOTEBOOK, lambda cells: cells.pop(-2))
    assert "the exercise says" in criteria(case)


@pytest.mark.roundtrip
def test_release_is_what_an_untidy_source_makes(case: Case) -> None:
    assert freshness(case) == ""


@pytest.mark.roundtrip
def test_a_release_that_is_stale_or_untidy_is_found(case: Case) -> None:
    release = case.project / "release" / SLUG
    (release / "Dockerfile").write_text("FROM python:3.11\n")
    (release / "pyproject.toml").unlink()
    edit(release / f"{SLUG}.ipynb", lambda cells: cells.reverse())
    assert freshness(case) == (
        "release/ holds what source/ does not make: Dockerfile; release/ lacks: pyproject.toml; "
        f"release/ is out of date: {SLUG}.ipynb"
    )


def executed(error: str, shown: str = "") -> NotebookNode:
    """A notebook of one graded cell, as it comes back from a kernel."""
    data = v4.new_output("display_data", {"text/plain": shown})
    output = v4.new_output("error", ename="CheckFailed", evalue=error, traceback=[error])
    grade = {"grade": True, "grade_id": "poetry-pinned", "points": 2, "solution": False}
    cell = v4.new_code_cell(outputs=[data, *([output] if error else [])])
    cell.metadata = NotebookNode(nbgrader=NotebookNode(grade))
    return v4.new_notebook(cells=[cell])


@pytest.mark.parametrize(
    ("error", "shown", "problem"),
    [
        (NOT_BUILT, NO_DOCKERFILE, ""),
        ("", NO_DOCKERFILE, f"poetry-pinned does not say: {NOT_BUILT}"),
        ("NameError", NO_DOCKERFILE, f"poetry-pinned does not say: {NOT_BUILT}"),
        (NOT_BUILT, "", f"the build cell does not say: {NO_DOCKERFILE}"),
    ],
)
def test_a_stub_must_fail_for_the_right_reason(
    case: Case, monkeypatch: pytest.MonkeyPatch, error: str, shown: str, problem: str
) -> None:
    monkeypatch.setattr(verify, "run", lambda *_: executed(error, shown))
    assert stub(case) == problem


def test_a_solution_must_get_full_marks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "run", lambda *_: executed("seen: Poetry 2.5.1"))
    assert solved(case) == "poetry-pinned gets 0 of 2: seen: Poetry 2.5.1"
    monkeypatch.setattr(verify, "run", lambda *_: executed(""))
    assert solved(case) == ""


def test_the_table_has_a_row_for_each_proof() -> None:
    rows = [Finding(SLUG, "the stub fails", "", 1.0), Finding(SLUG, "solved", "no [points]", 2.0)]
    cells = [list(column.cells) for column in as_table(rows).columns]
    assert cells[2] == ["[green]yes[/]", r"[red]no: no \[points][/]"]
