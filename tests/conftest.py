"""What every test may use."""

import os
import socket
import subprocess
import threading
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


VERSION = b'{"Version": "26.1.5", "ApiVersion": "1.45", "Os": "linux", "Arch": "amd64"}'
FOUND_RUNNING = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked `soak` to `./course test --full`, which sets COURSE_FULL."""
    if os.environ.get("COURSE_FULL") != "1":
        config.hook.pytest_deselected(items=[item for item in items if soaks(item)])
        items[:] = [item for item in items if not soaks(item)]


def soaks(item: pytest.Item) -> bool:
    return item.get_closest_marker("soak") is not None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note which engines of other versions run already: another run of the tests uses them."""
    running = [name for name, engine in compat_engines().items() if engine.is_running()]
    session.config.stash[FOUND_RUNNING] = running


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the engines that tests of other versions started, once all workers are done."""
    ours = "engine_matrix" in session.config.getoption("markexpr")
    if ours and os.environ.get("PYTEST_XDIST_WORKER") is None:
        for name, engine in compat_engines().items():
            if name not in session.config.stash[FOUND_RUNNING] and engine.is_running():
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
        variables = {**os.environ, "COURSE_HOME": str(home), "COLUMNS": "200"}
        variables.pop("COURSE_YES", None)  # `./course test` sets it: a question must be asked here
        variables |= env or {}
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


@pytest.fixture
def fake_engine(tmp_path: Path) -> Callable[[Callable[[socket.socket], None]], str]:
    """Makes an engine whose builds fail as told, only to show how we fail. Returns its host."""

    def reply(connection: socket.socket, status: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def answer(connection: socket.socket, behave: Callable[[socket.socket], None]) -> None:
        with connection:
            asked = connection.recv(65536)
            if b"/build" in asked.partition(b"\r\n")[0]:
                behave(connection)
            elif b"/_ping" in asked:
                reply(connection, "200 OK", b"OK")
            elif b"/version" in asked:
                reply(connection, "200 OK", VERSION)
            elif b"/info" in asked:
                reply(connection, "200 OK", b'{"SystemTime": "2026-01-01T00:00:00.5Z"}')
            else:
                reply(connection, "404 Not Found", b'{"message": "there is none"}')

    def start(behave: Callable[[socket.socket], None]) -> str:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "fake.sock"))
        listener.listen(20)

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection, behave), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"unix://{tmp_path}/fake.sock"

    return start
