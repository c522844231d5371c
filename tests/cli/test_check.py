"""`./course check`, run as a person or a script runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.cli.check import show
from autograder.exercises import EXERCISES, find_exercise
from autograder.grading import Report, Row
from autograder.outcome import failed, passed

Done = subprocess.CompletedProcess[str]
Check = Callable[..., Done]
STEP_3 = "step-3-pin-and-split"
CONTEXTS = Path(__file__).parents[1] / "contexts" / STEP_3
RUN_LABEL = "org.container-course.run"
NOWHERE = {"DOCKER_HOST": "unix:///nonexistent"}
CHECKS = [criterion.id for criterion in find_exercise(STEP_3).criteria]


@pytest.fixture
def check() -> Check:
    """Runs `check` in a process of its own."""

    def run(*arguments: str | Path, env: Mapping[str, str] = NOWHERE) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "autograder.cli", "check", *arguments],
            env={**os.environ, "COLUMNS": "200", **env},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def bad(done: Done) -> str:
    """The one line of a command that could not use what it was given."""
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("course: ")
    assert "Traceback" not in line
    return line


def hand_in(folder: Path, dockerfile: str | bytes = "FROM python:3.11\n") -> Path:
    data = dockerfile.encode() if isinstance(dockerfile, str) else dockerfile
    (folder / "Dockerfile").write_bytes(data)
    return folder


@pytest.mark.parametrize(
    ("dockerfile", "wanted"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("# nothing yet\n", "is empty"),
        (
            "FROM python:3.11\n\nRUNN pip install x\n",
            "line 3: RUNN is not a Dockerfile instruction",
        ),
        ("RUN x\n", "line 1: RUN stands before any FROM"),
        ("FROM python:3.11\nCOPY <<EOF /x\n", "line 2: the heredoc <<EOF never ends"),
        ("FROM python:3.11\n\x1b[31mRUN x\n", "line 2"),
        (b"\xff\xfeF\x00R\x00", "is not text in UTF-8"),
        (b"FROM a\n" + b"#\n" * 600_000, "Dockerfile is larger than 1 MB"),
    ],
)
def test_a_dockerfile_that_cannot_be_used(
    check: Check, tmp_path: Path, dockerfile: str | bytes, wanted: str
) -> None:
    line = bad(check(STEP_3, hand_in(tmp_path, dockerfile)))
    assert wanted in line
    assert line.isprintable()


def test_a_folder_that_cannot_be_used(check: Check, tmp_path: Path) -> None:
    assert f"there is no Dockerfile in {tmp_path}" in bad(check(STEP_3, tmp_path))
    assert "none is not a folder" in bad(check(STEP_3, tmp_path / "none"))
    assert "Dockerfile is not a folder" in bad(check(STEP_3, hand_in(tmp_path) / "Dockerfile"))
    assert "File name too long" in bad(check(STEP_3, "x" * 300))


def test_companions_that_cannot_be_used(check: Check, tmp_path: Path) -> None:
    hand_in(tmp_path)
    odd = tmp_path / "a\nb\x1b[31m"
    odd.symlink_to("/etc/passwd")
    line = bad(check(STEP_3, tmp_path, "--json"))
    assert "is a link that leads out of the folder" in line
    assert line.isprintable()
    odd.unlink()
    odd.symlink_to("/etc")
    assert "is a link to a folder" in bad(check(STEP_3, tmp_path))
    odd.unlink()
    odd.write_bytes(b"x" * 1_000_001)
    assert "is larger than 1 MB" in bad(check(STEP_3, tmp_path))
    odd.unlink()
    os.mkfifo(odd)
    assert "is not a regular file" in bad(check(STEP_3, tmp_path))


@pytest.mark.parametrize("slug", ["step-9", "", "../step-3-pin-and-split", "\udcff\x1b[31m"])
def test_an_unknown_exercise_names_those_there_are(check: Check, tmp_path: Path, slug: str) -> None:
    line = bad(check(slug, hand_in(tmp_path)))
    assert "there is no exercise" in line
    assert all(name in line for name in EXERCISES)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--what"], "No such option: --what"),
        ([STEP_3], "Missing argument"),
        ([STEP_3, ".", "more"], "unexpected extra argument"),
        ([STEP_3, ".", "--json=yes"], "--json"),
        ([STEP_3, ".", "--hints"], "--hints"),
        ([STEP_3, ".", "--hints", "4"], "--hints"),
        ([STEP_3, ".", "--hints", "-1"], "--hints"),
        ([STEP_3, ".", "--hints", "two"], "--hints"),
    ],
)
def test_garbage_options(check: Check, arguments: list[str], wanted: str) -> None:
    assert wanted in bad(check(*arguments))


def test_no_engine_is_not_judged_and_no_zero(check: Check, tmp_path: Path) -> None:
    done = check(STEP_3, hand_in(tmp_path), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["score"], told["max_score"]) == (3, None, 10)
    assert [row["id"] for row in told["checks"]] == CHECKS
    assert {row["outcome"] for row in told["checks"]} == {"not_judged"}
    assert {row["points"] for row in told["checks"]} == {0}
    assert "unix:///nonexistent" in told["checks"][0]["seen"]
    assert "Traceback" not in done.stderr


def test_no_engine_for_a_person(check: Check, tmp_path: Path) -> None:
    done = check(STEP_3, hand_in(tmp_path))
    assert done.returncode == 3
    assert "not judged" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


WRONG = failed(seen="no", try_next="do", hints=("look [here]", "think", "nearly"))


@pytest.mark.parametrize("number", range(4))
def test_hints_stand_below_the_table(capsys: pytest.CaptureFixture[str], number: int) -> None:
    show(Report("e", (Row("a", WRONG, 2), Row("b", passed(seen="yes"), 3))), number)
    _, _, below = capsys.readouterr().out.rpartition("┘")
    wanted = ["a", "hint 1: look [here]", "hint 2: think", "hint 3: nearly"]
    assert below.split("\n") == ["", *wanted[: number + 1 if number else 0], ""]


def test_hints_for_a_build_that_failed_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    show(Report("e", (Row("a", WRONG, 2), Row("b", WRONG, 3))), 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["e: 0 of 5 points: no", "do", "hint 1: look [here]"]
