"""Docker engines of our own: made from Debian packages, started and stopped by us.

An engine is a dockerd whose `/` is a debootstrapped folder, in a mount namespace of its own: it
needs nothing from the machine but root, and what it mounts vanishes with it.
"""

import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import places
from autograder.engine import names, network, processes
from autograder.engine.rootfs import Say, locked, prepare_root, require_root, require_space
from autograder.errors import EngineUnavailable

START_SECONDS = 60
GONE_SECONDS = 3
"""For which a start that has no process left may be becoming another program: it has no readable
mark in that moment, which is long where much else is loaded."""
STOP_SECONDS = 20
CACHE_BYTES = 10_000_000_000
"""What builds may leave behind for the next ones."""
CACHE_MINUTES = 30
"""For how long a build's cache stays, whatever its size: longer than any hand-in is judged."""
SOCKET_LENGTH = 107
"""Bytes that Linux allows in a Unix socket's path: unix(7)."""
INSIDE = "/run/course"
"""Where the engine sees its run folder."""

ENTER = """
set -eu
mount --bind "$ROOT" "$ROOT"
mount --make-unbindable "$ROOT"  # so that the loop does not bind the root into itself
for folder in /*; do
    case $folder in
        /dev | /proc | /sys) ;;
        /bin | /boot | /etc | /lib* | /lost+found | /run | /sbin | /usr | /var) continue ;;
        *) [ -n "$SHARED" ] || continue ;;
    esac
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    mkdir -p "$ROOT$folder"
    mount --rbind "$folder" "$ROOT$folder" || echo "the engine will not see $folder"
done
mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
mkdir -p "$ROOT/run/course" "$ROOT/var/lib/docker"
mount --bind "$RUN" "$ROOT/run/course"
if [ -n "$DISK" ]; then
    mount -o loop "$DISK" "$ROOT/var/lib/docker"  # gone with the namespace, loop device too
else
    mount --bind "$DATA" "$ROOT/var/lib/docker"
fi
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && [ -f "$ROOT$file" ] && mount --bind "$file" "$ROOT$file" || :
done
mount --make-private "$ROOT"  # runc binds from /, which an unbindable mount refuses
cd "$ROOT"
pivot_root . .
umount -l .
ip link set lo up
ip link add "$BRIDGE" type bridge
ip address add "$ADDRESS" dev "$BRIDGE"
ip link set "$BRIDGE" up
dnsmasq --conf-file=/run/course/dnsmasq.conf
exec dockerd "$@"
"""
"""Enters the engine's root (pivot_root onto itself needs no second folder), becomes dockerd."""


