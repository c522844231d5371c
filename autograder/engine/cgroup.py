"""A control group with limits, under cgroups v1 and v2.

https://docs.kernel.org/admin-guide/cgroup-v1/ and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from pathlib import Path

from autograder.engine.processes import CGROUPS
from autograder.errors import EngineUnavailable
from autograder.limits import Limits

_PERIOD = 100_000  # microseconds, the kernel's own default
OF_SWAP = {"memory.swap.max", "memory.memsw.limit_in_bytes"}
"""What a kernel without swap accounting has not, and need not have."""


def limit(group: str, limits: Limits, top: Path = CGROUPS) -> None:
    """Make the group (such as `/course-1/hand-in`) with these limits on all that is in it.

    Raises EngineUnavailable where the kernel does not take them: without limits nothing is graded.
    """
    unified = (top / "cgroup.controllers").exists()
    if unified:
        _delegate(top, group)
    for name, value in rows(group, limits, unified=unified).items():
        file = top / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, str(value), optional=file.name in OF_SWAP)
        except OSError as error:
            raise EngineUnavailable(
                f"this machine's control groups take no limits ({file}: {error.strerror})"
            ) from error


def rows(group: str, limits: Limits, *, unified: bool) -> dict[str, int | str]:
    """What to write into which file below /sys/fs/cgroup, in order; `unified` is version 2."""
    quota = limits.processors * _PERIOD
    if unified:
        values: dict[str, int | str] = {
            "memory.max": limits.memory_bytes,
            "memory.swap.max": 0,
            "pids.max": limits.processes,
            "cpu.max": f"{quota} {_PERIOD}",
        }
    else:
        values = {
            "memory/memory.limit_in_bytes": limits.memory_bytes,
            "memory/memory.memsw.limit_in_bytes": limits.memory_bytes,  # swap does not add to it
            "pids/pids.max": limits.processes,
            "cpu/cpu.cfs_period_us": _PERIOD,
            "cpu/cpu.cfs_quota_us": quota,
        }
    return {str(_in(group, Path(name))): value for name, value in values.items()}


def _in(group: str, file: Path) -> Path:
    return file.parent / group.strip("/") / file.name


def _delegate(top: Path, group: str) -> None:
    """Let every group on the way hand memory, processes and processors down (v2 only)."""
    folder = top
    for name in group.strip("/").split("/"):
        _write(folder / "cgroup.subtree_control", "+memory +pids +cpu")
        folder /= name
        folder.mkdir(exist_ok=True)


def _write(file: Path, text: str, *, optional: bool = False) -> None:
    """Write to a control file; one that does not exist is an error, unless it is optional."""
    if optional and not file.exists():
        return
    with file.open("r+") as control:
        control.write(text)
