"""The processes of an engine of ours: found without pid files, ended to the last one.

A pid file lies after a crash or a reboot. dockerd hands its environment down to containerd and
the shims, so a mark in there finds them all; containers are found by the engine's control group.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

MARK = "COURSE_ENGINE"
"""The environment variable whose value, the engine's run folder, marks its processes."""

GRACE_SECONDS = 2

CGROUPS = Path("/sys/fs/cgroup")


def marked(run: Path, command: str = "") -> list[int]:
    """The living processes of the engine at `run`, all or those named `command`."""
    mark = f"{MARK}={run}".encode()
    found = []
    for pid in _pids():
        # A process may end while we look; a zombie's environment reads as empty.
        with suppress(OSError):
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            if mark in environment and command in ("", name):
                found.append(pid)
    return found


def lives(pid: int) -> bool:
    """Whether a process with this id exists, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(run: Path, cgroup: str, patience: float) -> None:
    """End the engine at `run` and its containers, dockerd last of all so that it may tidy up.

    Containers get GRACE_SECONDS to stop, dockerd as many seconds as `patience` says.
    """
    _kill(marked(run, "dockerd"), signal.SIGTERM)
    started = time.monotonic()
    while marked(run, "dockerd") and time.monotonic() < started + patience:
        if time.monotonic() > started + GRACE_SECONDS:
            # dockerd itself would wait ten seconds for a container that is deaf to SIGTERM.
            _kill(_contained(cgroup), signal.SIGKILL)
        time.sleep(0.05)
    deadline = time.monotonic() + 10
    while (left := {*marked(run), *_contained(cgroup)}) and time.monotonic() < deadline:
        _kill(left, signal.SIGKILL)
        time.sleep(0.05)
    _remove_cgroups(cgroup)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _kill(pids: list[int] | set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _contained(cgroup: str) -> list[int]:
    """The living processes inside the control group, under cgroups v1 and v2."""
    found = []
    for pid in _pids():
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/cgroup").read_text()
            alive = Path(f"/proc/{pid}/cmdline").read_bytes() != b""
            if alive and any(f":/{cgroup}" in line for line in lines.splitlines()):
                found.append(pid)
    return found


def _remove_cgroups(cgroup: str) -> None:
    for top in {*CGROUPS.glob(cgroup), *CGROUPS.glob(f"*/{cgroup}")}:
        for folder, _, _ in os.walk(top, topdown=False):
            # The kernel holds a group for a moment after its last process ended.
            with suppress(OSError):
                Path(folder).rmdir()
