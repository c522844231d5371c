"""Runs inside a helper container: which of some packages are installed under each folder.

Arguments: the packages' names, comma-separated, then folders that hold an image's files. Prints one
JSON line. The files are a stranger's: they are read, never run, in bounded amounts, and links are
not followed. Standard library only, and nothing of the course: the helper image has only Python.
"""

import json
import os
import re
import sys

MOST_ENVIRONMENTS = 40
MOST_BYTES = 300
SKIP = {"proc", "sys", "dev"}


def main(names: str, *roots: str) -> None:
    """Print what is found under each root."""
    wanted = set(names.split(","))
    print("FOUND " + json.dumps([scan(root, wanted) for root in roots]), flush=True)


def scan(root: str, wanted: set[str]) -> list[dict[str, object]]:
    """The folders under a root that hold any wanted package."""
    found: dict[str, list[list[object]]] = {}
    for folder, folders, _ in os.walk(root, followlinks=False):
        if folder == root:
            folders[:] = [name for name in folders if name not in SKIP]
        here = [name for name in folders if name.endswith(".dist-info")]
        for name in sorted(here):
            row = distribution(os.path.join(folder, name), name)
            if row[0] in wanted:
                found.setdefault("/" + os.path.relpath(folder, root), []).append(row)
        # Nothing that can be imported from stands deeper than an environment's own folder.
        inside = os.path.basename(folder) in {"site-packages", "dist-packages"}
        folders[:] = [] if inside else [n for n in folders if not n.endswith(".dist-info")]
        if len(found) >= MOST_ENVIRONMENTS:
            break
    return [{"path": path, "distributions": rows} for path, rows in sorted(found.items())]


def distribution(folder: str, name: str) -> list[object]:
    """Name, version, installer and modification time (ns) of one dist-info folder."""
    stem, _, version = name.removesuffix(".dist-info").partition("-")
    canonical = re.sub(r"[-_.]+", "-", stem).lower()  # PEP 503
    try:
        modified = os.lstat(folder).st_mtime_ns
    except OSError:
        modified = 0
    return [canonical, version, first_line(os.path.join(folder, "INSTALLER")), modified]


def first_line(path: str) -> str:
    """A short regular file's first line, or nothing: a pipe or a device must not be opened."""
    if os.path.islink(path) or not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "replace").strip().partition("\n")[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
