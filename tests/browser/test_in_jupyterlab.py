"""What a learner sees in the exercise's notebook, and that it is what the command says."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from autograder import places
from autograder.exercises import find_exercise
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT

if TYPE_CHECKING:
    from tests.browser.conftest import Screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

SLUG = "step-3-pin-and-split"
CRITERIA = [criterion.id for criterion in find_exercise(SLUG).criteria]
HAND_INS = places.project() / "tests/contexts" / SLUG
REFERENCE = (HAND_INS / "reference/Dockerfile").read_text().strip() + "\n"
UNPINNED = (HAND_INS / "split-not-pinned/Dockerfile").read_text()
# Of Python's own, of the SDK's or of ours: what a learner has no use for.
INSIDES = re.compile(r"Traceback|site-packages/(?:docker|autograder)|\.py:\d+|Error:|Cell In\[")


@pytest.fixture
def work(course: Path) -> Callable[[str], str]:
    """Puts the released assignment into a folder of the test's own; the notebook's path."""

    def copy(name: str) -> str:
        shutil.copytree(course / "release" / SLUG, course / name)
        return f"{name}/{SLUG}.ipynb"

    return copy


def check(folder: Path) -> list[dict[str, str]]:
    """What `./course check --json` says of a folder, row by row."""
    command = [Path(sys.executable).with_name("autograder"), "check", SLUG, folder, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return list(json.loads(done.stdout)["checks"])


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d s", "… s", text)


def test_a_learner_finds_the_assignment_and_no_instructors_panels(screen: "Screen") -> None:
    screen.enter()
    assert screen.menu("Nbgrader") == ["Assignment List"]
    screen.page.keyboard.press("Escape")
    screen.assignments()
    expect(screen.page.locator("#fetched_assignments_list")).to_contain_text(SLUG)
    assert screen.page.get_by_text("Formgrader").count() == 0
    plugin = "window.jupyterapp.hasPlugin('@jupyterlab/apputils-extension:announcements')"
    assert screen.page.evaluate(plugin) is False
    assert screen.page.locator(".Toastify__toast").count() == 0


def test_an_untouched_notebook_says_what_is_missing(
    screen: "Screen", work: Callable[[str], str]
) -> None:
    screen.enter()
    screen.open(work("untouched"))
    assert screen.run("prepare") == ""
    assert screen.run("dockerfile").startswith("This cell holds no instruction yet")
    assert NO_DOCKERFILE in screen.run("build")
    assert [screen.run(name) for name in ("look", *CRITERIA)] == [NOT_BUILT] * 7
    said = screen.validate()
    assert said.startswith("Validation Results The following cell failed: The build cell.")
    assert NO_DOCKERFILE in said
    assert said.count("The following cell failed") == 1
    assert not INSIDES.search(said)


def test_an_unpinned_poetry_is_explained(screen: "Screen", work: Callable[[str], str]) -> None:
    screen.enter()
    screen.open(work("unpinned"))
    screen.run("prepare")
    assert screen.write("dockerfile", f"%%dockerfile\n{UNPINNED}".rstrip()) == "Dockerfile written."
    assert "RUN pip install poetry" in screen.run("build")
    said = screen.run("poetry-pinned")
    assert re.match(r"seen: Poetry 2\.\S+ installed the dependencies", said)
    assert "(Dockerfile line 2)" in said
    assert "try next: name one exact version of Poetry" in said
    assert not INSIDES.search(said)
    screen.picture("unpinned", first="poetry-pinned")
    assert screen.run("base-image-pinned").startswith("passed: ")


def test_the_reference_gets_full_marks_and_the_verdict_of_the_command(
    screen: "Screen", work: Callable[[str], str], course: Path
) -> None:
    notebook = work("reference")
    screen.enter()
    screen.open(notebook)
    screen.run("prepare")
    screen.write("dockerfile", f"%%dockerfile\n{REFERENCE}".rstrip())
    assert (course / "reference/Dockerfile").read_text() == REFERENCE
    screen.command("notebook:run-all-cells")
    kinds = {(output["output_type"], output.get("name")) for output in screen.outputs()}
    assert kinds == {("stream", "stdout"), ("display_data", None)}
    assert "RUN pip install poetry==1.7.0" in screen.said("look")

    rows = check(course / "reference")
    assert [row["outcome"] for row in rows] == ["passed"] * 6
    assert sum(int(row["points"]) for row in rows) == 10
    verdicts = {row["id"]: without_times(f"passed: {row['seen']}") for row in rows}
    assert {name: without_times(screen.said(name)) for name in CRITERIA} == verdicts

    before = screen.readable()
    for theme in ("Dark", "Light"):
        screen.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        screen.picture(f"reference-{theme.lower()}", first="answer-text")
    screen.command("application:toggle-left-area")
    screen.page.set_viewport_size({"width": 1000, "height": 1540})
    screen.picture("step-3-in-jupyterlab", first="build")  # docs/images has one
    screen.open_again(notebook)
    assert screen.readable() == before
