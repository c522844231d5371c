"""Whatever is typed, one clear line and an honest exit code; never a traceback."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_group

from autograder.cli.app import app

Done = subprocess.CompletedProcess[str]
Course = Callable[..., Done]
NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["start", "--port", "many"], "--port"),
        (["start", "--port", "70000"], "--port"),
        (["check"], "Missing argument"),
        (["check", "--what"], "No such option: --what"),
        (["engine", "explode"], "No such command 'explode'"),
        (["stop", "everything"], "unexpected extra argument"),
        (["\udcff\x1b[31m"], "No such command"),
    ],
)
def test_garbage_is_bad_input(
    course: Course, one_clear_line: Callable[[Done], str], arguments: list[str], wanted: str
) -> None:
    done = course(*arguments)
    assert done.returncode == 2
    assert wanted in one_clear_line(done)
    assert done.stdout == ""


def test_help_names_every_command(course: Course) -> None:
    done = course("--help")
    assert (done.returncode, done.stderr) == (0, "")
    commands = get_group(app).commands
    assert {"start", "grade", "bench", "engine"} <= commands.keys()
    for name in commands:
        assert f"│ {name} " in done.stdout


def test_alone_it_shows_its_help(course: Course) -> None:
    done = course()
    assert done.returncode == 2
    assert "Usage: ./course" in done.stdout


def test_a_docker_py_in_the_folder_is_not_imported(course: Course, tmp_path: Path) -> None:
    for name in ("docker", "typer", "autograder"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    assert course("engine", "status", cwd=tmp_path, env=NOWHERE).returncode == 3


def test_no_engine_where_docker_host_points(
    course: Course, one_clear_line: Callable[[Done], str]
) -> None:
    done = course("start", "--no-browser", "--yes", env=NOWHERE)
    assert done.returncode == 3
    assert "DOCKER_HOST is unix:///nowhere/docker.sock" in one_clear_line(done)


def test_an_engine_is_not_made_without_consent(
    course: Course, one_clear_line: Callable[[Done], str]
) -> None:
    quiet = {"DOCKER_HOST": "", "COURSE_YES": "", "DOCKER_CONFIG": "/nowhere"}
    done = course("engine", "start", env=quiet)
    assert done.returncode == 3
    assert "engine" in one_clear_line(done).lower()


def test_a_home_that_cannot_be_written_is_named(course: Course, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    within = str(tmp_path / "file" / "home")
    done = course("engine", "start", "--yes", env={"DOCKER_HOST": "", "COURSE_HOME": within})
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("course: ")
    assert "Traceback" not in done.stderr
    assert within in done.stderr or os.geteuid() != 0


def test_stop_with_nothing_running_is_fine(course: Course) -> None:
    done = course("stop", env=NOWHERE)
    assert (done.returncode, done.stdout) == (0, "")


def test_doctor_says_what_to_do(course: Course) -> None:
    done = course("doctor", env={**NOWHERE, "HTTPS_PROXY": "http://me:secret@proxy:3128"})
    assert done.returncode == 3
    assert "none answers at unix:///nowhere/docker.sock" in done.stdout
    assert "start that engine, or unset DOCKER_HOST" in done.stdout
    assert "HTTPS_PROXY=http://me:***@proxy:3128" in done.stdout
    assert "secret" not in done.stdout
    assert "./course start cannot work yet: Docker engine" in done.stdout


def test_doctor_counts_what_is_fetched(course: Course, home: Path) -> None:
    from autograder.index.manifest import wheels_for

    (home / "wheels").mkdir(parents=True)
    wanted = wheels_for("amd64")
    (home / "wheels" / wanted[0].filename).touch()
    assert f"1 of {len(wanted)} wheels for amd64" in course("doctor", env=NOWHERE).stdout


def test_clean_asks_first(course: Course, home: Path) -> None:
    (home / "wheels").mkdir(parents=True)
    (home / "wheels/one.whl").write_bytes(b"0" * 3_000_000)
    declined = course("clean", env=NOWHERE, stdin="n\n")
    assert "3 MB" in declined.stderr
    assert "Nothing was removed." in declined.stderr
    silent = course("clean", env=NOWHERE)
    assert silent.returncode == 2
    assert "confirm with --yes" in silent.stderr
    assert (home / "wheels/one.whl").exists()


def test_clean_removes_what_the_course_made_and_nothing_else(course: Course, home: Path) -> None:
    (home / "wheels").mkdir(parents=True)
    (home / "mine.txt").touch()
    assert course("clean", "--yes", env=NOWHERE).returncode == 0
    assert [path.name for path in home.iterdir()] == ["mine.txt"]
    again = course("clean", "--yes", env=NOWHERE)
    assert (again.returncode, "There is nothing to remove" in again.stderr) == (0, True)
