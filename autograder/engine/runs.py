"""Whose the things on an engine are, and what is left of processes that are gone.

A process removes its own images, containers and networks when it ends. One that was killed cannot:
the run id in their labels says which machine's and which process's they were, so that the next
command or notebook that gets an engine ready removes them, or `./course stop`.
"""

import hashlib
import os
import platform
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from autograder.engine.client import NO_ANSWER, RUN_LABEL, told
from autograder.engine.processes import lives

STARTED_LABEL = "org.container-course.started"
"""On our containers and networks. A container has its image's labels too: without this one, it is
one that a learner started from an image of ours."""

_RUN = re.compile(r"run-([0-9a-f]{8})-([0-9a-f]{8})-([1-9][0-9]{0,8})-([0-9a-f]{8})")
# What we name images: an image built on ours inherits the label, and its names are not ours.
_OURS = re.compile(r"(course-run-|step-[0-9])[\w.-]*:[\w.-]+", re.ASCII)


@dataclass(frozen=True)
class _Run:
    """A run id, read."""

    machine: str
    folder: str
    pid: int
    token: str

    def is_gone(self) -> bool:
        """Whether the process that made it was this machine's, and lives no more."""
        return self.machine == _machine() and not lives(self.pid)

    def is_own(self, folder: Path) -> bool:
        """Whether this process made it, for a notebook in that folder."""
        here = (_machine(), _short(folder.resolve()), os.getpid())
        return (self.machine, self.folder, self.pid) == here

    def named(self, tag: str) -> bool:
        """Whether an image's name is one that this run gave."""
        return self.token in tag and _OURS.fullmatch(tag) is not None


def new_run(folder: Path | None = None) -> str:
    """A run id that names this machine and this process, and a notebook's folder if it is one's."""
    where = _short(folder.resolve() if folder else "")
    return f"run-{_machine()}-{where}-{os.getpid()}-{secrets.token_hex(4)}"


def token_of(run: str) -> str:
    """The end of a run id, which is in the name of each of its images."""
    return run.rpartition("-")[2]


def labels_of(run: str) -> dict[str, str]:
    """What a container or a network of that run bears."""
    return {RUN_LABEL: run, STARTED_LABEL: run}


def remove_abandoned(client: docker.DockerClient) -> None:
    """Remove what processes of this machine that are gone left on the engine.

    Raises NotJudged where the engine does not answer; what it does not let go stays for next time.
    """
    _remove(client, _Run.is_gone)


def remove_own(client: docker.DockerClient, folder: Path) -> None:
    """Remove what is abandoned, and what this process made for the folder's notebooks.

    Another living kernel on the same folder (nbgrader's Validate is one) keeps its images. Raises
    as `remove_abandoned` does.
    """
    _remove(client, lambda run: run.is_gone() or run.is_own(folder))


def _remove(client: docker.DockerClient, ends: Callable[[_Run], bool]) -> None:
    """Containers first: they hold on to images and networks."""
    api: Any = client.api

    def found(rows: list[dict[str, Any]], label: str) -> Iterator[tuple[_Run, dict[str, Any]]]:
        for row in rows:
            run = _read(row.get("Labels") or {}, label)
            if run and ends(run):
                yield run, row

    started, built = {"label": STARTED_LABEL}, {"label": RUN_LABEL}
    with told("removing what is left of earlier runs"):
        for _, row in found(api.containers(all=True, filters=started), STARTED_LABEL):
            with suppress(*NO_ANSWER):  # another clears up as well, or it is busy with a big one
                api.remove_container(row["Id"], force=True, v=True)
        for run, row in found(api.images(filters=built), RUN_LABEL):
            for tag in filter(run.named, row.get("RepoTags") or ()):
                with suppress(*NO_ANSWER):
                    api.remove_image(tag, force=True)
        for _, row in found(api.networks(filters=started), STARTED_LABEL):
            with suppress(*NO_ANSWER):
                api.remove_network(row["Id"])


def _read(labels: Mapping[str, str], label: str) -> _Run | None:
    """The run id in a label; None for a text that is none, as anybody may label an image."""
    read = _RUN.fullmatch(str(labels.get(label, "")))
    return _Run(read[1], read[2], int(read[3]), read[4]) if read else None


def _machine() -> str:
    """Where process ids mean what they mean here: an engine may serve many machines.

    Two may have one name, and containers of one machine have ids of their own. On Linux the first
    namespace of process ids has the same number after each start.
    """
    known = [platform.node()]
    with suppress(OSError):
        known.append(Path("/etc/machine-id").read_text(encoding="ascii"))
    with suppress(OSError):
        known.append(str(Path("/proc/self/ns/pid").readlink()))
    return _short("\n".join(known))


def _short(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()[:8]
