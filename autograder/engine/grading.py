"""The grading engine: hostile until proven otherwise, so it can reach nothing and fill little.

It is an engine of our own in one of two forms: a process of root on Linux, or a container of the
Docker that is there already. Both hold nothing of an earlier batch.
"""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from autograder.engine.grading_container import ContainerEngine
from autograder.engine.grading_process import REMAP, GradingEngine
from autograder.engine.own import course_engine
from autograder.errors import EngineUnavailable

__all__ = ["ContainerEngine", "Grading", "GradingEngine"]

FORM = "COURSE_GRADING_ENGINE"
"""The environment variable that has root grade in containers too, when it says `container`."""

Grading = GradingEngine | ContainerEngine
PROCESS, CONTAINER = "grading-", "boxed-"
"""How the folders of the two forms are called, before the number."""


def outer_docker(running: Callable[[], str | None]) -> str | None:
    """The address of the Docker that grading engines are containers of; None for processes.

    running: finds the address of the Docker that answers; asked where it matters only.

    Raises EngineUnavailable with what is missing where neither form is possible.
    """
    asked = os.environ.get(FORM, "")
    if asked not in ("", "container"):
        raise EngineUnavailable(f"{FORM} is {asked}: it may be `container`, or not be set")
    if sys.platform == "linux" and os.geteuid() == 0 and not asked:
        return None
    host = running()
    if host is None:
        raise EngineUnavailable(
            "grading needs a Docker engine that answers, or root on Linux: start Docker, "
            "or run this as root"
        )
    if not host.startswith("unix://"):
        raise EngineUnavailable(
            f"grading in a container needs a Docker on this machine, and {host} may be another: "
            "run this there, or unset DOCKER_HOST"
        )
    return host


@contextmanager
def claimed_engine(running: Callable[[], str | None]) -> Iterator[Grading]:
    """A grading engine that no other process uses; stopped at the end.

    running: as in `outer_docker`.

    The kernel drops a claim when its process dies, so the next one stops and renews what is left.

    Raises EngineUnavailable where it cannot be had.
    """
    outer = outer_docker(running)
    for number in count():
        engine = container_engine(number, outer) if outer else grading_engine(number)
        with _claim(engine) as ours:
            if ours:
                yield engine
                return


def stop_abandoned() -> None:
    """Stop the grading engines whose processes died before they could."""
    for folder in _folder().glob(f"{PROCESS}*/data"):
        with _claim(grading_engine(int(folder.parent.name.removeprefix(PROCESS)))):
            pass
    for folder in _folder().glob(f"{CONTAINER}*/run"):
        found = grading_engine_at(f"unix://{folder}/docker.sock")
        if found:
            with _claim(found):
                pass


@contextmanager
def _claim(engine: Grading) -> Iterator[bool]:
    """Whether it is ours now, and then ended at the end; another process may have it."""
    try:
        engine.claim.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        raise EngineUnavailable(f"a grading engine cannot be made here: {reason}") from error
    with engine.claim.open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            engine.end()


def grading_engine(number: int) -> GradingEngine:
    """A worker's grading engine as a process; each has its own, and no two share anything."""
    folder = _folder() / f"{PROCESS}{number}"
    return GradingEngine(
        root=course_engine().root,
        run=folder / "run",
        data=folder / "data",
        own_network=True,
        dockerd_args=REMAP,
        disk=folder / "disk.img",
    )


def container_engine(number: int, outer: str) -> ContainerEngine:
    """A worker's grading engine as a container of the Docker at that address."""
    return ContainerEngine(run=_folder() / f"{CONTAINER}{number}" / "run", outer=outer)


def grading_engine_at(host: str | None) -> Grading | None:
    """The grading engine that has this address, or None."""
    folder = Path((host or "").removeprefix("unix://")).parent.parent
    form, _, number = folder.name.partition("-")
    if folder.parent != _folder() or not number.isdigit():
        return None
    if f"{form}-" == PROCESS:
        return grading_engine(int(number))
    outer = ContainerEngine.outer_of(folder / "run")
    return container_engine(int(number), outer) if outer else None


def _folder() -> Path:
    return course_engine().run.parent
