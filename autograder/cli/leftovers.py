"""What a test run left behind: processes, mounts, control groups and things on the engine."""

import os
import signal
import sys
import uuid
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import docker

from autograder.engine.client import NO_ANSWER
from autograder.engine.find import connect
from autograder.engine.processes import MARK as ENGINE_MARK
from autograder.errors import EngineUnavailable, NotJudged
from autograder.index import stop_index
from autograder.index.service import NAME as INDEX_NAME

MARK = "COURSE_TEST_RUN"
"""Handed down to every process that a run starts, directly or not."""


@dataclass(frozen=True)
class Traces:
    """What was there at one moment; the difference of two is what came in between."""

    mounts: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    engines: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()

    def since(self, before: "Traces") -> list[str]:
        """One line for each thing that is here and was not there before."""
        new = [
            *(f"mount {path}" for path in self.mounts - before.mounts),
            *(f"network interface {name}" for name in self.links - before.links),
            *(f"control group {name}" for name in self.groups - before.groups),
            *(self.engines - before.engines),
            *(self.objects - before.objects),
        ]
        return sorted(new)


def new_mark() -> str:
    """Mark this process, and so all that it starts, and return the mark."""
    os.environ[MARK] = uuid.uuid4().hex
    return os.environ[MARK]


def on_machine() -> Traces:
    """Mounts, interfaces, control groups and engines of ours; only Linux shows them."""
    if sys.platform != "linux":
        return Traces()
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    groups = Path("/sys/fs/cgroup")
    return Traces(
        mounts=frozenset(line.split()[1] for line in mounts),
        links=frozenset(link.name for link in Path("/sys/class/net").iterdir()),
        groups=frozenset(
            str(path) for deep in ("course-*", "*/course-*") for path in groups.glob(deep)
        ),
        engines=frozenset(
            f"process {pid} of an engine: {command}"
            for pid, (command, environment) in processes().items()
            if any(variable.startswith(f"{ENGINE_MARK}=".encode()) for variable in environment)
        ),
    )


def on_engine(host: str) -> Traces:
    """Containers, networks and volumes of the engine, and its images by their tags."""
    try:
        with closing(connect(host)) as client:
            return Traces(objects=frozenset(objects(client)))
    except (EngineUnavailable, *NO_ANSWER) as error:
        return Traces(objects=frozenset({f"an engine that does not answer: {error}"}))


def objects(client: docker.DockerClient) -> Iterable[str]:
    """One line for each thing on the engine that a test could have forgotten."""
    for container in client.api.containers(all=True):
        yield f"container {container['Names'][0].lstrip('/')}"
    for network in client.api.networks():
        yield f"network {network['Name']}"
    for volume in client.api.volumes()["Volumes"] or []:
        yield f"volume {volume['Name']}"
    for image in client.api.images():
        yield from (f"image {tag}" for tag in image.get("RepoTags") or [])


def marked_processes(mark: str) -> dict[int, str]:
    """The living processes that carry the mark, but for this one: process id and command."""
    return {
        pid: command
        for pid, (command, environment) in processes().items()
        if f"{MARK}={mark}".encode() in environment and pid != os.getpid()
    }


def processes() -> dict[int, tuple[str, list[bytes]]]:
    """Every process whose environment we may read: its command line and environment."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            environment = (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            found[int(entry.name)] = (command.decode(errors="replace").strip()[:100], environment)
    return found


def stop_index_unless(found: Traces, host: str) -> None:
    """End the package index, unless it was there before the run: a learner may be using it."""
    if not any(thing.startswith(f"container {INDEX_NAME} ") for thing in found.objects):
        with suppress(NotJudged):  # the engine died, and the index with it
            stop_index(connect(host))


def end_processes(left: Iterable[int]) -> None:
    """End what a run forgot, after it has been reported."""
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
