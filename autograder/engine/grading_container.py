"""The grading engine as a container of the Docker that is there already.

It has no network but its own, so that what it holds reaches the package index and nothing else,
and its data are in a file system of fixed size: a file in a volume, copied from a template.
"""

import hashlib
import ipaddress
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import LogConfig

from autograder.engine import cgroup, names, network
from autograder.engine.base_image import Held, base_images_of, copy_images
from autograder.engine.box import BRIDGE, DATA, DISKS, ENTER, INSIDE, NO_TEMPLATE, WHOLE
from autograder.engine.box_image import IMAGE, ensure_box_image, remove_box_image
from autograder.engine.client import NO_ANSWER, reason
from autograder.engine.grading_process import REMAP
from autograder.engine.own import START_SECONDS, STOP_SECONDS, answers, require_short, settings
from autograder.engine.room import Room
from autograder.engine.rootfs import Say, locked
from autograder.errors import EngineUnavailable
from autograder.limits import LIMITS, Limits

LABEL = "org.container-course.grading"
"""On what we make on that Docker: whose it is, by the folder of its claim."""
ENGINES_MEMORY, ENGINES_PROCESSES = 2 * 10**9, 1024
"""What the engine and the package index may use beside a hand-in."""
_SUBNET = ipaddress.IPv4Network(network.SUBNETS[0])

_RIGHTS: dict[str, Any] = {
    "privileged": True,  # to mount its disk, and to make namespaces and networks inside
    "userns_mode": "host",  # where the Docker outside remaps users, which would take that away
    "cgroupns": "private",
}


