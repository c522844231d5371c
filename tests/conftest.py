"""What every test may use."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import docker
import pytest

from autograder import places
from autograder.engine.find import connect
from autograder.engine.own import compat_engines
from autograder.ready import Ready, make_ready

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def ready() -> Ready:
    """The engine that the course would use here, with base images and index. Never a skip."""
    return make_ready(print, yes=True)


@pytest.fixture(scope="session")
def engine_client(ready: Ready) -> docker.DockerClient:
    """A docker SDK client of that engine."""
    return connect(ready.engine.host)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the engines that tests of other versions started, once all workers are done."""
    if os.environ.get("PYTEST_XDIST_WORKER") is None:
        for name, engine in compat_engines().items():
            if name != "own-26.1" and engine.is_running():
                engine.stop()


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
