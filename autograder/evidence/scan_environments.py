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
from collections.abc import Iterator

MOST_CHARACTERS = 40_000  # for each root: what a builder passes on of a step's output is limited
MOST_BYTES = 60
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
        for name in sorted(name for name in names if name.endswith(".dist-info")):
            row = distribution(os.path.join(folder, name), name)
            if row[0] not in wanted:
                continue
            left -= 0 if row[0] in found.get(path, {}) else len(json.dumps([row, path]))
            if left >= 0:
                found.setdefault(path, {})[row[0]] = row
    return [{"path": p, "distributions": [*rows.values()]} for p, rows in sorted(found.items())]


def folders_of(root: str) -> Iterator[tuple[str, list[str]]]:
    """Every folder to look at, with the names of those in it; any depth, and no link."""
    ahead = [root]
    while ahead:
        folder = ahead.pop()
        try:
            names = [e.name for e in os.scandir(folder) if e.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        if folder == root:
            names = [name for name in names if name not in SKIP]
        yield folder, names
        # Nothing that can be imported from stands deeper than an environment's own folder.
        if os.path.basename(folder) not in {"site-packages", "dist-packages"}:
            ahead += [os.path.join(folder, n) for n in names if not n.endswith(".dist-info")]


def distribution(folder: str, name: str) -> list[object]:
    """Name, version, installer, mtime and ctime (ns) of one dist-info folder.

    A time that is still to come is 0: it was set by hand, or by a clock that ran ahead.
    """
    stem, _, version = name.removesuffix(".dist-info").partition("-")
    canonical = re.sub(r"[-_.]+", "-", stem).lower()  # PEP 503
    try:
        told = os.lstat(folder)
        now = time.time_ns()
        times = [t if t <= now else 0 for t in (told.st_mtime_ns, told.st_ctime_ns)]
    except OSError:
        times = [0, 0]
    return [canonical, version[:MOST_BYTES], first_line(folder + "/INSTALLER"), *times]


def first_line(path: str) -> str:
    """A short regular file's first line, or nothing: a pipe or a device must not be opened."""
    if os.path.islink(path) or not os.path.isfile(path):
        return ""
    try:
        with open(path, "rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
            return text.strip().partition("\n")[0].strip()
    except OSError:
        return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
