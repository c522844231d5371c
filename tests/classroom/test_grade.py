"""`./course grade`: a class on real engines, killed on the way and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import places
from autograder.engine.grading import stop_abandoned
from autograder.ready import Ready

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(900)]
SLUG = "step-3-pin-and-split"
REFERENCE = Path(__file__).parents[1] / "contexts" / SLUG / "reference" / "Dockerfile"
FAILS = "FROM python:3.11\nRUN false\n"
# Two right ones that are equal, one that only reads like it, two that cannot be built, one damaged.
CLASS = {
    "ada": REFERENCE.read_text(),
    "bob": REFERENCE.read_text(),
    "cyd": REFERENCE.read_text() + "# the same, but for this line\n",
    "dan": FAILS,
    "eve": None,
    "fay": "{",
}
SCORES = {"ada": 10.0, "bob": 10.0, "cyd": 10.0, "dan": 0.0, "eve": 0.0, "fay": None}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Iterator[Path]:
    """A course folder with a class in submitted/."""
    root = tmp_path_factory.mktemp("class")
    shutil.copytree(places.project() / "source" / SLUG, root / "source" / SLUG)
    shutil.copy(places.project() / "nbgrader_config.py", root)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", SLUG]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=300)
    for student, answer in CLASS.items():
        folder = root / "submitted" / student / SLUG
        shutil.copytree(root / "release" / SLUG, folder)
        path = folder / f"{SLUG}.ipynb"
        if answer == "{":
            path.write_text(answer)
        elif answer:
            notebook = nbformat.read(path, as_version=4)
            (cell,) = [c for c in notebook.cells if c.metadata.nbgrader.solution]
            cell.source = f"%%dockerfile\n{answer}"
            nbformat.write(notebook, path)
    yield root
    stop_abandoned()


def command(root: Path, *options: str) -> list[str]:
    line = [sys.executable, "-P", "-m", "autograder.cli", "grade", SLUG, "--json"]
    return [*line, "--course", str(root), *options]


def grade(root: Path, *options: str, code: int) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        command(root, *options), capture_output=True, text=True, timeout=600, env={**os.environ}
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["student"]: row for row in rows}


def gradebook(root: Path) -> dict[str, dict[str, float]]:
    """Learner -> criterion -> points."""
    with Gradebook(f"sqlite:///{root}/gradebook.db", "container-course") as book:
        return {
            submission.student_id: {g.name: g.score for g in submission.notebooks[0].grades}
            for submission in book.assignment_submissions(SLUG)
        }


def test_killed_anywhere_and_resumed_the_gradebook_is_right(course: Path) -> None:
    undisturbed = grade(course, code=1)
    assert {name: row["score"] for name, row in undisturbed.items()} == SCORES
    assert {name: row["state"] for name, row in undisturbed.items()} == {
        name: "unreadable" if score is None else "graded" for name, score in SCORES.items()
    }
    assert undisturbed["fay"]["reason"].endswith("damaged or cut off at line 1")
    assert undisturbed["ada"]["seconds"] + undisturbed["bob"]["seconds"] > 0
    assert 0 in (undisturbed["ada"]["seconds"], undisturbed["bob"]["seconds"])  # built once
    before = gradebook(course)
    assert {name: sum(points.values()) for name, points in before.items()} == {
        name: score for name, score in SCORES.items() if score is not None
    }
    (course / "gradebook.db").unlink()
    for made in ("autograded", ".grading"):
        shutil.rmtree(course / made)
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", SLUG, "--force"],
        cwd=course, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    process = subprocess.Popen(
        command(course), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    results = course / ".grading" / SLUG
    deadline = time.monotonic() + 300
    while not (results / "recorded.jsonl").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    resumed = grade(course, "--resume", code=1)
    assert {name: row["score"] for name, row in resumed.items()} == SCORES
    assert gradebook(course) == before


def test_one_learner_is_judged_anew_and_the_others_stay(course: Path) -> None:
    before = gradebook(course)
    rows = grade(course, "--regrade", "dan", "--resume", code=1)
    assert rows["dan"]["seconds"] > 0
    assert all(row["seconds"] == 0 for name, row in rows.items() if name != "dan")
    assert gradebook(course) == before


def test_a_gradebook_that_was_lost_is_written_again(course: Path) -> None:
    before = gradebook(course)
    (course / "gradebook.db").unlink()
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", SLUG, "--force"],
        cwd=course, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    rows = grade(course, "--resume", code=1)
    assert all(row["seconds"] == 0 for row in rows.values())
    assert gradebook(course) == before


def test_only_one_learner(course: Path) -> None:
    rows = grade(course, "--only", "eve", "--resume", code=0)
    assert [*rows] == ["eve"]
