"""An engine that fails under a command ends it in one line and exit code 3: no traceback."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.engine import find
from autograder.errors import EngineUnavailable, NotJudged

from .conftest import reply

Breaking = Callable[..., str]
Command = Callable[..., subprocess.Popen[str]]
STEP_1 = "step-1-naive"


def says_500(connection: socket.socket) -> None:
    reply(connection, "500 Internal Server Error", b'{"message": "the daemon\\nis confused"}')


def says_409(connection: socket.socket) -> None:
    reply(connection, "409 Conflict", b'{"message": "it is in use"}')


def says_garbage(connection: socket.socket) -> None:
    reply(connection, "200 OK", b"<html>not JSON</html>")


def says_nothing(connection: socket.socket) -> None:
    connection.close()


BROKEN = [says_500, says_409, says_garbage, says_nothing]
COMMANDS = [
    ["start", "--no-browser", "--yes"],
    ["stop"],
    ["clean", "--yes"],
    ["verify"],
]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=100)
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.fixture
def _something_to_clean(home: Path) -> None:
    (home / "wheels").mkdir(parents=True)


@pytest.mark.usefixtures("_something_to_clean")
@pytest.mark.parametrize("given", [says_500, says_garbage])
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: words[0])
def test_an_engine_that_breaks_is_one_line(
    breaking: Breaking, command: Command, given: Callable[..., None], arguments: list[str]
) -> None:
    code, out, err = ended(command(breaking(given), *arguments))
    assert (code, out) == (3, "")
    lines = [line for line in err.splitlines() if line.startswith("course: ")]
    assert len(lines) == 1, err
    assert err.splitlines()[-1] == lines[0]


@pytest.mark.parametrize("given", [says_409, says_nothing])
def test_a_check_on_it_is_not_judged(
    breaking: Breaking, command: Command, given: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "hand-in"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM python:3.11\n")
    code, out, _ = ended(command(breaking(given), "check", STEP_1, folder, "--json"))
    assert code == 3
    assert json.loads(out)["score"] is None
    (seen,) = {row["seen"] for row in json.loads(out)["checks"]}
    assert "\n" not in seen


def test_doctor_names_it(breaking: Breaking, command: Command) -> None:
    code, out, _ = ended(command(breaking(says_409), "doctor"))
    assert code == 3
    assert "stopped answering" in out


@pytest.mark.usefixtures("_something_to_clean")
@pytest.mark.parametrize("arguments", [["engine", "start"], ["engine", "status"]], ids=" ".join)
def test_what_is_no_engine_is_none(
    breaking: Breaking, command: Command, arguments: list[str]
) -> None:
    code, _, _ = ended(command(breaking(says_garbage, sound=False), *arguments))
    assert code == 3


def test_something_else_that_answers_in_json_is_no_engine(breaking: Breaking) -> None:
    host = breaking(lambda connection: reply(connection, "200 OK", b"[1]"), sound=False)
    assert find.answering(host, ours=False) is None
    with pytest.raises(EngineUnavailable, match=f"engine at {host} does not answer") as caught:
        find.connect(host)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", BROKEN)
def test_cleaning_it_is_one_line(
    breaking: Breaking,
    given: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", breaking(given))
    monkeypatch.setenv("COURSE_HOME", str(home))
    with pytest.raises(NotJudged) as caught:
        find.clean(print)
    assert "\n" not in str(caught.value)
