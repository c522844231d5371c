"""The kernel that runs the locked cells may die, and then somebody must notice."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom.locked_cells import LockedCells
from autograder.errors import NotJudged
from autograder.hand_in import HandIn

DIES = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
DIES_SOON = "import os, threading, time\nthreading.Timer(1, os.abort).start()\ntime.sleep(600)"
JUDGES = "print(1 + 1)"
DIES_AS_IT_STARTS = """
import sys
from pathlib import Path
from nbformat.v4 import new_notebook
from autograder.classroom.locked_cells import LockedCells
from autograder.errors import NotJudged
from autograder.hand_in import HandIn
with LockedCells(new_notebook(), {"PYTHONHOME": "/nowhere"}, Path(sys.argv[1])) as locked:
    try:
        locked.run(HandIn({}))
    except NotJudged as error:
        print(error)
"""
LOCKED = {"nbgrader": {"grade": True, "locked": True, "solution": False, "grade_id": "a"}}


def cells(source: str, scratch: Path) -> LockedCells:
    cell = new_code_cell(source, id="a", metadata=LOCKED)
    return LockedCells(new_notebook(cells=[cell]), {}, scratch)


def test_cells_run_again_and_again(tmp_path: Path) -> None:
    with cells(JUDGES, tmp_path) as locked:
        for _ in range(2):
            assert locked.run(HandIn({}))["a"][0]["text"] == "2\n"
        (folder,) = tmp_path.iterdir()
        assert {path.name for path in folder.iterdir()} >= {"hand-in.json", "kernel.json"}
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("source", [DIES, DIES_SOON])
def test_a_kernel_that_dies_in_a_cell(source: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with cells(source, tmp_path) as locked:
        with pytest.raises(NotJudged, match="the kernel that runs the checks failed"):
            locked.run(HandIn({}))
        locked.notebook.cells[0].source = JUDGES
        assert locked.run(HandIn({}))["a"][0]["text"] == "2\n", "the next one has a new kernel"
    assert time.monotonic() - began < 60


def test_a_kernel_that_dies_as_it_starts_leaves_no_traceback_at_the_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIES_AS_IT_STARTS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith("the kernel that runs the checks failed: Kernel died before")
    assert (done.returncode, done.stderr) == (0, "")
