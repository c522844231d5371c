"""A command, timed and weighed while it runs."""

import contextlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

from autograder.errors import NotJudged

SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Measured:
    """What a command came to. peak_rss_bytes: of it and all its children, sampled."""

    seconds: float
    peak_rss_bytes: int
    stdout: str


def measured(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    right: Sequence[int] = (0,),
) -> Measured:
    """Run a command to its end. Raises NotJudged with its last line unless its exit code is right.

    An engine that it starts is no child of it and is not weighed: what builds take is the builds'.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began, peak = monotonic(), 0
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=out, stderr=err)
        try:
            while process.poll() is None:
                peak = max(peak, _resident(process.pid))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(SAMPLE_SECONDS)
        finally:
            process.kill()
            process.wait()
        seconds = monotonic() - began
        out.seek(0)
        err.seek(0)
        if process.returncode not in right:
            last = (err.read().strip().splitlines() or ["it said nothing"])[-1]
            raise NotJudged(f"{' '.join(command[-3:])} ended with {process.returncode}: {last}")
        return Measured(seconds, peak, out.read())


def _resident(pid: int) -> int:
    """Bytes of memory that a process and its children hold; those that end meanwhile hold none."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += one.memory_info().rss
    return total
