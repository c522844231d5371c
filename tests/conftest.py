"""What every test may use."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder import places

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A course home of the test's own, with nothing in it."""
    return tmp_path / "home"


@pytest.fixture
def course(home: Path, tmp_path: Path) -> Callable[..., Done]:
    """Runs `./course` as a person would, from a folder that is not the repository."""

    def run(
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        cwd: Path = tmp_path,
    ) -> Done:
        variables = {**os.environ, "COURSE_HOME": str(home), "COLUMNS": "200", **(env or {})}
        return subprocess.run(
            [places.project() / "course", *arguments],
            env=variables,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def one_clear_line() -> Callable[[Done], str]:
    """Returns the only line on stderr, after proving that there is no other."""

    def read(done: Done) -> str:
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("course: ")
        return lines[0]

    return read
