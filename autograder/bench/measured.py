"""A command, timed and weighed while it runs."""

import contextlib
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

from autograder.errors import NotJudged

SAMPLE_SECONDS = 0.5
END_SECONDS = 60


@dataclass(frozen=True)
class Measured:
    """What a command came to. peak_rss_bytes: of it and all its children, sampled."""

    seconds: float
    peak_rss_bytes: int


def measured(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
) -> Measured:
    """Run a command to its end. Raises NotJudged with its last line unless it succeeds.

    An engine that it starts is no child of it and is not weighed: what builds take is the builds'.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as err:
        began, peak = monotonic(), 0
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,  # so that Ctrl-C reaches it once, from below
        )
        try:
            while process.poll() is None:
                peak = max(peak, _resident(process.pid))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(SAMPLE_SECONDS)
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.send_signal(signal.SIGINT)  # it has engines to end
                process.wait(END_SECONDS)
            process.kill()
            process.wait()
        seconds = monotonic() - began
        err.seek(0)
        if process.returncode:
            last = (err.read().strip().splitlines() or ["it said nothing"])[-1]
            raise NotJudged(f"{' '.join(command[-3:])} ended with {process.returncode}: {last}")
        return Measured(seconds, peak)


def _resident(pid: int) -> int:
    """Bytes of memory that a process and its children hold; those that end meanwhile hold none."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += one.memory_info().rss
    return total
