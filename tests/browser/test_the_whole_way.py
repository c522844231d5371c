"""The way of a learner through every step: welcome page, lesson, exercise, hand-in."""

import getpass
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect

from autograder import places
from autograder.cli.assignments import nbgrader
from autograder.exercises import EXERCISES, Exercise

if TYPE_CHECKING:
    from tests.browser.conftest import Screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

GRADING = 300_000  # milliseconds: an engine of its own starts, and builds everything anew
INSIDES = re.compile(r"Traceback|site-packages/|Cell In\[")
WELCOME = ".jp-MarkdownViewer .jp-RenderedMarkdown"
OUTPUT = ".jp-Notebook .jp-OutputArea-output"


def solution(slug: str) -> str:
    """The Dockerfile that source/ gives as the answer."""
    notebook = nbformat.read(places.project() / f"source/{slug}/{slug}.ipynb", as_version=4)
    (answer,) = [c.source for c in notebook.cells if c.metadata.nbgrader.solution]
    return "\n".join(row for row in answer.splitlines()[1:] if "### " not in row)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_learner_goes_through_a_step(screen: "Screen", course: Path, exercise: Exercise) -> None:
    screen.welcome()
    step = screen.step(exercise.slug)
    expect(step).to_contain_text("not begun")
    both_themes(screen, f"welcome-{exercise.slug}", WELCOME)
    read_the_lesson(screen, exercise)
    do_the_exercise(screen, exercise, course)
    assert screen.validate() == "Validation Results Success! Your notebook passes all the tests. Ok"
    hand_it_in(screen, exercise, course)
    screen.page.get_by_role("tab", name="Welcome.md").click()
    expect(step).to_contain_text(f"all {exercise.max_score} of {exercise.max_score} points")
    expect(step).to_contain_text("handed in on")


def read_the_lesson(screen: "Screen", exercise: Exercise) -> None:
    """Run every cell, look at it in both themes, and find it whole on another day.

    A lesson comes with what its cells printed: that is cleared first, so that all is this run's.
    """
    screen.go_to(exercise.slug, "Lesson")
    showed = [bool(cell["outputs"]) for cell in code_cells(screen)]
    assert any(showed)
    screen.command("notebook:clear-all-cell-outputs")
    assert screen.outputs() == []
    assert {cell["execution_count"] for cell in code_cells(screen)} == {None}
    screen.command("notebook:run-all-cells")
    assert None not in {cell["execution_count"] for cell in code_cells(screen)}
    assert [bool(cell["outputs"]) for cell in code_cells(screen)] == showed
    assert [output for output in screen.outputs() if output["output_type"] == "error"] == []
    assert [output for output in screen.outputs() if output.get("name") == "stderr"] == []
    before = screen.readable()
    both_themes(screen, f"lesson-{exercise.slug}", OUTPUT)
    screen.open_again(f"notebooks/{exercise.slug}.ipynb")
    assert screen.readable() == before


def code_cells(screen: "Screen") -> list[dict[str, Any]]:
    return [cell for cell in screen.cells() if cell["cell_type"] == "code"]


def do_the_exercise(screen: "Screen", exercise: Exercise, course: Path) -> None:
    """Forget the command that starts the app, be told so, take a hint, and put it right.

    The wrong one is written in the answer cell, the right one in an editor tab.
    """
    right = solution(exercise.slug)
    wrong = "\n".join(row for row in right.splitlines() if not row.startswith("CMD"))
    screen.go_to(exercise.slug, "Exercise")
    screen.run("prepare")
    screen.write("dockerfile", f"%%dockerfile\n{wrong}")
    screen.run("build")
    said = screen.run("app-answers")
    assert said.startswith("seen: ")
    assert "try next: " in said
    assert not INSIDES.search(said)
    assert screen.try_out("hint()").startswith("hint 1 of 3: ")
    both_themes(screen, f"wrong-{exercise.slug}", OUTPUT, first="app-answers")
    (course / exercise.slug / "Dockerfile").write_text(right)
    said = screen.run("dockerfile")
    assert said.startswith("Dockerfile was changed outside this cell, so it was not overwritten.")
    assert f"-{right.splitlines()[-1]}" in said
    assert "stays as it is" in screen.write("dockerfile", "%%dockerfile\n# YOUR CODE HERE")
    screen.restart_and_run_all()
    said = " ".join(screen.said(criterion.id)[:8] for criterion in exercise.criteria)
    assert said == " ".join(["passed: "] * len(exercise.criteria))
    both_themes(screen, f"right-{exercise.slug}", OUTPUT, first="build")


