"""Podman in Docker's place is named in one line, whatever the command, and nothing is judged."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from autograder.engine import find
from autograder.engine.podman import NotDocker, refuse_podman

CONTEXTS = Path(__file__).parents[1] / "contexts" / "step-3-pin-and-split"
VERSION = {
    "Platform": {"Name": "linux/amd64/debian-13"},
    "Components": [{"Name": "Podman Engine", "Version": "5.4.2"}],
    "Version": "5.4.2",
    "ApiVersion": "1.41",
    "Arch": "amd64",
}
"""What matters of podman 5.4's own answer to /version."""


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[str]:
    """A socket that answers as podman's does to whatever asks what it is."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "podman.sock"))
    listener.listen(20)

    def answer(connection: socket.socket) -> None:
        body = json.dumps(VERSION).encode()
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        with connection, suppress(OSError):  # some only look whether a socket opens
            connection.recv(65536)
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            answer(connection)

    threading.Thread(target=accept, daemon=True).start()
    yield f"unix://{tmp_path}/podman.sock"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def alone(podman: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A machine where nothing but podman answers, at the default socket."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(find, "_context_host", lambda: None)
    monkeypatch.setattr(find, "DEFAULT_HOST", podman)
    return podman


def course(podman: str, home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    variables = {"DOCKER_HOST": podman, "COURSE_HOME": str(home), "COLUMNS": "400"}
    return subprocess.run(
        [sys.executable, "-m", "autograder.cli", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_check_judges_nothing(podman: str, home: Path) -> None:
    done = course(podman, home, "check", CONTEXTS.name, CONTEXTS / "reference", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["score"], done.stderr) == (3, None, "")
    assert {row["outcome"] for row in report["checks"]} == {"not_judged"}
    (seen,) = {row["seen"] for row in report["checks"]}
    assert seen.startswith(f"podman 5.4.2 answers at {podman}, and the course judges on Docker")
    assert seen.endswith("unset DOCKER_HOST, or let it name a Docker engine")


def test_start_ends_in_one_line(podman: str, home: Path) -> None:
    done = course(podman, home, "start", "--no-browser")
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (3, "")
    assert line.startswith(f"course: podman 5.4.2 answers at {podman}")


def test_doctor_names_it(podman: str, home: Path) -> None:
    done = course(podman, home, "doctor")
    (row,) = (line for line in done.stdout.splitlines() if "podman" in line)
    assert done.returncode == 3
    assert "Docker engine" in row
    assert "unset DOCKER_HOST" in row


def test_at_the_default_socket_the_line_says_start_docker(alone: str) -> None:
    with pytest.raises(NotDocker, match="start Docker, and let DOCKER_HOST name its socket"):
        find.find_engine(print, yes=True)


def test_an_engine_behind_it_is_found(alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own engine may run beside somebody's podman."""
    behind = find.FoundEngine("unix:///ours", True, "26.1.5", "amd64")
    ask = find.answering

    def answering(host: str, *, ours: bool) -> find.FoundEngine | None:
        return ask(host, ours=ours) if host == alone else behind

    monkeypatch.setattr(find, "answering", answering)
    assert find.running_engine() == behind


def test_clean_is_not_stopped_by_it(alone: str, home: Path) -> None:
    (home / "engine").mkdir(parents=True)
    find.clean(print)
    assert not (home / "engine").exists()


@pytest.mark.parametrize(
    "version", [{}, {"Components": None}, {"Components": [{"Name": "Engine"}]}]
)
def test_docker_is_not_taken_for_podman(version: dict[str, object]) -> None:
    refuse_podman("unix:///here", version)
