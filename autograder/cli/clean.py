"""`./course clean`: removes all that the course made, after saying what that is."""

import os
from pathlib import Path

import typer

from autograder import places
from autograder.cli.start import stop
from autograder.engine.find import MADE
from autograder.engine.find import clean as clean_engines
from autograder.errors import BadInput
from autograder.ready import say

MEGABYTE = 1_000_000


def clean(*, yes: bool) -> None:
    """List what is there with its size, ask, end what runs and remove it."""
    found = {folder: size_of(folder) for folder in made() if folder.exists()}
    if not found:
        say(f"There is nothing to remove in {places.home()}.")
        return
    for folder, size in found.items():
        say(f"{size / MEGABYTE:8,.0f} MB  {folder}")
    if not (yes or confirmed()):
        say("Nothing was removed.")
        return
    stop()
    clean_engines(say)
    leave_no_empty_home()
    say("Removed. .venv and the repository stay; delete the repository's folder to remove those.")


def made() -> list[Path]:
    """The folders that the course makes in its home."""
    return [places.home() / name for name in MADE]


def size_of(folder: Path) -> int:
    """Bytes on disk, hard links counted once; what may not be read counts as nothing."""
    seen: dict[tuple[int, int], int] = {}
    for where, _, files in os.walk(folder):
        for name in files:
            try:
                status = os.lstat(os.path.join(where, name))  # noqa: PTH118 - 100,000 files
            except OSError:
                continue
            seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def confirmed() -> bool:
    """Ask on a terminal; elsewhere only `--yes` will do."""
    try:
        return typer.confirm("Remove all of this?", err=True)
    except typer.Abort:
        raise BadInput("nothing was removed: confirm with --yes") from None


def leave_no_empty_home() -> None:
    """Remove the home folder itself when nothing else is in it."""
    home = places.home()
    if home.is_dir() and not any(home.iterdir()):
        home.rmdir()