@dataclass(frozen=True)
class ContainerEngine:
    """An engine of ours for what learners handed in, with the interface of `GradingEngine`."""

    run: Path
    """Its socket, and what its name server reads."""
    outer: str
    """The address of the Docker that it is a container of."""
    limits: Limits = LIMITS

    index_cgroup = "/index"
    """The control group of the package index: it must not die of a hand-in's memory."""
    cgroup_parent = "/hand-in"

    @property
    def host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.socket}"

    @property
    def socket(self) -> Path:
        """The engine's Unix socket."""
        return self.run / "docker.sock"

    @property
    def claim(self) -> Path:
        """The file whose lock says that a process has this engine."""
        return self.run / "claim"

    @property
    def name(self) -> str:
        """The container's."""
        return f"course-grading-{_short(self.run)}"

    @property
    def volume(self) -> str:
        """The volume with templates and disks, for all engines of this home."""
        return volume_of(self.run.parent.parent)

    @staticmethod
    def outer_of(run: Path) -> str | None:
        """The Docker that the last engine at `run` was a container of; None before the first."""
        record = run / "outer"
        return record.read_text() if record.is_file() else None

    def is_running(self) -> bool:
        """Whether it answers a ping now."""
        return answers(self.socket)

    def renew(self, prepare: Callable[["ContainerEngine"], None], edition: str, say: Say) -> None:
        """Start it anew, with nothing on it but what `prepare` puts there.

        edition: a word for what `prepare` puts there now; a template of another is made anew.

        Raises EngineUnavailable with what is missing.
        """
        require_short(self.socket)
        self.stop()
        with self._client() as client:
            _refuse_desktop(client)
            ensure_box_image(client, say)
            bases = base_images_of(client, say)
            template = f"template-{edition}-{_short(sorted(bases.items()))}.img"
            with locked(self.run.parent.parent / "boxed.lock"):
                if not self._started(client, template):
                    say("making a template for grading engines: about a minute, once")
                    self._make_template(client, template, lambda: self._fill(bases, prepare, say))
                    self._started(client, template)
        prepare(self)

    def _fill(
        self, bases: dict[str, Held], prepare: Callable[["ContainerEngine"], None], say: Say
    ) -> None:
        """It has no network to pull from, so what the Docker outside has is copied."""
        with self._client() as client, _client_of(self.host) as inside:
            copy_images(client, inside, bases, say)
        prepare(self)

    def stop(self) -> None:
        """End and remove it with its disk; one whose Docker does not answer does not run either."""
        where = self.outer_of(self.run)
        if where is None:
            return
        with suppress(EngineUnavailable), _client_of(where) as client:
            with suppress(NotFound):
                client.containers.get(self.name).remove(force=True)
            (self.run / "outer").unlink()
        self.socket.unlink(missing_ok=True)

    @property
    def scratch(self) -> Path:
        """A folder for what is of use only while somebody grades on it; gone at the end."""
        return self.run.parent / "scratch"

    def end(self) -> None:
        """Stop it, and remove what a batch left in its folder; its disk went with it."""
        self.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def point_index_at(self, address: str) -> None:
        """Let builds and containers find the package index at `address`, from now on."""
        if names.changed(self.run, address):
            self._ask("sh", "-c", f"kill -HUP $(cat {INSIDE}/dnsmasq.pid)")

    @property
    def index_address(self) -> str | None:
        """Where builds and containers find the package index; None while it is nowhere."""
        return names.index_address(self.run)

    def room(self) -> Room:
        """What its disk has left. Raises EngineUnavailable when it died."""
        stat = ("stat", "--file-system", "--format=%a %S %d %c", DATA)
        printed = self._ask(*stat) or self._ask(*stat)  # seen once, under load: it came empty
        if not printed:
            raise EngineUnavailable("the grading engine does not tell what its disk has left")
        free, size, files, all_files = map(int, printed.split())
        return Room.told(free * size, files, all_files)

    def is_fit(self) -> bool:
        """Whether it answers, and has room for another hand-in."""
        quarter = Room(self.limits.disk_bytes // 4, self.limits.inodes // 4)
        return self.is_running() and self.room().holds(quarter)

    @contextmanager
    def _client(self) -> Iterator[docker.DockerClient]:
        with _client_of(self.outer) as client:
            yield client

    def ask(self, script: str) -> tuple[int, str]:
        """Run a shell script in its network: the exit code, and what it said.

        Raises EngineUnavailable when it died.
        """
        return self._run("sh", "-c", script)

    def _ask(self, *command: str) -> str:
        """What a command prints inside. Raises EngineUnavailable when it died."""
        code, printed = self._run(*command)
        if code:
            raise EngineUnavailable("the grading engine died")
        return printed

    def _run(self, *command: str) -> tuple[int, str]:
        with self._client() as client:
            done = client.containers.get(self.name).exec_run(list(command))
        if done.exit_code is None or not isinstance(done.output, bytes):
            raise EngineUnavailable("the grading engine died")
        return done.exit_code, done.output.decode(errors="replace")

    def _make_template(
        self, client: docker.DockerClient, template: str, fill: Callable[[], None]
    ) -> None:
        try:
            self._started(client, template, new=True)
            fill()
            (self.run / WHOLE).touch()
            container = client.containers.get(self.name)
            container.stop(timeout=STOP_SECONDS)
            if container.wait()["StatusCode"]:
                raise EngineUnavailable(f"a disk for grading could not be made: {_last(container)}")
        finally:
            self.stop()

    def _started(self, client: docker.DockerClient, template: str, *, new: bool = False) -> bool:
        """Start it on a copy of the template, or on a new disk; False where there is no template.

        Raises EngineUnavailable with its own last words.
        """
        self.run.parent.chmod(0o700)
        names.configure(self.run, INSIDE, str(_SUBNET[1]))
        (self.run / WHOLE).unlink(missing_ok=True)
        (self.run / "daemon.json").write_text(json.dumps(settings()))
        (self.run / "outer").write_text(self.outer)
        labels = {LABEL: str(self.run.parent)}
        client.volumes.create(self.volume, labels={LABEL: str(self.run.parent.parent)})
        container = client.containers.run(
            IMAGE,
            ["sh", "-c", ENTER, "dockerd", *self._flags()],
            name=self.name,
            detach=True,
            labels=labels,
            environment=self._environment(template, new=new),
            network_mode="none",
            volumes=[f"{self.run}:{INSIDE}", f"{self.volume}:{DISKS}"],
            log_config=LogConfig(type="json-file", config={"max-size": "2m"}),
            **_RIGHTS,
            **self._outer_limits(),
        )
        try:
            return self._answers(container)
        except BaseException:
            self.stop()
            raise

    def _flags(self) -> list[str]:
        return [
            f"--host=unix://{INSIDE}/docker.sock",
            f"--group={os.getgid()}",  # who may use the Docker outside need not be root
            f"--config-file={INSIDE}/daemon.json",
            f"--bridge={BRIDGE}",
            f"--dns={_SUBNET[1]}",
            f"--cgroup-parent={self.cgroup_parent}",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            "--shutdown-timeout=5",
            *REMAP,
        ]

    def _environment(self, template: str, *, new: bool) -> dict[str, str]:
        return {
            "DISK": f"{DISKS}/{self.name}.img",
            "TEMPLATE": f"{DISKS}/{template}",
            "NEW": "yes" if new else "",
            "BYTES": str(self.limits.disk_bytes),
            "INODES": str(self.limits.inodes),
            "ADDRESS": f"{_SUBNET[1]}/{_SUBNET.prefixlen}",
            "UNIFIED": _lines(cgroup.rows(self.cgroup_parent, self.limits, unified=True)),
            "SEVERAL": _lines(cgroup.rows(self.cgroup_parent, self.limits, unified=False)),
        }

    def _outer_limits(self) -> dict[str, Any]:
        memory = self.limits.memory_bytes + ENGINES_MEMORY
        return {
            "mem_limit": memory,
            "memswap_limit": memory,
            "pids_limit": self.limits.processes + ENGINES_PROCESSES,
            "cpu_period": 100_000,
            "cpu_quota": (self.limits.processors + 1) * 100_000,
        }

    def _answers(self, container: Container) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_running():
            container.reload()
            ended = container.status in ("exited", "dead")
            if ended and container.attrs["State"]["ExitCode"] == NO_TEMPLATE:
                container.remove()
                return False
            if ended:
                last = _last(container)
                raise EngineUnavailable(f"the container of a grading engine did not start: {last}")
            if time.monotonic() > deadline:
                raise EngineUnavailable(
                    f"a grading engine was started in a container, and {self.socket} does not "
                    f"answer: is the Docker at {self.outer} in a virtual machine?"
                )
            time.sleep(0.05)
        return True


def volume_of(folder: Path) -> str:
    """The volume of the grading engines whose folders are in `folder`."""
    return f"course-grading-{_short(folder)}"


def remove_all(client: docker.DockerClient, folder: Path) -> None:
    """Remove what engines with folders in `folder` kept on this Docker: the volume, the image."""
    with suppress(NotFound):
        client.volumes.get(volume_of(folder)).remove()
    remove_box_image(client)


def _refuse_desktop(client: docker.DockerClient) -> None:
    """Docker Desktop is a virtual machine: a socket in a shared folder does not come through."""
    if client.info().get("OperatingSystem") == "Docker Desktop":
        raise EngineUnavailable(
            "grading cannot use Docker Desktop yet, which is a virtual machine: "
            "run this on Linux with Docker Engine, or as root on Linux"
        )


@contextmanager
def _client_of(host: str) -> Iterator[docker.DockerClient]:
    try:
        with closing(docker.DockerClient(base_url=host)) as client:
            yield client
    except NotFound as error:
        raise EngineUnavailable("the grading engine died") from error
    except NO_ANSWER as error:
        raise EngineUnavailable(
            f"the Docker at {host} fails a grading engine: {reason(error)}"
        ) from error


def _last(container: Container) -> str:
    return " | ".join(container.logs(tail=3).decode(errors="replace").splitlines())


def _lines(rows: dict[str, int | str]) -> str:
    return "".join(f"{file} {value}\n" for file, value in rows.items())


def _short(what: object) -> str:
    return hashlib.sha256(str(what).encode()).hexdigest()[:8]
