"""What a learner hands in: a Dockerfile and companions, taken from a folder as data."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import BadInput
from autograder.facts.dockerfile import Dockerfile, parse

MOST_BYTES = 1_000_000
MOST_FILES = 200
_IGNORED_FOLDERS = {".git", "__pycache__", ".ipynb_checkpoints", ".venv", ".mypy_cache"}
_IGNORED_ENDINGS = (".ipynb", ".pyc")


@dataclass(frozen=True)
class HandIn:
    """The learner's own files: path inside the folder -> bytes."""

    files: Mapping[str, bytes]

    @property
    def dockerfile(self) -> Dockerfile:
        """The parsed Dockerfile. Raises BadInput, with the line, when it cannot be one."""
        text = self.files["Dockerfile"]
        try:
            return parse(text.decode())
        except UnicodeDecodeError as error:
            raise BadInput("the Dockerfile is not text in UTF-8") from error


def read_hand_in(folder: Path) -> HandIn:
    """Take the regular files of a folder, each at most 1 MB and inside it.

    Raises BadInput for a folder or a Dockerfile that is not there, for a file that is too large,
    and for a link that leads out of the folder.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder")
    root = folder.resolve()
    files: dict[str, bytes] = {}
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        files[name] = _read(path, name, root)
        if len(files) > MOST_FILES:
            raise BadInput(
                f"{folder} holds more than {MOST_FILES} files: hand in only what is needed"
            )
    if "Dockerfile" not in files:
        raise BadInput(f"there is no Dockerfile in {folder}")
    if not files["Dockerfile"].strip():
        raise BadInput(f"the Dockerfile in {folder} is empty")
    return HandIn(files)


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(set(folders) - _IGNORED_FOLDERS)
        for name in folders:
            if (linked := Path(folder, name)).is_symlink():
                raise BadInput(
                    f"{linked.relative_to(root)} is a link to a folder: hand in the files"
                )
        for name in sorted(names):
            if not name.endswith(_IGNORED_ENDINGS):
                yield Path(folder, name)


def _read(path: Path, name: str, root: Path) -> bytes:
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            raise BadInput(f"{name} is a link that leads out of the folder")
        # Non-blocking, and judged by the open file: a pipe must not hang, a swap must not deceive.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{name} is not a regular file")
        if status.st_size > MOST_BYTES:
            raise BadInput(f"{name} is larger than 1 MB: hand in only what the build needs")
        return file.read(MOST_BYTES)
