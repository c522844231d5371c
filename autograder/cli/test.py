"""`./course test`: every stage, one table, and a machine left as it was found."""

import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from autograder import places
from autograder.cli import leftovers
from autograder.cli.error_rates import FILE, write_error_rates
from autograder.cli.stages import Result, run_wave
from autograder.cli.suite import Stage, wanted
from autograder.cli.summary import say_result, summarise
from autograder.engine.find import find_engine
from autograder.engine.grading import stop_abandoned
from autograder.engine.own import course_engine
from autograder.engine.rootfs import apt_install
from autograder.errors import CourseError
from autograder.ready import Ready, make_ready, say

BROWSER = ("chromium", "fonts-dejavu-core")


def test(*, full: bool, yes: bool) -> int:
    """Run everything and print the summary; 0 when all passed and nothing was left behind."""
    artefacts = Path(os.environ.get("CI_ARTEFACTS") or places.project() / ".artefacts").absolute()
    artefacts.mkdir(parents=True, exist_ok=True)
    stages = wanted(full=full)
    results: list[Result] = []
    mark, before = leftovers.new_mark(), leftovers.on_machine()
    was_running = course_engine().is_running()
    if full:
        os.environ["COURSE_FULL"] = "1"  # tests that run a sample run everything
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            # Downloading waits for the network. But a question must not drown in other lines.
            early = pool.submit(set_up, yes=True) if yes else None
            run([stage for stage in stages if not stage.engine], artefacts, {}, results)
            engine = early.result() if early else set_up(yes=False)
        on_engine = [stage for stage in stages if stage.engine]
        run_on_engine(engine, on_engine, artefacts, results)
    finally:
        stop_abandoned()
        if not was_running:
            course_engine().stop()
        note(nothing_left_running(mark, before), results)
    print(f"{write_error_rates(results, artefacts)} ({artefacts / FILE})")
    return summarise(results)


def run(
    stages: Iterable[Stage], artefacts: Path, engine: Mapping[str, str], results: list[Result]
) -> None:
    """Run stages wave by wave, telling how each ended and why it failed."""
    environment = {**os.environ, "COURSE_ARTEFACTS": str(artefacts), "COURSE_YES": "1", **engine}
    for _, wave in groupby(stages, key=lambda stage: stage.wave):
        here = []
        for stage in wave:
            if stage.root and not root_on_linux():
                note(not_run(stage, "needs root on Linux"), results)
            else:
                say(f"{stage.name} …")
                here.append(stage)
        run_wave(here, artefacts, environment, lambda result: note(result, results))


@dataclass(frozen=True)
class SetUp:
    """How setting up ended, the engine that is ready, and what was on it when it was found."""

    result: Result
    ready: Ready | None = None
    found: leftovers.Traces = field(default_factory=leftovers.Traces)


def set_up(*, yes: bool) -> SetUp:
    """Have all that the stages with an engine need."""
    began = time.monotonic()
    try:
        if root_on_linux() and not shutil.which("chromium"):
            apt_install(BROWSER, say)
        found = leftovers.on_engine(find_engine(say, yes=yes).host)
        ready = make_ready(say, yes=yes)
    except CourseError as error:
        seconds = time.monotonic() - began
        return SetUp(Result("set-up", failed=1, seconds=seconds, note=str(error)))
    return SetUp(Result("set-up", passed=1, seconds=time.monotonic() - began), ready, found)


def run_on_engine(
    engine: SetUp, stages: Sequence[Stage], artefacts: Path, results: list[Result]
) -> None:
    """Run the stages that need the engine, and look at what they left on it."""
    note(engine.result, results)
    if engine.ready is None:
        for stage in stages:
            note(Result(stage.name, failed=1, note="not run: the set-up failed"), results)
        return
    host = engine.ready.engine.host
    before = leftovers.on_engine(host)
    try:
        run(stages, artefacts, engine.ready.environment, results)
    finally:
        left = leftovers.on_engine(host).since(before)
        note(verdict("engine-left-clean", left), results)
        leftovers.stop_index_unless(engine.found, host)


def root_on_linux() -> bool:
    """Whether engines of our own and apt packages can be had."""
    return sys.platform == "linux" and os.geteuid() == 0


def not_run(stage: Stage, why: str) -> Result:
    """A stage that this machine cannot run: shown to a person, a failure in CI."""
    return Result(stage.name, failed=1 if os.environ.get("CI") else 0, note=f"not run: {why}")


def nothing_left_running(mark: str, before: leftovers.Traces) -> Result:
    """Whether processes, mounts and interfaces are those of before; forgotten processes end."""
    processes = leftovers.marked_processes(mark)
    left = [f"process {pid}: {command}" for pid, command in processes.items()]
    left += leftovers.on_machine().since(before)
    leftovers.end_processes(processes)
    return verdict("machine-left-clean", left)


def verdict(name: str, left: Sequence[str]) -> Result:
    """Passed when nothing is left."""
    return Result(name, passed=int(not left), failed=int(bool(left)), note="; ".join(left))


def note(result: Result, results: list[Result]) -> None:
    """Keep a result for the summary and say it at once."""
    results.append(result)
    say_result(result)
