"""What the course adds to nbgrader: no zero without a verdict, no leftovers in release/."""

from pathlib import Path

import pytest
from nbformat import NotebookNode, v4
from nbgrader.apps import api, autogradeapp
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import CheckCellMetadata, Execute
from traitlets.config import PyFileConfigLoader

from autograder import places
from autograder.classroom.converter import SafeAutograde
from autograder.exercises import find_exercise
from autograder.nbgrader_executor import StopWhenNotJudged, leave_out_leftovers, leftovers

SLUG = "step-3-pin-and-split"
OWN = [f"{SLUG}.ipynb", *find_exercise(SLUG).app_files]


def failing(text: str) -> NotebookNode:
    output = v4.new_output("error", ename="X", evalue=text, traceback=[f"\x1b[1;31m{text}\x1b[0m"])
    return v4.new_notebook(cells=[v4.new_markdown_cell(""), v4.new_code_cell(outputs=[output])])


def test_a_cell_without_a_verdict_stops_the_submission() -> None:
    with pytest.raises(NbGraderException, match=r"^not judged: the disk is full$"):
        StopWhenNotJudged().preprocess(failing("not judged: the disk is full"), {})


@pytest.mark.parametrize("text", ["seen: it was not judged: ", "NameError", ""])
def test_a_failed_cell_goes_on(text: str) -> None:
    notebook = failing(text)
    assert StopWhenNotJudged().preprocess(notebook, {}) == (notebook, {})


def fill(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_what_a_run_left_in_source_is_known(tmp_path: Path) -> None:
    left = [".ipynb_checkpoints/x", "Dockerfile", "basic_improvements/__pycache__/main.pyc"]
    fill(tmp_path / "source" / SLUG, OWN + left)
    assert leftovers(tmp_path, SLUG) == left


def test_only_the_assignments_own_files_stay_in_release(tmp_path: Path) -> None:
    release = tmp_path / "release" / SLUG
    fill(release, [*OWN, "Dockerfile", "a/b/c.txt", ".env"])
    leave_out_leftovers(tmp_path)(assignment=SLUG, student=".", notebooks=[])
    assert sorted(p.relative_to(release).as_posix() for p in release.rglob("*")) == sorted(
        [*OWN, "basic_improvements"]
    )


def test_another_assignment_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path / "release" / "homework", ["Dockerfile"])
    leave_out_leftovers(tmp_path)(assignment="homework", student=".", notebooks=[])
    assert (tmp_path / "release" / "homework" / "Dockerfile").exists()


def test_the_settings_run_no_cell_and_add_one_step_to_nbgraders_own() -> None:
    config = PyFileConfigLoader("nbgrader_config.py", str(places.project())).load_config()
    steps = config.Autograde.autograde_preprocessors
    execute, *others = Autograde().autograde_preprocessors
    assert execute is Execute
    # What proves the metadata proves the course's own notebook here.
    others.remove(CheckCellMetadata)
    assert steps == [StopWhenNotJudged, *others]
    assert autogradeapp.Autograde is api.Autograde is SafeAutograde
    assert "Dockerfile" in config.Autograde.exclude_overwriting[SLUG]
    assert "Dockerfile" not in config.CourseDirectory.ignore
