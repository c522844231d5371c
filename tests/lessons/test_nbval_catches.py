"""nbval fails on a lesson whose verdicts or layers are others than the notebook says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.places import project
from autograder.ready import Ready

LESSON = project() / "notebooks" / "step-3-pin-and-split.ipynb"
SANITIZE = project() / "tests" / "nbval" / "sanitize.cfg"
LAST = "split_again.layers()"


@pytest.fixture
def lesson() -> nbformat.NotebookNode:
    """The lesson up to the picture of the split image: what costs four builds and no more."""
    notebook = nbformat.read(LESSON, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    sources = [cell.source for cell in code]
    notebook.cells = [*code[: sources.index(LAST) + 1], code[-1]]
    notebook.cells[-1].outputs[0].text = "removed 4 images and the folder\n"
    return notebook


def failed_cells(notebook: nbformat.NotebookNode, folder: Path, ready: Ready) -> set[str]:
    """The sources of the cells that nbval fails."""
    path = folder / LESSON.name
    nbformat.write(notebook, path)
    command = ["--nbval", f"--nbval-sanitize-with={SANITIZE}", "--color=no", "-q", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *command, "-p", "no:cacheprovider", f"--rootdir={folder}"],
        cwd=folder,
        env={**os.environ, **ready.environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    numbers = re.findall(r"^FAILED .*::Cell (\d+)", done.stdout, re.M)
    return {notebook.cells[int(number)].source for number in numbers}


@pytest.mark.engine
def test_a_changed_verdict_or_layer_order_fails_and_nothing_else_does(
    lesson: nbformat.NotebookNode, tmp_path: Path, ready: Ready
) -> None:
    changed = 0
    for cell in lesson.cells:
        if cell.source.startswith("shop.write") and "--no-root" in cell.source:
            # The split undone: the source comes before the install again, as many lines as before.
            cell.source = cell.source.replace("COPY poetry.lock pyproject.toml ./", "COPY . .")
            changed += 1
        if cell.source == "first":
            data = cell.outputs[0].data
            data["text/plain"] = data["text/plain"].replace("ran         COPY", "cached      COPY")
            changed += 1
    assert changed == 2
    assert failed_cells(lesson, tmp_path, ready) == {
        "first",
        "side_by_side(again, split_again)",
        "compare(split, split_again)",
        LAST,
    }
