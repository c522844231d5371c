"""The grading engine: hostile until proven otherwise, so it can reach nothing and fill little.

It is an engine of ours alone in a network namespace that holds the package index, with remapped
users, limits on memory, processors and processes, and its data in a file system of fixed size. It
starts from a copy of a template, so nothing of an earlier batch is on it.
"""

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from autograder.engine import cgroup, processes
from autograder.engine.own import OwnEngine, course_engine
from autograder.engine.room import Room
from autograder.engine.rootfs import Say, apt_install, locked, require_root, require_space
from autograder.errors import EngineUnavailable
from autograder.limits import LIMITS, Limits

REMAP = ("--userns-remap=default",)
"""Root in a build or a container is nobody outside: https://docs.docker.com/engine/security/userns-remap/"""


@dataclass(frozen=True)
class GradingEngine(OwnEngine):
    """An engine of ours for what learners handed in."""

    limits: Limits = LIMITS

    @property
    def cgroup_parent(self) -> str:
        """Where the limits are. The index is elsewhere: it must not die of a hand-in's memory."""
        return f"/{self.name}/hand-in"

    @property
    def index_cgroup(self) -> str:
        """The control group of the package index."""
        return f"/{self.name}/index"

    def renew(self, prepare: Callable[["GradingEngine"], None], edition: str, say: Say) -> None:
        """Start it anew, with nothing on it but what `prepare` puts there.

        edition: a word for what `prepare` puts there now; a template of another is made anew.

        Raises EngineUnavailable with what is missing.
        """
        require_root("a grading engine")
        assert self.disk is not None
        self.stop()
        template = self.run.parent.parent / f"grading-{edition}.img"
        with locked(template.with_suffix(".lock")):
            if not template.exists():
                self._make_template(template, prepare, say)
        require_space(self.disk.parent, self.limits.disk_bytes // 2, "a grading engine")
        _copy(template, self.disk)
        self.start(say)
        prepare(self)

    def room(self) -> Room:
        """What its disk has left, as its dockerd sees it. Raises EngineUnavailable when it died."""
        for pid in processes.marked(self.run, "dockerd"):
            with suppress(OSError):
                return Room.at(Path(f"/proc/{pid}/root/var/lib/docker"))
        raise EngineUnavailable("the grading engine died")

    def is_fit(self) -> bool:
        """Whether it answers, and has room for another hand-in."""
        quarter = Room(self.limits.disk_bytes // 4, self.limits.inodes // 4)
        return self.is_running() and self.room().holds(quarter)

    def _launch(self) -> None:
        """Start it within its limits: here, as what clears away an earlier life takes them too."""
        cgroup.limit(self.cgroup_parent, self.limits)
        super()._launch()

    def _make_template(
        self, template: Path, prepare: Callable[["GradingEngine"], None], say: Say
    ) -> None:
        say("making a template for grading engines: about a minute, once")
        assert self.disk is not None
        for older in template.parent.glob("grading-*.img"):
            older.unlink()
        self.disk.parent.mkdir(parents=True, exist_ok=True)
        _format(self.disk, self.limits, say)
        try:
            self.start(say)
            prepare(self)
        finally:
            self.stop()
        self.disk.rename(template)


@contextmanager
def claimed_engine() -> Iterator[GradingEngine]:
    """A grading engine that no other process uses; stopped at the end.

    The kernel drops a claim when its process dies, so the next one stops and renews what is left.

    Raises EngineUnavailable where its folder cannot be made.
    """
    for number in count():
        with _claim(grading_engine(number)) as engine:
            if engine:
                yield engine
                return


def stop_abandoned() -> None:
    """Stop the grading engines whose processes died before they could."""
    for folder in course_engine().run.parent.glob("grading-*/data"):
        with _claim(grading_engine(int(folder.parent.name.removeprefix("grading-")))):
            pass


@contextmanager
def _claim(engine: GradingEngine) -> Iterator[GradingEngine | None]:
    """The engine, stopped at the end with its disk removed; None while another process has it."""
    try:
        engine.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        raise EngineUnavailable(f"a grading engine cannot be made here: {reason}") from error
    with (engine.data / "claim").open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        try:
            yield engine
        finally:
            engine.stop()
            if engine.disk:
                engine.disk.unlink(missing_ok=True)


def grading_engine(number: int) -> GradingEngine:
    """The grading engine of a worker; each worker has its own, and no two share anything."""
    folder = course_engine().run.parent / f"grading-{number}"
    return GradingEngine(
        root=course_engine().root,
        run=folder / "run",
        data=folder / "data",
        own_network=True,
        dockerd_args=REMAP,
        disk=folder / "disk.img",
    )


def grading_engine_at(host: str | None) -> GradingEngine | None:
    """The grading engine that has this address, or None."""
    folder = Path((host or "").removeprefix("unix://")).parent.parent
    number = folder.name.removeprefix("grading-")
    if folder.parent != course_engine().run.parent or not number.isdigit():
        return None
    return grading_engine(int(number))


def _format(disk: Path, limits: Limits, say: Say) -> None:
    """Make a file system of the allowed size in a file; what is empty in it takes no room."""
    if shutil.which("mkfs.ext4") is None:
        apt_install(("e2fsprogs",), say)
    disk.unlink(missing_ok=True)
    with disk.open("wb") as file:
        file.truncate(limits.disk_bytes)
    command = ["mkfs.ext4", "-q", "-F", "-m", "0", "-N", str(limits.inodes), str(disk)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise EngineUnavailable(f"a disk for grading could not be made: {done.stderr.strip()}")


def _copy(template: Path, disk: Path) -> None:
    disk.unlink(missing_ok=True)
    command = ["cp", "--sparse=always", "--reflink=auto", str(template), str(disk)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise EngineUnavailable(f"a disk for grading could not be made: {done.stderr.strip()}")
