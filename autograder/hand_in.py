"""What a learner hands in: a Dockerfile and companions, taken from a folder as data."""

import base64
import json
import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.errors import BadInput
from autograder.facts.dockerfile import Dockerfile, parse

MOST_BYTES = 1_000_000
MOST_FILES = 200
MOST_BYTES_IN_ALL = 20_000_000
"""Of the files together: a hand-in is in memory several times over on its way to who judges it."""
LONGEST_PATH = 1_000
MOST_FOLDERS = 100
"""That one file may be in: each folder is sent to the engine, by its whole path."""
MOST_ENTRIES = 10_000
"""Of files and folders, those that are left out as well: to look at each costs time."""
NO_DOCKERFILE = "there is no Dockerfile yet: write one in the cell above and run that cell"
"""What is said to a notebook whose learner has not begun."""
NBGRADER_FILES = frozenset({"timestamp.txt", "submission_secret.txt"})
"""nbgrader puts these beside a submission; they are no part of what the learner builds."""
GIVEN = "COURSE_HAND_IN"
_ADVICE = "hand in only what the build needs"
_IGNORED_FOLDERS = {".git", "__pycache__", ".ipynb_checkpoints", ".venv", ".mypy_cache"}
_IGNORED_ENDINGS = (".ipynb", ".pyc")
_OF_AN_ENVIRONMENT = "pyvenv.cfg"
"""What makes a folder a virtual environment, whatever it is called: PEP 405."""


@dataclass(frozen=True)
class HandIn:
    """The learner's own files: path inside the folder -> bytes.

    programs: those of them that may be run, as `chmod +x` marks them.
    """

    files: Mapping[str, bytes]
    programs: frozenset[str] = frozenset()

    def without(self, names: Collection[str]) -> "HandIn":
        """The same with some files, or folders, left out."""
        folders = tuple(f"{name}/" for name in names)
        kept = {
            name: data
            for name, data in self.files.items()
            if name not in names and not name.startswith(folders)
        }
        return HandIn(kept, self.programs & kept.keys())

    @property
    def dockerfile(self) -> Dockerfile:
        """The parsed Dockerfile. Raises BadInput, with the line, when it cannot be one."""
        text = self.files["Dockerfile"]
        try:
            return parse(text.decode())
        except UnicodeDecodeError as error:
            raise BadInput("the Dockerfile is not text in UTF-8") from error


def read_hand_in(folder: Path) -> HandIn:
    """Take the regular files of a folder, each at most 1 MB and inside it, all at most 20 MB.

    A virtual environment in it is left out. `dockerfile`, in small letters, will do as for Docker.

    Raises BadInput for a folder or a Dockerfile that is not there, for files that are too large or
    too many, and for a link that leads out of the folder.
    """
    files = as_docker_reads(without_environments(read_files(folder)), folder)
    if "Dockerfile" not in files:
        raise BadInput(f"there is no Dockerfile in {folder}")
    if not files["Dockerfile"].strip():
        raise BadInput(f"the Dockerfile in {folder} is empty")
    root = folder.resolve()
    return HandIn(files, frozenset(name for name in files if _may_be_run(root / name)))


def give(file: Path, hand_in: HandIn | BadInput) -> None:
    """Write a hand-in, or why there is none, where `given_hand_in` will read it."""
    file.write_text(as_json(hand_in))


def as_json(hand_in: HandIn | BadInput) -> str:
    """A hand-in, or why there is none, as JSON text; equal ones give equal text."""
    refused = str(hand_in) if isinstance(hand_in, BadInput) else ""
    given = HandIn({}) if isinstance(hand_in, BadInput) else hand_in
    encoded = {name: base64.b64encode(data).decode() for name, data in sorted(given.files.items())}
    return json.dumps({"refused": refused, "files": encoded, "programs": sorted(given.programs)})


def given_hand_in() -> HandIn | None:
    """What grading gave to build, in the file that `$COURSE_HAND_IN` names; None without one.

    In grading no file of a learner's is laid out where a program could take it for its own.

    Raises BadInput where grading found that there is nothing to build.
    """
    file = os.environ.get(GIVEN)
    if not file:
        return None
    told = json.loads(Path(file).read_text())
    if told["refused"]:
        raise BadInput(told["refused"])
    files = {name: base64.b64decode(data) for name, data in told["files"].items()}
    return HandIn(files, frozenset(told["programs"]))


def dockerfile_in(folder: Path) -> Path | None:
    """The file that Docker would build a folder by, or None: `Dockerfile`, or else `dockerfile`."""
    # By its listing: to a disk that takes capitals for small letters both are always there.
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    return next((folder / name for name in ("Dockerfile", "dockerfile") if name in names), None)


