"""A course folder with a class in it, graded by the command as an instructor would."""

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook

from autograder import places

SLUG = "step-3-pin-and-split"
Rows = dict[str, dict[str, Any]]
COUNT = """
SELECT submission.student_id, COUNT(DISTINCT notebook.id), COUNT(grade.id)
FROM submitted_assignment AS submission
JOIN submitted_notebook AS notebook ON notebook.assignment_id = submission.id
LEFT JOIN grade ON grade.notebook_id = notebook.id
GROUP BY submission.student_id
"""


def make_course(root: Path) -> None:
    """The course's own source and settings, and the assignment generated from them."""
    shutil.copytree(places.project() / "source" / SLUG, root / "source" / SLUG)
    shutil.copy(places.project() / "nbgrader_config.py", root)
    generate(root)


def generate(root: Path, *options: str) -> None:
    """Generate the assignment; a gradebook that is not there is made."""
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", SLUG, "--force", *options]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=300)


def submit(root: Path, answers: Mapping[str, str | None]) -> None:
    """A submission for each learner: with a Dockerfile, untouched for None, damaged for `{`."""
    for student, answer in answers.items():
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


def command(root: Path, *options: str) -> list[str]:
    line = [sys.executable, "-P", "-m", "autograder.cli", "grade", SLUG, "--json"]
    return [*line, "--course", str(root), *options]


def grade(root: Path, *options: str, code: int) -> Rows:
    """What `./course grade --json` says of each learner; it must end with this exit code."""
    done = subprocess.run(
        command(root, *options), capture_output=True, text=True, timeout=600, env={**os.environ}
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return rows_of(done.stdout)


def rows_of(stdout: str) -> Rows:
    rows = [json.loads(line) for line in stdout.splitlines()]
    return {row["student"]: row for row in rows}


def gradebook(root: Path) -> dict[str, dict[str, float]]:
    """Learner -> criterion -> points."""
    with Gradebook(f"sqlite:///{root}/gradebook.db", "container-course") as book:
        return {
            submission.student_id: {g.name: g.score for g in submission.notebooks[0].grades}
            for submission in book.assignment_submissions(SLUG)
        }


def counted(root: Path) -> dict[str, tuple[int, int]]:
    """Learner -> how many notebooks and how many grades the gradebook has, by its own tables."""
    with closing(sqlite3.connect(root / "gradebook.db")) as book:
        return {student: (notebooks, grades) for student, notebooks, grades in book.execute(COUNT)}


def sheet(root: Path) -> list[dict[str, str]]:
    """The rows of the class's CSV, without the seconds, which no two batches share."""
    with (root / f"grades-{SLUG}.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    return [{name: row[name] for name in row if name != "seconds"} for row in rows]


def told(rows: Rows) -> list[tuple[str, str, str]]:
    """Learner, state and score of each row, as the CSV has them."""
    return [
        (name, row["state"], "" if row["score"] is None else str(row["score"]))
        for name, row in sorted(rows.items())
    ]
