"""Whatever is killed in the middle of a batch, the gradebook comes out as if nothing had been.

Six kills by default, one of each victim and one more in the midst of a class; `./course test
--full` makes fifty, at other moments.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
import pytest

from autograder.classroom.results import Results
from autograder.engine import processes
from autograder.engine.grading import GradingEngine, grading_engine, stop_abandoned
from autograder.ready import Ready

from .course_folder import (
    SLUG,
    Rows,
    command,
    counted,
    grade,
    gradebook,
    make_course,
    rows_of,
    sheet,
    submit,
)

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(600)]
BASE = "FROM python:3.11-slim\n"
WITHOUT_A_VERSION = "FROM python:latest\n"
# Small images, in which no app answers: what is at stake is the class, and there are four verdicts.
CLASS = {
    "ada": BASE + "RUN sleep 1\n",
    "bob": BASE + "RUN sleep 1\n",
    "cyd": BASE + "RUN false\n",
    "dan": WITHOUT_A_VERSION + "RUN sleep 1\n",
    "fay": None,
    "gus": "{",
}
ALL_KILLS, FEW_KILLS = 50, 5


@dataclass
class Undisturbed:
    """What a batch comes to when nobody is killed."""

    rows: Rows
    gradebook: dict[str, dict[str, float]]
    counted: dict[str, tuple[int, int]]
    sheet: list[dict[str, str]]
    seconds: float

    def points(self) -> dict[str, tuple[str, float | None]]:
        return points_of(self.rows)


def points_of(rows: Rows) -> dict[str, tuple[str, float | None]]:
    return {name: (row["state"], row["score"]) for name, row in rows.items()}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with the class in submitted/, of which each test takes a copy."""
    root = tmp_path_factory.mktemp("handed-in")
    make_course(root)
    submit(root, CLASS)
    return root


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, handed_in: Path, ready: Ready
) -> Iterator[Undisturbed]:
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(handed_in, root)
    began = time.monotonic()
    rows = grade(root, code=1)
    seconds = time.monotonic() - began
    yield Undisturbed(rows, gradebook(root), counted(root), sheet(root), seconds)
    stop_abandoned()


def kill(pid: int) -> bool:
    """Whether there was such a process to kill."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def engines(process: subprocess.Popen[str]) -> list[GradingEngine]:
    """The batch's own engines that run: those whose claims its workers hold."""
    held = set[str]()
    with suppress(psutil.NoSuchProcess):
        for one in psutil.Process(process.pid).children(recursive=True):
            held |= opened_by(one.pid)
    ours = (one for one in map(grading_engine, range(8)) if str(one.claim.resolve()) in held)
    return [engine for engine in ours if engine.is_running()]


def opened_by(pid: int) -> set[str]:
    """What a process has open: by its links, as psutil leaves out what it cannot look at."""
    found = set[str]()
    with suppress(OSError):  # it ended
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found


def kill_grader(process: subprocess.Popen[str], dice: random.Random) -> bool:
    return kill(process.pid) and process.wait(60) == -signal.SIGKILL


def kill_worker(process: subprocess.Popen[str], dice: random.Random) -> bool:
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        workers = [one.pid for one in children if "spawn_main" in " ".join(one.cmdline())]
        return bool(workers) and kill(dice.choice(workers))
    return False


def kill_kernel(process: subprocess.Popen[str], dice: random.Random) -> bool:
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        kernels = [one.pid for one in children if "ipykernel_launcher" in one.cmdline()]
        return bool(kernels) and kill(dice.choice(kernels))
    return False


def kill_engine(process: subprocess.Popen[str], dice: random.Random) -> bool:
    dockerds = [pid for one in engines(process) for pid in processes.marked(one.run, "dockerd")]
    return bool(dockerds) and kill(dice.choice(dockerds))


def kill_index(process: subprocess.Popen[str], dice: random.Random) -> bool:
    there = engines(process)
    for engine in dice.sample(there, len(there)):
        with suppress(Exception), closing(docker.DockerClient(engine.host)) as client:
            for container in client.containers.list():
                if "index" in container.name:
                    return kill(container.attrs["State"]["Pid"])
    return False