def as_docker_reads(files: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """The folder's files, with a Dockerfile among them where Docker would find one.

    Where no `Dockerfile` is there, `dockerfile` counts; a COPY may still ask for it by its name.
    """
    there = {path.name for path in folder.iterdir()} | {name.partition("/")[0] for name in files}
    if "dockerfile" in files and "Dockerfile" not in there:
        return {**files, "Dockerfile": files["dockerfile"]}
    return files


def without_environments(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that lie in no virtual environment: an image makes its own."""
    marks = (name.rpartition("/") for name in files)
    roots = tuple(f"{top}/" for top, _, last in marks if top and last == _OF_AN_ENVIRONMENT)
    return {name: data for name, data in files.items() if not name.startswith(roots)}


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder as read_hand_in takes them, whether a Dockerfile is there or not.

    Of a virtual environment only its mark is read, by which without_environments knows it. A hard
    link to a file elsewhere is a file of this folder too: nothing tells them apart.

    Raises BadInput as read_hand_in does.
    """
    try:
        found = folder.is_dir()
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror}") from error
    if not found:
        raise BadInput(f"{folder} is not a folder")
    root = folder.resolve()
    files: dict[str, bytes] = {}
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        files[name] = read_inside(root, name)
        refuse_too_much(files)
    return files


def is_left_out(name: str) -> bool:
    """Whether a file of that path would not be taken: a notebook, or what tools leave behind."""
    *folders, last = name.split("/")
    return last.endswith(_IGNORED_ENDINGS) or not _IGNORED_FOLDERS.isdisjoint(folders)


def refuse_too_much(files: Mapping[str, bytes]) -> None:
    """Raise BadInput for more files, more in them, or longer paths than a hand-in may hold."""
    if len(files) > MOST_FILES:
        tops = Counter(name.partition("/")[0] for name in files if "/" in name)
        fullest = "".join(f", at least {n} of them in {top}" for top, n in tops.most_common(1))
        many = f"the folder holds more than {MOST_FILES} files{fullest}"
        raise BadInput(f"{many}: hand in only what is needed")
    if sum(map(len, files.values())) > MOST_BYTES_IN_ALL:
        most = f"{MOST_BYTES_IN_ALL // 1_000_000} MB"
        raise BadInput(f"the folder's files are larger than {most} in all: {_ADVICE}")
    for path in files:
        if len(path) > LONGEST_PATH or path.count("/") > MOST_FOLDERS:
            raise BadInput(
                f"the path {path[:40]}… is longer than {LONGEST_PATH} characters, or leads through"
                f" more than {MOST_FOLDERS} folders"
            )


def refuse_too_large(name: str, size: int, most: int = MOST_BYTES, advice: str = _ADVICE) -> None:
    """Raise BadInput for a file of more than `most` bytes, and advise."""
    if size > most:
        raise BadInput(f"{name} is larger than {most // 1_000_000} MB: {advice}")


def _may_be_run(path: Path) -> bool:
    """Whether its owner may run it: who builds is root, and Docker sends the owner's bits."""
    try:
        return bool(path.stat().st_mode & stat.S_IXUSR)
    except OSError:  # it went away after it was read
        return False


def _walk(root: Path) -> Iterator[Path]:
    """The files of a folder and of those in it, any depth, in a fixed order.

    Of a virtual environment, whose folders hold thousands of files and links, its mark alone.
    """
    ahead, seen = [root], 0
    while ahead:
        here = ahead.pop()
        try:
            with os.scandir(here) as found:
                some = islice(found, MOST_ENTRIES + 1)
                entries = sorted(some, key=lambda entry: entry.name)
        except OSError as error:
            name = "the folder" if here == root else here.relative_to(root).as_posix()
            raise BadInput(f"{name} cannot be read: {error.strerror}") from error
        if here != root:
            marks = [entry for entry in entries if entry.name == _OF_AN_ENVIRONMENT]
            entries = [mark for mark in marks if mark.is_file(follow_symlinks=False)] or entries
        seen += len(entries)
        if seen > MOST_ENTRIES:
            many = f"the folder holds more than {MOST_ENTRIES} files and folders"
            raise BadInput(f"{many}: hand in only what is needed")
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _IGNORED_FOLDERS:
                    ahead.append(path)
            elif entry.is_symlink() and path.is_dir():
                raise BadInput(f"{path.relative_to(root)} is a link to a folder: hand in the files")
            elif not entry.name.endswith(_IGNORED_ENDINGS):
                yield path


def read_inside(root: Path, name: str, most: int = MOST_BYTES, advice: str = _ADVICE) -> bytes:
    """One file of a folder, whose path `root` has no links in it.

    Raises BadInput for what cannot be opened, is not a regular file, is reached through a link
    that leads out of the folder, or is larger than `most` bytes.
    """
    path = root / name
    try:
        target = Path(os.path.realpath(path, strict=True))
        if not target.is_relative_to(root):
            raise BadInput(f"{name} is a link that leads out of the folder")
        # Non-blocking, and judged by the open file: a pipe must not hang, a swap must not deceive.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{name} is not a regular file")
        refuse_too_large(name, status.st_size, most, advice)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)
