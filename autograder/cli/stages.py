"""Runs the stages of `./course test` and reads how they ended."""

import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import places
from autograder.cli.suite import Stage

NO_TESTS = 5  # pytest's exit code for "no test was collected"
WHY_LENGTH = 300  # characters of a failure's message
PATIENCE = 30  # seconds an interrupted stage and its children get to remove what they made


@dataclass(frozen=True)
class Result:
    """How one stage ended; counts are of tests, and a stage without tests counts as one."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""
    log: Path | None = None
    failures: tuple[str, ...] = ()
    """What failed and why, a line each."""


@dataclass
class Running:
    """A stage under way, in a process group of its own."""

    stage: Stage
    process: subprocess.Popen[bytes]
    began: float
    given_up: bool = False

    def ended(self) -> bool:
        """Whether it is over; a stage past its time is interrupted here."""
        if self.process.poll() is not None:
            return True
        if time.monotonic() - self.began > self.stage.minutes * 60:
            self.given_up = True
            interrupt([self])
        return self.given_up

    def send(self, number: int) -> bool:
        """Send a signal to all that is left of it, or 0 for none; whether there was anything."""
        self.process.poll()  # one that has ended would else count for as long as nobody asked
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # the latter where macOS has zombies only
            return False
        return True


def run_wave(
    stages: Sequence[Stage],
    artefacts: Path,
    environment: Mapping[str, str],
    done: Callable[[Result], None],
) -> None:
    """Run the stages side by side and report each as it ends; none outlives this call."""
    running = [launch(stage, artefacts, environment) for stage in stages]
    try:
        while running:
            for one in [one for one in running if one.ended()]:
                running.remove(one)
                done(read_result(one, artefacts))
            time.sleep(0.1)
    finally:
        interrupt(running)


def launch(stage: Stage, artefacts: Path, environment: Mapping[str, str]) -> Running:
    """Start one stage with its output going to `artefacts`."""
    (artefacts / f"{stage.name}.xml").unlink(missing_ok=True)
    with (artefacts / f"{stage.name}.log").open("wb") as output:
        process = subprocess.Popen(
            stage.line(artefacts),
            cwd=places.project(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(stage, process, time.monotonic())


def interrupt(running: Sequence[Running]) -> None:
    """End stages that are still under way: asked first, so that they remove what they made.

    What a stage started ends with it, also where it is deaf to the question.
    """
    for sign in (signal.SIGINT, signal.SIGKILL):
        left = [one for one in running if one.send(sign)]
        deadline = time.monotonic() + PATIENCE
        while any(one.send(0) for one in left) and time.monotonic() < deadline:
            time.sleep(0.05)


def read_result(one: Running, artefacts: Path) -> Result:
    """The row of the summary; a stage that failed without a failed test counts as one failure."""
    name, code = one.stage.name, one.process.returncode
    seconds, log = time.monotonic() - one.began, artefacts / f"{name}.log"
    if one.stage.command[0] == "pytest":
        passed, failed, skipped = counts(artefacts / f"{name}.xml")
    else:
        passed, failed, skipped = int(code == 0), 0, 0
    note = ""
    if one.given_up:
        note = f"given up after {one.stage.minutes} minutes"
    elif code == NO_TESTS and not passed + failed:
        note = "no test was found"
    elif code != 0:
        note = f"exit code {code}"
    if note and failed == 0:
        failed = 1
    why = failures(artefacts / f"{name}.xml")
    return Result(name, passed, failed, skipped, seconds, note, log, why)


def counts(junit: Path) -> tuple[int, int, int]:
    """How many tests passed, failed and were skipped, by pytest's own JUnit file."""
    try:
        suites = list(ET.parse(junit).getroot().iter("testsuite"))
    except (OSError, ET.ParseError):
        return 0, 0, 0  # pytest died before it wrote: the exit code says so
    total, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return total - failed - skipped, failed, skipped


def failures(junit: Path) -> tuple[str, ...]:
    """Each failed test and the begin of its message, by pytest's own JUnit file."""
    try:
        cases = list(ET.parse(junit).getroot().iter("testcase"))
    except (OSError, ET.ParseError):
        return ()
    return tuple(
        f"{case.get('name')}: {' '.join(found.get('message', '').split())[:WHY_LENGTH]}"
        for case in cases
        for found in case
        if found.tag in ("failure", "error")
    )
