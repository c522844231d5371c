"""The grading engine as a process of root: it can reach nothing and fill little.

It is an engine of ours alone in a network namespace that holds the package index, with remapped
users, limits on memory, processors and processes, and its data in a file system of fixed size. It
starts from a copy of a template, so nothing of an earlier batch is on it.
"""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.engine import cgroup, processes
from autograder.engine.own import OwnEngine
from autograder.engine.room import Room
from autograder.engine.rootfs import Say, apt_install, locked, require_root, require_space
from autograder.errors import EngineUnavailable
from autograder.limits import LIMITS, Limits

REMAP = ("--userns-remap=default",)
"""Root in a build or a container is nobody outside: https://docs.docker.com/engine/security/userns-remap/"""

ASK_SECONDS = 60
"""For a script of a moment, under load."""


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
        folder = self.run.parent.parent
        template = folder / f"grading-{edition}.img"
        # One lock for all editions, and until the copy is made: a new template removes the others.
        with locked(folder / "grading.lock"):
            if not template.exists():
                self._make_template(template, prepare, say)
            require_space(self.disk.parent, self.limits.disk_bytes // 2, "a grading engine")
            _copy(template, self.disk)
        self.start(say)
        prepare(self)

    @property
    def claim(self) -> Path:
        """The file whose lock says that a process has this engine."""
        return self.data / "claim"

    @property
    def scratch(self) -> Path:
        """A folder for what is of use only while somebody grades on it; gone at the end."""
        return self.run.parent / "scratch"

    def end(self) -> None:
        """Stop it, and remove what a batch left on its disk and in its folder."""
        self.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)
        if self.disk:
            self.disk.unlink(missing_ok=True)

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

    def ask(self, script: str) -> tuple[int, str]:
        """Run a shell script in its network: the exit code, and what it said.

        Raises EngineUnavailable when it died, or does not answer in ASK_SECONDS.
        """
        for pid in processes.marked(self.run, "dockerd"):
            command = ["nsenter", "--target", str(pid), "--mount", "--net", "sh", "-c", script]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise EngineUnavailable(
                    f"the grading engine did not end a command in {ASK_SECONDS} s"
                ) from error
            return done.returncode, done.stdout + done.stderr
        raise EngineUnavailable("the grading engine died")

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
