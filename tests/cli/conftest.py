"""An engine that breaks, only to show how commands fail, and commands run as a person does."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

Answer = Callable[[socket.socket], None]
SOUND = {
    b"/_ping": b"OK",
    b"/version": b'{"Version":"26.1.5","ApiVersion":"1.45","Os":"linux","Arch":"amd64"}',
}


def reply(connection: socket.socket, status: str, body: bytes) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.fixture
def breaking(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes an engine that tells its version, if it is `sound`, and answers the rest as given.

    Returns its host.
    """
    listener = socket.socket(socket.AF_UNIX)

    def answer(connection: socket.socket, given: Answer, sound: bool) -> None:
        with connection, suppress(OSError):
            asked = connection.recv(65536).partition(b"\r\n")[0]
            known = next((SOUND[path] for path in SOUND if path in asked), None)
            if sound and known is not None:
                reply(connection, "200 OK", known)
            else:
                given(connection)

    def accept(given: Answer, sound: bool) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                connection, _ = listener.accept()
                threading.Thread(
                    target=answer, args=(connection, given, sound), daemon=True
                ).start()

    def start(given: Answer, *, sound: bool = True) -> str:
        listener.bind(str(tmp_path / "breaking.sock"))
        listener.listen(20)
        threading.Thread(target=accept, args=(given, sound), daemon=True).start()
        return f"unix://{tmp_path}/breaking.sock"

    yield start
    listener.close()


@pytest.fixture
def command(home: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command on an engine, with a home of the test's own."""

    def run(host: str, *arguments: str | Path) -> subprocess.Popen[str]:
        variables = {**os.environ, "COURSE_HOME": str(home), "COLUMNS": "200", "DOCKER_HOST": host}
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "autograder.cli", *arguments],
            env=variables,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run