Victim = Callable[[subprocess.Popen[str], random.Random], bool]
VICTIMS: tuple[Victim, ...] = (
    kill_grader,
    kill_worker,
    kill_kernel,
    kill_engine,
    kill_index,
)


def begun(handed_in: Path, root: Path) -> tuple[Path, subprocess.Popen[str]]:
    """A course with the class in it, and its batch under way."""
    shutil.copytree(handed_in, root)
    pipe = subprocess.PIPE
    return root, subprocess.Popen(command(root), stdout=pipe, stderr=pipe, text=True)


def killed(
    victim: Victim, dice: random.Random, handed_in: Path, place: Path, seconds: float
) -> tuple[Path, subprocess.Popen[str]]:
    """A course, and its batch in which a victim was killed so long after the start, or later.

    Where a batch ends before it meets one, another is begun, to be looked at earlier.
    """
    for number in range(4):
        root, process = begun(handed_in, place / f"course-{number}")
        time.sleep(seconds)
        while process.poll() is None:
            if victim(process, dice):
                return root, process
            time.sleep(0.05)
        process.communicate()
        seconds /= 2
    raise AssertionError(f"four batches ended before {victim.__name__} met anything")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=pytest.mark.soak if number >= FEW_KILLS else ())
        for number in range(ALL_KILLS)
    ],
)
def test_a_kill_loses_nothing_and_doubles_nothing(
    number: int, tmp_path: Path, handed_in: Path, undisturbed: Undisturbed
) -> None:
    victim, dice = VICTIMS[number % len(VICTIMS)], random.Random(number)
    seconds = dice.uniform(0.2, 0.8) * undisturbed.seconds
    root, process = killed(victim, dice, handed_in, tmp_path, seconds)
    out, err = process.communicate(timeout=500)
    assert "Traceback" not in err, err
    if victim is kill_grader:
        assert process.returncode == -signal.SIGKILL
    else:
        # What was not judged says so; what was judged has its own points and no others.
        assert process.returncode in (1, 3), err
        told = points_of(rows_of(out))
        assert told.keys() == undisturbed.points().keys()
        for student, (state, score) in told.items():
            assert (state, score) in (undisturbed.points()[student], ("not_judged", None))
    resume(root, undisturbed)


def resume(root: Path, undisturbed: Undisturbed) -> None:
    """Go on after a kill: nothing is lost, nothing is there twice, nothing is judged twice."""
    there = recorded(root)
    resumed = grade(root, "--resume", "--workers", "1", code=1)
    assert points_of(resumed) == undisturbed.points()
    assert {name: resumed[name]["seconds"] for name in there} == dict.fromkeys(there, 0)
    assert gradebook(root) == undisturbed.gradebook
    assert counted(root) == undisturbed.counted
    assert sheet(root) == undisturbed.sheet


def recorded(root: Path) -> set[str]:
    """The learners whose verdicts the batch has noted as written."""
    return {*Results(root / ".grading" / SLUG).recorded()}


def test_a_kill_in_the_midst_of_the_class_leaves_what_was_recorded(
    tmp_path: Path, handed_in: Path, undisturbed: Undisturbed
) -> None:
    root, process = begun(handed_in, tmp_path / "course")
    while process.poll() is None and not recorded(root):
        time.sleep(0.02)
    assert kill_grader(process, random.Random(0))
    process.communicate(timeout=500)
    assert 0 < len(recorded(root)) < len(undisturbed.gradebook)
    resume(root, undisturbed)


def test_nothing_is_in_the_gradebook_twice(undisturbed: Undisturbed) -> None:
    assert undisturbed.counted.keys() == undisturbed.gradebook.keys()
    for student, grades in undisturbed.gradebook.items():
        assert undisturbed.counted[student] == (1, len(grades))


def test_the_kills_have_something_to_lose(undisturbed: Undisturbed) -> None:
    scores = {score for _, score in undisturbed.points().values()}
    assert len(scores) >= 3, scores
    assert {state for state, _ in undisturbed.points().values()} == {"graded", "unreadable"}