def hand_it_in(screen: "Screen", exercise: Exercise, course: Path) -> None:
    """Press Submit in the Assignment List."""
    screen.assignments()
    fetched = screen.page.locator("#fetched_assignments_list .list_item")
    fetched.filter(has_text=exercise.slug).get_by_role("button", name="Submit").click()
    handed_in = screen.page.locator("#submitted_assignments_list .list_item")
    expect(handed_in.filter(has_text=exercise.slug).first).to_be_visible()
    (submission,) = course.glob(f".exchange/container-course/inbound/*+{exercise.slug}+*")
    assert (submission / "Dockerfile").read_text().strip() == solution(exercise.slug).strip()


def both_themes(screen: "Screen", name: str, where: str, first: str = "") -> None:
    """Look at what is on the screen in the dark and in the light, and let axe-core look too."""
    for theme in ("Dark", "Light"):
        screen.theme(theme)
        screen.picture(f"{name}-{theme.lower()}", first)
        assert screen.faults(where) == [], theme


@pytest.fixture
def handed_in(course: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The last step, handed in: by the walk above, or here when this test runs without it."""
    *_, slug = EXERCISES
    if not list(course.glob(f".exchange/container-course/inbound/*+{slug}+*")):
        (course / slug / "Dockerfile").write_text(solution(slug))
        monkeypatch.setattr(places, "project", lambda: course)
        nbgrader("submit", slug)
    return slug


def test_an_instructor_grades_what_was_handed_in(
    formgrader: "Screen", course: Path, handed_in: str
) -> None:
    page, who, exercise = formgrader.page, getpass.getuser(), EXERCISES[handed_in]
    press(formgrader, handed_in, "assign")
    press(formgrader, handed_in, "collect")
    page.locator("tbody tr").filter(has_text=handed_in).locator(".num-submissions a").click()
    press(formgrader, "", "autograde")
    score = page.locator("tbody tr .score")
    expect(score).to_have_text(f"{exercise.max_score} / {exercise.max_score}")
    formgrader.picture("formgrader")
    press(formgrader, "", "generate-feedback")
    # Its page is of nbgrader's making, and is looked at in a tab of its own.
    tab = page.context.new_page()
    feedback = f"files/feedback/{who}/{handed_in}/{handed_in}.html"
    tab.goto(f"{formgrader.server.base_url}{feedback}?token={formgrader.server.token}")
    most = exercise.max_score
    expect(tab.locator("body")).to_contain_text(
        re.compile(rf"Score: {most}\.0 / {most}\.0|{most} of {most} points")
    )
    assert tab.locator("body").inner_text().count("passed") >= len(exercise.criteria)
    tab.screenshot(path=formgrader.folder() / "browser-feedback.png", full_page=True)
    tab.close()


def press(formgrader: "Screen", row: str, button: str) -> None:
    """Press a button in a row of formgrader's, and read that it went well."""
    formgrader.page.locator("tbody tr").filter(has_text=row).locator(f".{button} a").click()
    dialog = formgrader.page.locator(".modal.in")
    expect(dialog).to_contain_text(re.compile("Success|Error"), timeout=GRADING)
    assert "Success" in dialog.inner_text(), dialog.inner_text()
    dialog.get_by_role("button", name="OK").click()
    formgrader.page.locator(".modal").wait_for(state="detached")
