"""A build that fills the disk, on an engine whose disk is small: the hand-in's doing, or not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.engine.find import answering
from autograder.engine.own import OwnEngine, course_engine
from autograder.ready import equip

pytestmark = pytest.mark.engine_matrix
STEP_3 = "step-3-pin-and-split"
DISK_BYTES = 4_000_000_000
FILL = "FROM python:3.11\nRUN dd if=/dev/zero of=/full bs=4M\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    """An engine of our own with its data on a file system of its own, base images and index."""
    folder = tmp_path_factory.mktemp("small")
    data, disk = folder / "data", folder / "disk"
    data.mkdir()
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    subprocess.run(["mount", "-o", "loop", disk, data], check=True)
    own = OwnEngine(course_engine().root, folder / "run", data, own_network=True)
    try:
        own.start(print)
        found = answering(own.host, ours=True)
        assert found is not None
        equip(found, own, print)
        yield own
    finally:
        own.stop()
        subprocess.run(["umount", data], check=True)


def check(engine: OwnEngine, folder: Path, code: int) -> dict[str, Any]:
    (folder / "Dockerfile").write_text(FILL)
    done = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "check", STEP_3, folder, "--json"],
        env={**os.environ, "DOCKER_HOST": engine.host},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    return dict(json.loads(done.stdout))


def test_a_build_that_fills_the_disk_fails(engine: OwnEngine, tmp_path: Path) -> None:
    free = os.statvfs(engine.data)
    told = check(engine, tmp_path, 1)
    assert told["score"] == 0
    for row in told["checks"]:
        assert row["seen"].startswith("the build filled the disk, which had ")
        assert row["line"] == 2
    left = os.statvfs(engine.data)
    assert (free.f_bfree - left.f_bfree) * free.f_frsize < 50_000_000


def test_a_disk_that_was_full_is_nobody_s_fault(engine: OwnEngine, tmp_path: Path) -> None:
    room = os.statvfs(engine.data)
    ballast = engine.data / "ballast"
    keep = 100_000_000
    subprocess.run(
        ["fallocate", "-l", str(room.f_bavail * room.f_frsize - keep), ballast], check=True
    )
    try:
        told = check(engine, tmp_path, 3)
    finally:
        ballast.unlink()
    assert told["score"] is None
    assert {row["outcome"] for row in told["checks"]} == {"not_judged"}
    assert all("disk" in row["seen"] for row in told["checks"])
