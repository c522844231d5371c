"""Runs inside a helper container: which of some packages are installed under each folder.

Arguments: the packages' names, comma-separated, then folders that hold an image's files. Prints one
JSON line. The files are a stranger's: they are read, never run, in bounded amounts, and links are
not followed. Standard library only, and nothing of the course: the helper image has only Python.
"""

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial

MOST_CHARACTERS = 40_000  # for each root: what a builder passes on of a step's output is limited
MOST_BYTES = 60
MOST_OF_ONE, MOST_RECORD_BYTES = 8, 200_000
INFO = ".dist-info"
SKIP = {"proc", "sys", "dev", ".course-script", ".course-helper"}  # the kernel's, and what we mount


def main(names: str, *roots: str) -> None:
    """Print what is found under each root."""
    wanted = set(names.split(","))
    print("FOUND " + json.dumps([scan(root, wanted) for root in roots]), flush=True)


def scan(root: str, wanted: set[str]) -> list[dict[str, object]]:
    """The folders under a root that hold any wanted package."""
    found: dict[str, dict[object, list[object]]] = {}
    left = MOST_CHARACTERS
    for folder, names in folders_of(root):
        path = os.path.normpath("/" + os.path.relpath(folder, root))
        for name in live(folder, (n for n in names if canonical(n) in wanted)):
            row = distribution(os.path.join(folder, name), name)
            left -= 0 if row[0] in found.get(path, {}) else len(json.dumps([row, path]))
            if left >= 0:
                found.setdefault(path, {})[row[0]] = row
    return [{"path": p, "distributions": [*rows.values()]} for p, rows in sorted(found.items())]


def folders_of(root: str) -> Iterator[tuple[str, list[str]]]:
    """Every folder to look at, with the names of the dist-info folders in it; no link.

    Below an environment's own folder only what is no package can be imported from: a .pth file may
    name it. What a package holds for itself, such as pip's vendored ones, is nobody else's.
    """
    ahead = [(root, False)]
    while ahead:
        folder, inside = ahead.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        if inside and any(entry.name == "__init__.py" for entry in entries):
            continue
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        yield folder, [name for name in names if name.endswith(INFO)]
        inside = inside or os.path.basename(folder) in {"site-packages", "dist-packages"}
        skipped = SKIP if folder == root else set[str]()
        deeper = (name for name in names if not name.endswith(INFO) and name not in skipped)
        ahead += [(os.path.join(folder, name), inside) for name in deeper]


def canonical(name: str) -> str:
    """The package's name in a dist-info folder's: https://peps.python.org/pep-0503/."""
    return re.sub(r"[-_.]+", "-", name.removesuffix(INFO).partition("-")[0]).lower()


def live(folder: str, names: Iterable[str]) -> list[str]:
    """The dist-info folders, one for each package: of two, the one whose RECORD fits what is there.

    An upgrade into a --target folder leaves the old one, and so does one install copied over
    another.
    """
    rows: dict[str, list[str]] = {}
    for name in sorted(names):
        rows.setdefault(canonical(name), []).append(name)
    return [
        max(several[: -MOST_OF_ONE - 1 : -1], key=partial(fitting, folder))
        if len(several) > 1
        else several[0]
        for several in rows.values()
    ]


def fitting(folder: str, name: str) -> float:
    """The share of the files in a RECORD that are there, in the size that it tells.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    sizes = {}
    for row in lines(os.path.join(folder, name, "RECORD"), MOST_RECORD_BYTES):
        path, _, size = row.rstrip().rpartition(",")
        path = path.rpartition(",")[0].strip('"')
        # Programs, outside, are made for each environment, and the record itself is there anyway.
        if size and INFO not in path and not path.startswith(".."):
            sizes[path] = size
    there = 0
    for path, size in sizes.items():
        try:
            there += str(os.lstat(os.path.join(folder, path)).st_size) == size
        except (OSError, ValueError):
            continue
    return there / len(sizes) if sizes else 0.0


def distribution(folder: str, name: str) -> list[object]:
    """Name, version, installer, mtime and ctime (ns) of one dist-info folder.

    A time that is still to come is 0: it was set by hand, or by a clock that ran ahead.
    """
    version = name.removesuffix(INFO).partition("-")[2]
    try:
        told = os.lstat(folder)
        now = time.time_ns()
        times = [t if t <= now else 0 for t in (told.st_mtime_ns, told.st_ctime_ns)]
    except OSError:
        times = [0, 0]
    installer = next((row.strip() for row in lines(folder + "/INSTALLER", MOST_BYTES)), "")
    return [canonical(name), version[:MOST_BYTES], installer, *times]


def lines(path: str, most: int) -> list[str]:
    """A regular file's lines, of so many bytes at most: a pipe or a device must not be opened."""
    if os.path.islink(path) or not os.path.isfile(path):
        return []
    try:
        with open(path, "rb") as file:
            return file.read(most).decode("utf-8", "replace").strip().split("\n")
    except OSError:
        return []


if __name__ == "__main__":
    main(*sys.argv[1:])
