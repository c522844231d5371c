"""A full disk, a gradebook that is locked or read-only, a clock that jumps: nothing is lost."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from autograder.engine.grading import stop_abandoned
from autograder.ready import Ready

from .course_folder import (
    SLUG,
    Rows,
    command,
    grade,
    gradebook,
    make_course,
    rows_of,
    submit,
)

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(600)]
CLASS = {"ada": "FROM python:3.11-slim\n", "bob": "FROM python:3.11\nRUN false\n", "cyd": None}
ONE = ("--workers", "1")  # whose engine and kernel are all that so small a class needs
POINTS = [("graded", 1), ("graded", 0), ("graded", 0)]


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with the class in submitted/."""
    root = tmp_path_factory.mktemp("handed-in")
    make_course(root)
    submit(root, CLASS)
    return root


@pytest.fixture(scope="module")
def graded(
    tmp_path_factory: pytest.TempPathFactory, handed_in: Path, ready: Ready
) -> Iterator[Path]:
    """A copy of it whose class was graded."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(handed_in, root)
    grade(root, *ONE, code=0)
    yield root
    stop_abandoned()


@pytest.fixture
def judged(handed_in: Path, graded: Path, tmp_path: Path) -> Path:
    """A copy of that in which every hand-in has its verdict, and the gradebook has none."""
    root = tmp_path / "course"
    shutil.copytree(graded, root)
    shutil.copy(handed_in / "gradebook.db", root)
    (root / ".grading" / SLUG / "recorded.jsonl").unlink()
    return root


def points(rows: Rows) -> list[tuple[str, float | None]]:
    return [(row["state"], row["score"]) for row in rows.values()]


def refused(root: Path) -> Rows:
    """Grade while the gradebook cannot be written: every row says so, and none has a score."""
    rows = grade(root, "--resume", *ONE, code=3)
    assert points(rows) == [("not_judged", None)] * len(CLASS)
    assert all("could not be written" in row["reason"] for row in rows.values()), rows
    return rows


@contextmanager
def mounted(*options: str, on: Path) -> Iterator[None]:
    subprocess.run(["mount", *options, str(on)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(on)], check=True)


def test_a_locked_gradebook(judged: Path, graded: Path) -> None:
    with closing(sqlite3.connect(judged / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = subprocess.run(
            command(judged, "--resume", *ONE), capture_output=True, text=True, timeout=300
        )
    assert (done.returncode, done.stdout) == (3, "")  # before anything is built
    assert "does not answer: database is locked" in done.stderr
    assert "Traceback" not in done.stderr
    assert points(grade(judged, "--resume", *ONE, code=0)) == [
        ("graded", 1),
        ("graded", 0),
        ("graded", 0),
    ]
    assert gradebook(judged) == gradebook(graded)


def test_a_read_only_gradebook(judged: Path, graded: Path) -> None:
    book = judged / "gradebook.db"
    with mounted("--bind", str(book), on=book):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(book)], check=True)
        rows = refused(judged)
    assert "readonly" in rows["ada"]["reason"]
    grade(judged, "--resume", *ONE, code=0)
    assert gradebook(judged) == gradebook(graded)


def test_a_full_disk(handed_in: Path, graded: Path, tmp_path: Path) -> None:
    root = tmp_path / "small"
    root.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=32m", "tmpfs", on=root):
        shutil.copytree(handed_in, root, dirs_exist_ok=True)
        filler = root / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], stderr=subprocess.DEVNULL)
        done = subprocess.run(command(root, *ONE), capture_output=True, text=True, timeout=300)
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        assert "No space left on device" in done.stdout + done.stderr
        filler.unlink()
        grade(root, "--resume", *ONE, code=0)
        assert gradebook(root) == gradebook(graded)


JUMPY = """
import os, time
def jumpy(real, unit):
    def told():
        with open(os.environ["CLOCK"]) as file:
            return real() + int(file.read() or 0) * unit
    return told
time.time, time.time_ns = jumpy(time.time, 1), jumpy(time.time_ns, 10**9)
"""


def test_a_clock_that_jumps_back_and_forth(handed_in: Path, graded: Path, tmp_path: Path) -> None:
    """For all of grading's own processes; tests/evidence has what it means to the engine."""
    (tmp_path / "sitecustomize.py").write_text(JUMPY)
    clock = tmp_path / "clock"
    clock.write_text("0")
    root = tmp_path / "course"
    shutil.copytree(handed_in, root)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "CLOCK": str(clock)}
    process = subprocess.Popen(
        command(root, *ONE),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    jumps = 0
    while process.poll() is None:
        time.sleep(2)
        jumps += 1
        new = tmp_path / "new"
        new.write_text(("-200000", "40000000", "0")[jumps % 3])
        new.replace(clock)
    out, err = process.communicate()
    # A kernel that starts at such a moment may be given up: that is no verdict, and no zero.
    assert process.returncode in (0, 3), err
    assert jumps > 3
    rows = rows_of(out)
    for row, expected in zip(rows.values(), POINTS, strict=True):
        assert (row["state"], row["score"]) in (expected, ("not_judged", None))
        assert 0 <= row["seconds"] < 600
    assert points(grade(root, "--resume", *ONE, code=0)) == POINTS
    assert gradebook(root) == gradebook(graded)
