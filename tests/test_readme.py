"""Every command of README.md, run as a newcomer would, in a course home of its own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder import places
from autograder.engine.own import OwnEngine, course_engine
from autograder.lab import local_opener

pytestmark = pytest.mark.speed
Course = Callable[..., subprocess.CompletedProcess[str]]
STEP_3 = "step-3-pin-and-split"
REFERENCE = Path(__file__).parent / "contexts" / STEP_3 / "reference"


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a newcomer with a Docker, and with what would be downloaded."""
    folder = tmp_path_factory.mktemp("newcomer")
    home = folder / "home"
    for name in ("wheels", "base"):
        shutil.copytree(places.home() / name, home / name, copy_function=os.link)
    docker = OwnEngine(course_engine().root, folder / "run", folder / "data", own_network=True)
    docker.start(print)
    try:
        yield {**os.environ, "COURSE_HOME": str(home), "DOCKER_HOST": docker.host}
    finally:
        docker.stop()


@pytest.fixture
def course(variables: dict[str, str], tmp_path: Path) -> Course:
    """Runs `./course` to its end."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [places.project() / "course", *words]
        return subprocess.run(
            command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=240
        )

    return run


def started(variables: dict[str, str]) -> tuple[subprocess.Popen[str], str, float]:
    """`./course start`: its process, the address it printed, and after how many seconds."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = str(line.getsockname()[1])
    began = time.monotonic()
    process = subprocess.Popen(
        [places.project() / "course", "start", "--no-browser", "--port", port],
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip(), time.monotonic() - began


def test_start_serves_and_a_second_start_in_ten_seconds(variables: dict[str, str]) -> None:
    for most_seconds in (120, 10):
        process, page, seconds = started(variables)
        print(f"start: {seconds:.1f} s")
        try:
            with local_opener().open(urllib.request.Request(page), timeout=10) as answer:
                assert answer.status == 200
            assert seconds < most_seconds
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0


def test_check_judges_a_folder_with_hints(course: Course) -> None:
    assert course("check", STEP_3, REFERENCE).returncode == 0
    unpinned = course("check", STEP_3, REFERENCE.with_name("step-2-unpinned"), "--hints", "2")
    assert unpinned.returncode == 1
    assert "hint 2" in unpinned.stdout
    assert "hint 3" not in unpinned.stdout
    told = json.loads(course("check", STEP_3, REFERENCE, "--json").stdout)
    assert told["score"] == 10


def test_the_limits_are_told(course: Course) -> None:
    done = course("engine", "limits")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("memory_bytes", "disk_bytes", "build_seconds"))


def test_doctor_stop_and_clean(course: Course, variables: dict[str, str]) -> None:
    assert course("doctor").returncode == 0
    assert course("stop").returncode == 0
    assert course("clean", "--yes").returncode == 0
    assert not Path(variables["COURSE_HOME"]).exists()


def test_no_command_of_the_page_is_left_out() -> None:
    """The tests above, and the run that they are a part of, are all of them."""
    page = (places.project() / "README.md").read_text()
    commands = set(re.findall(r"\./course (\w+)", page))
    assert commands == {"start", "test", "check", "doctor", "stop", "clean", "grade", "engine"}
    assert "exec ./course test" in (places.project() / ".ci" / "run").read_text()
    walked = (places.project() / "tests" / "nbgrader" / "test_round_trip.py").read_text()
    for command in (
        *("generate_assignment", "release_assignment", "collect", "autograde"),
        *("generate_feedback", "release_feedback", "export"),
    ):
        assert command in page
        assert command in walked
    classroom = places.project() / "tests" / "classroom"
    assert '"autograder.cli", "grade", SLUG' in (classroom / "course_folder.py").read_text()
    assert 'grade(root, "--resume"' in (classroom / "test_kills.py").read_text()
