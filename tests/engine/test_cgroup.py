"""The limits of a control group, written to a folder tree that looks like the kernel's."""

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.engine.cgroup import limit
from autograder.errors import EngineUnavailable
from autograder.limits import LIMITS

GROUP = "/course-1/hand-in"
SMALL = replace(LIMITS, memory_bytes=10**9, processes=100, processors=2)


def make(top: Path, *names: str) -> None:
    """Make control files, which the kernel makes with their folders."""
    for name in names:
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def written(top: Path) -> dict[str, str]:
    """The control files that were written to, and what they say."""
    files = (path for path in top.rglob("*") if path.is_file())
    told = {str(path.relative_to(top)): path.read_text() for path in files}
    return {name: text for name, text in told.items() if text}


UNIFIED = (
    "cgroup.controllers",
    "cgroup.subtree_control",
    "course-1/cgroup.subtree_control",
    "course-1/hand-in/memory.max",
    "course-1/hand-in/pids.max",
    "course-1/hand-in/cpu.max",
)
SEVERAL = (
    "memory/course-1/hand-in/memory.limit_in_bytes",
    "pids/course-1/hand-in/pids.max",
    "cpu/course-1/hand-in/cpu.cfs_period_us",
    "cpu/course-1/hand-in/cpu.cfs_quota_us",
)


@pytest.mark.parametrize("swap", [True, False])
def test_version_2(tmp_path: Path, swap: bool) -> None:
    """The groups above hand the controllers down; a kernel may count no swap."""
    of_swap = "course-1/hand-in/memory.swap.max"
    make(tmp_path, *UNIFIED, *([of_swap] if swap else []))
    limit(GROUP, SMALL, top=tmp_path)
    assert written(tmp_path) == {
        "cgroup.subtree_control": "+memory +pids +cpu",
        "course-1/cgroup.subtree_control": "+memory +pids +cpu",
        "course-1/hand-in/memory.max": "1000000000",
        "course-1/hand-in/pids.max": "100",
        "course-1/hand-in/cpu.max": "200000 100000",
    } | ({of_swap: "0"} if swap else {})


@pytest.mark.parametrize("swap", [True, False])
def test_version_1(tmp_path: Path, swap: bool) -> None:
    """Swap is no way around the limit on memory."""
    of_swap = "memory/course-1/hand-in/memory.memsw.limit_in_bytes"
    make(tmp_path, *SEVERAL, *([of_swap] if swap else []))
    limit(GROUP, SMALL, top=tmp_path)
    assert written(tmp_path) == {
        "memory/course-1/hand-in/memory.limit_in_bytes": "1000000000",
        "pids/course-1/hand-in/pids.max": "100",
        "cpu/course-1/hand-in/cpu.cfs_period_us": "100000",
        "cpu/course-1/hand-in/cpu.cfs_quota_us": "200000",
    } | ({of_swap: "1000000000"} if swap else {})


@pytest.mark.parametrize("names", [UNIFIED, SEVERAL])
@pytest.mark.parametrize("lost", ["memory", "pids", "cpu"])
def test_without_a_limit_nothing_is_graded(
    tmp_path: Path, names: tuple[str, ...], lost: str
) -> None:
    make(tmp_path, *(name for name in names if f"hand-in/{lost}." not in name))
    with pytest.raises(EngineUnavailable, match=rf"take no limits \(.*hand-in/{lost}\."):
        limit(GROUP, SMALL, top=tmp_path)