@dataclass(frozen=True)
class OwnEngine:
    """A Docker engine that we start and stop; nothing of it outlives `stop` but `data`."""

    root: Path
    """The Debian folder it runs in; several engines may share one."""
    run: Path
    """Its socket, log and lock."""
    data: Path
    """Its images, containers and volumes."""
    suite: str = "trixie"
    """The Debian suite that `root` is made from when it is not there."""
    own_network: bool = False
    """Whether it lives in a network namespace that holds nothing else, not on the host's."""
    dockerd_args: tuple[str, ...] = ()
    disk: Path | None = None
    """A file system in a file that holds the data, so that they can be no larger than it."""
    cache_bytes: int = CACHE_BYTES
    """What its builds may leave behind."""
    cache_minutes: float = CACHE_MINUTES
    """For how long it stays whatever its size."""

    @property
    def host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.socket}"

    @property
    def socket(self) -> Path:
        """The engine's Unix socket."""
        return self.run / "docker.sock"

    @property
    def name(self) -> str:
        """Short and unique on this machine: its control group and its bridge are called so."""
        return "course-" + hashlib.sha256(str(self.run).encode()).hexdigest()[:8]

    @property
    def cgroup_parent(self) -> str:
        """The control group of its containers and build steps."""
        return f"/{self.name}"

    @property
    def index_cgroup(self) -> str:
        """The control group of the package index; `` where that is the engine's own."""
        return ""

    def is_running(self) -> bool:
        """Whether it answers a ping now."""
        return answers(self.socket)

    def start(self, say: Say) -> None:
        """Make it answer, preparing its root first if need be. Raises EngineUnavailable."""
        if self.is_running():
            return
        require_root("a Docker engine of our own")
        require_short(self.socket)
        prepare_root(self.root, self.suite, say)
        with self._locked():
            if self.is_running():
                return
            self._clear()
            require_space(self.data, 1_000_000_000, "a Docker engine")
            self._launch()
            self._wait()

    def stop(self) -> None:
        """End it with all its processes; remove its mounts, bridges, rules and control groups."""
        if self.run.is_dir():
            with self._locked():
                self._clear()

    def point_index_at(self, address: str) -> None:
        """Let builds and containers find the package index at `address`, from now on."""
        names.point_index_at(self.run, address)

    @property
    def index_address(self) -> str | None:
        """Where builds and containers find the package index; None while it is nowhere."""
        return names.index_address(self.run)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.data.mkdir(parents=True, exist_ok=True)
        with locked(self.run / "lock"):
            yield

    def _clear(self) -> None:
        """End what is left of an earlier life, however it died."""
        processes.end(self.run, self.name, STOP_SECONDS)
        network.restore(self.run, self.root, self.data, self.name)
        self.socket.unlink(missing_ok=True)

    def _launch(self) -> None:
        subnet = network.choose_subnet(self.data, own_network=self.own_network)
        gateway = str(subnet[1])
        if not self.own_network:
            network.remember(self.run, self.root)
        names.configure(self.run, INSIDE, gateway)
        (self.run / "daemon.json").write_text(
            json.dumps(settings(self.cache_bytes, self.cache_minutes))
        )
        command = ["setsid", "--fork", "unshare", "--mount"]
        command += ["--net"] if self.own_network else []
        command += ["sh", "-c", ENTER, "dockerd", f"--host=unix://{INSIDE}/docker.sock"]
        command += [f"--config-file={INSIDE}/daemon.json"]
        command += [f"--bridge={self.name}", f"--dns={gateway}"]
        command += [f"--cgroup-parent={self.cgroup_parent}"]
        command += ["--exec-opt=native.cgroupdriver=cgroupfs", "--shutdown-timeout=5"]
        with (self.run / "dockerd.log").open("w") as log:
            subprocess.run(
                [*command, *self.dockerd_args],
                env=self._environment(f"{gateway}/{subnet.prefixlen}"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )

    def _environment(self, address: str) -> dict[str, str]:
        proxies = ("http_proxy", "https_proxy", "no_proxy")
        kept = {name: value for name, value in os.environ.items() if name.lower() in proxies}
        return kept | {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/",
            "GOGC": "400",  # a third of its work is to look for garbage, most of it in its cache
            processes.MARK: str(self.run),
            "ROOT": str(self.root),
            "RUN": str(self.run),
            "DATA": str(self.data),
            "DISK": str(self.disk or ""),
            "SHARED": "" if self.own_network else "yes",
            "BRIDGE": self.name,
            "ADDRESS": address,
        }

    def _wait(self) -> None:
        """Wait for an answer; a start that died or hangs is cleared away and explained."""
        deadline = time.monotonic() + START_SECONDS
        seen = time.monotonic()
        while not self.is_running():
            if set(processes.marked(self.run)) > set(processes.marked(self.run, "dnsmasq")):
                seen = time.monotonic()
            if time.monotonic() > min(deadline, seen + GONE_SECONDS):
                self._clear()
                log = self.run / "dockerd.log"
                last = " | ".join(log.read_text(errors="replace").splitlines()[-3:])
                raise EngineUnavailable(f"our Docker engine did not start: {last} (see {log})")
            time.sleep(0.05)


def answers(path: Path) -> bool:
    """Whether an engine answers a ping at a Unix socket now."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(3)
        line.connect(str(path))
        line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in line.recv(64)
    return False


def require_short(path: Path) -> None:
    """Raise EngineUnavailable for a socket's path that Linux would refuse."""
    if len(str(path)) > SOCKET_LENGTH:
        raise EngineUnavailable(f"{path} is too long for a socket: shorten COURSE_HOME")


def settings(
    cache_bytes: int = CACHE_BYTES, cache_minutes: float = CACHE_MINUTES
) -> dict[str, Any]:
    """What dockerd takes from a file only: before Docker 28 it collects no garbage by itself.

    Without an age it would drop what a hand-in's first build left before its rebuild looks for it:
    BuildKit weighs how often a record was used as much as when.
    """
    age = f"unused-for={cache_minutes * 60:g}s"
    rule = {"all": True, "keepStorage": f"{cache_bytes}B", "filter": [age]}
    return {"builder": {"gc": {"enabled": True, "policy": [rule]}}}


def course_engine() -> OwnEngine:
    """The learner's engine, on the host's network so that published ports reach the browser."""
    folder = places.home().resolve() / "engine"
    return OwnEngine(root=folder / "root", run=folder / "run", data=folder / "data")


def compat_engines() -> dict[str, OwnEngine]:
    """The engines that verdicts must agree on, each alone in a network of its own."""
    return {
        "docker-28.5": _compat("docker-28.5", "root-forky", "forky"),
        "docker-28.5-containerd": _compat(
            "docker-28.5-containerd", "root-forky", "forky", "--feature=containerd-snapshotter=true"
        ),
        "debian-20.10": _compat("debian-20.10", "root-bookworm", "bookworm"),
    }


def _compat(name: str, root: str, suite: str, *dockerd_args: str) -> OwnEngine:
    folder = places.home().resolve() / "engine"
    return OwnEngine(
        root=folder / root,
        run=folder / name / "run",
        data=folder / name / "data",
        suite=suite,
        own_network=True,
        dockerd_args=dockerd_args,
    )
