"""What the Assignment List of JupyterLab offers, and a learner's own copy of each assignment."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder import lab, places
from autograder.ready import say

EXCHANGE = ".exchange"
COURSE = "container-course"
"""As nbgrader_config.py has them; a class with an exchange elsewhere releases there by itself."""

NBGRADER_SECONDS = 300
"""For copying a few files: on a busy machine its own start takes longest."""

LEFT_BY_RUNNING = {"__pycache__", ".ipynb_checkpoints"}


def offer_assignments() -> None:
    """Have nbgrader release and fetch what the exchange and the learner do not have yet."""
    exchange = places.project() / EXCHANGE
    exchange.mkdir(exist_ok=True)
    for released in sorted((places.project() / "release").glob("*/")):
        offered = exchange / COURSE / "outbound" / released.name
        if contents(released) != contents(offered):
            say(f"Offering {released.name} in the Assignment List …")
            nbgrader("release_assignment", released.name, "--force")
        # A copy to work in, so that nobody writes into release/. One that is there stays as it is.
        if not (places.project() / released.name).exists():
            nbgrader("fetch_assignment", released.name)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}


def files(folder: Path) -> Iterator[Path]:
    """The files of an assignment, without what running a notebook leaves."""
    for path in folder.rglob("*"):
        if path.is_file() and not LEFT_BY_RUNNING & set(path.relative_to(folder).parts):
            yield path


def nbgrader(command: str, *arguments: str) -> None:
    """Run one nbgrader command; a failure is told, and the lessons go on without."""
    try:
        done = subprocess.run(
            [Path(sys.executable).with_name("nbgrader"), command, *arguments],
            cwd=places.project(),
            env=lab.environment({}),
            capture_output=True,
            text=True,
            timeout=NBGRADER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        say(f"  nbgrader {command} failed: it did not end in {NBGRADER_SECONDS} s")
        return
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        say(f"  nbgrader {command} failed: {reason}")
