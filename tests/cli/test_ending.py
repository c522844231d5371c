"""A command that is asked to end runs what cleans up, says one word, and tells by its exit code."""

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from autograder.engine.client import RUN_LABEL
from autograder.ready import Ready

Breaking = Callable[..., str]
Command = Callable[..., subprocess.Popen[str]]
STEP_1 = "step-1-naive"
# What any command does, with something to clean up.
WAITS = """
import pathlib, sys, time
from autograder import cli
from autograder.cli import app
from typer import Typer

cli.app.app = one = Typer()

@one.command()
def wait(where: pathlib.Path) -> None:
    try:
        (where / "began").touch()
        time.sleep(60)
    finally:
        time.sleep(0.5)
        print("cleaning up", file=sys.stderr, flush=True)
        (where / "cleaned").touch()

cli.main()
"""


def waiting(where: Path, *before: str, **streams: int) -> subprocess.Popen[str]:
    """A command that has begun."""
    command = [*before, sys.executable, "-c", WAITS, str(where)]
    process = subprocess.Popen(  # type: ignore[call-overload]
        command, text=True, preexec_fn=_as_at_a_terminal, **streams
    )
    until(lambda: (where / "began").exists())
    assert isinstance(process, subprocess.Popen)
    return process


def _as_at_a_terminal() -> None:
    """What runs the tests may ignore these, and who is started would too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_command_that_is_asked_to_end_cleans_up(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    process = waiting(tmp_path, stderr=subprocess.PIPE)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err.strip().splitlines() == ["cleaning up", "course: interrupted"]
    assert (tmp_path / "cleaned").exists()


@pytest.mark.parametrize(
    ("first", "then", "code"),
    [
        (signal.SIGTERM, signal.SIGHUP, 143),
        (signal.SIGINT, signal.SIGHUP, 130),
        (signal.SIGINT, signal.SIGTERM, 130),
    ],
)
def test_asked_again_it_still_cleans_up(
    first: signal.Signals, then: signal.Signals, code: int, tmp_path: Path
) -> None:
    """A desktop that shuts down sends one, and the terminal that it closes the other."""
    process = waiting(tmp_path, stderr=subprocess.DEVNULL)
    process.send_signal(first)
    time.sleep(0.2)
    process.send_signal(then)
    assert process.wait(30) == code
    assert (tmp_path / "cleaned").exists()


def test_under_nohup_a_closed_terminal_ends_nothing(tmp_path: Path) -> None:
    process = waiting(tmp_path, "nohup", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    assert process.wait(30) == 143


def test_a_terminal_that_is_gone_does_not_stop_the_cleaning(tmp_path: Path) -> None:
    """What is said meanwhile cannot be written."""
    ours, theirs = pty.openpty()
    process = waiting(tmp_path, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 129
    assert (tmp_path / "cleaned").exists()


def test_a_check_ends_while_the_engine_says_nothing(
    breaking: Breaking, command: Command, tmp_path: Path
) -> None:
    asked = threading.Event()

    def silent(connection: socket.socket) -> None:
        asked.set()
        with suppress(OSError):
            connection.recv(1)

    folder = tmp_path / "hand-in"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM python:3.11\n")
    process = command(breaking(silent), "check", STEP_1, folder)
    assert asked.wait(60), process.communicate()
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip().splitlines()[-1]) == (143, "course: interrupted")


@pytest.mark.engine
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_check_that_is_asked_to_end_leaves_nothing(
    number: signal.Signals, ready: Ready, engine_client: docker.DockerClient, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text('FROM python:3.11\nCOPY . .\nCMD ["sleep", "600"]\n')
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "autograder.cli", "check", STEP_1, tmp_path],
        env={**os.environ, **ready.environment},
        stdout=subprocess.DEVNULL,
        preexec_fn=_as_at_a_terminal,
    )

    def left() -> dict[str, list[str]]:
        """What the process has on the engine, by its id in the label."""
        api, named = engine_client.api, {"label": RUN_LABEL}
        kinds = {
            "images": api.images(filters=named),
            "containers": api.containers(all=True, filters=named),
            "networks": api.networks(filters=named),
        }
        mark = f"-{process.pid}-"
        return {
            kind: [row["Id"] for row in rows if mark in row["Labels"].get(RUN_LABEL, "")]
            for kind, rows in kinds.items()
        }

    until(lambda: all(left().values()))  # its app is being asked, in vain
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert not any(left().values()), left()
