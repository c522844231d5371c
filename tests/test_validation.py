"""Validate tells what is wrong in a learner's words, the build first. A real kernel."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbconvert.filters import strip_ansi
from nbgrader.apps import validateapp
from nbgrader.server_extensions.validate_assignment import handlers

from autograder import places
from autograder.feedback import NO_DOCKERFILE
from autograder.ready import Ready
from autograder.validation import CourseValidator, tell_learners_first

SLUG = "step-3-pin-and-split"
ANSWER = "# YOUR CODE HERE"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A learner's copy of the assignment."""
    shutil.copytree(places.project() / "release" / SLUG, tmp_path / SLUG)
    return tmp_path / SLUG / f"{SLUG}.ipynb"


@pytest.fixture
def engine(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a kernel in the course's JupyterLab."""
    for name, value in ready.environment.items():
        monkeypatch.setenv(name, value)


def told(notebook: Path) -> list[tuple[str, str]]:
    """What Validate says failed, and why."""
    failed = CourseValidator().validate(str(notebook))["failed"]
    return [(one["source"], strip_ansi(one["raw_error"])) for one in failed]


def change(notebook: Path, name: str, source: str) -> None:
    """Write another source into one cell."""
    read = nbformat.read(notebook, as_version=4)
    (cell,) = [c for c in read.cells if c.metadata.nbgrader.grade_id == name]
    cell.source = source
    nbformat.write(read, notebook)


@pytest.mark.engine
def test_a_build_that_failed_stands_alone_and_says_why(notebook: Path, engine: None) -> None:
    ((what, why),) = told(notebook)
    assert what == "The build cell. Without an image no check can pass."
    assert NO_DOCKERFILE in why


@pytest.mark.engine
def test_a_dockerfile_cell_that_stopped_comes_first(notebook: Path, engine: None) -> None:
    change(notebook, "dockerfile", "%%dockerfile\nFROM python:3.11\n<img src=x>")
    first, then = CourseValidator().validate(str(notebook))["failed"]
    assert first["source"] == "The Dockerfile cell."
    assert "Dockerfile line 2: <img is not a Dockerfile instruction" in first["raw_error"]
    assert "→   2  <img src=x>" in first["raw_error"]
    assert then["source"].startswith("The build cell.")
    assert "<img" not in first["error"] + then["error"], "a page shows these as HTML"


def test_a_kernel_that_dies_is_told_in_one_line(notebook: Path) -> None:
    change(notebook, "dockerfile", "import os; os._exit(1)")
    assert told(notebook) == [("The notebook could not be run to its end.", "Kernel died")]


def test_nbgrader_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (validateapp, handlers):
        monkeypatch.setattr(module, "Validator", module.Validator)
    tell_learners_first()
    assert validateapp.Validator is handlers.Validator is CourseValidator
