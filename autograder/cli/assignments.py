"""What the Assignment List of JupyterLab offers: release/, put into nbgrader's exchange."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from autograder import lab, places
from autograder.ready import say

EXCHANGE = ".exchange"
COURSE = "container-course"
"""As nbgrader_config.py has them; a class with an exchange elsewhere releases there by itself."""

LEFT_BY_RUNNING = {"__pycache__", ".ipynb_checkpoints"}


def offer_assignments() -> None:
    """Have nbgrader release every assignment that the exchange does not hold as it is now."""
    exchange = places.project() / EXCHANGE
    exchange.mkdir(exist_ok=True)
    for released in sorted((places.project() / "release").glob("*/")):
        offered = exchange / COURSE / "outbound" / released.name
        if contents(released) != contents(offered):
            say(f"Offering {released.name} in the Assignment List …")
            release(released.name)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}


def files(folder: Path) -> Iterator[Path]:
    """The files of an assignment, without what running a notebook leaves."""
    for path in folder.rglob("*"):
        if path.is_file() and not LEFT_BY_RUNNING & set(path.relative_to(folder).parts):
            yield path


def release(assignment: str) -> None:
    """Copy one assignment to the exchange; a failure is told, and the lessons go on without."""
    nbgrader = Path(sys.executable).with_name("nbgrader")
    done = subprocess.run(
        [nbgrader, "release_assignment", assignment, "--force"],
        cwd=places.project(),
        env=lab.environment({}),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        say(f"  nbgrader could not offer it: {reason}")
