"""What a failed step missed, as its last lines tell, and whether that is its own mistake."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

from autograder.engine.failure import tells_no_network
from autograder.evidence.brought import Download
from autograder.facts.build import BuildFailure
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.programs import not_found
from autograder.facts.slip import one_slip_apart

EXIT = re.compile(r"(?:exit code|non-zero code): (\d+)$")
# What fails on any machine, whatever else the build wanted: Poetry's words, pip's, a shell's.
_OWN = re.compile(
    r"Group\(s\) not found|Could not open requirements file|Invalid requirement|no such option"
    r"|The (?:option|command) \"[^\"]*\" (?:does not exist|is not defined)"
    r"|The requested command \S+ does not exist|Setting \S+ does not exist|unknown command \""
    r"|No file/folder found for package|could not find a pyproject\.toml"
    r"|pyproject\.toml changed significantly|Neither 'setup\.py' nor 'pyproject\.toml' found"
    r"|Syntax error: |unexpected EOF while looking for matching"
)
_NO_FILE = re.compile(
    r"No such file or directory|[Cc]annot open|can't (?:open|cd to)|does not exist|: not found$"
)
_NO_MODULE = re.compile(r"python[\d.]*: No module named (\w+)")
"""How `python -m` says that there is no such program."""
_FILE = re.compile(r"[\w.~+-]*/[\w./+-]+|[\w+-]+\.[a-z]\w*|(?<=')[^'/\s]+(?=')")
_INSTALLED = re.compile(r"(?:~|/root|/home/\w+)/\.|/opt/|/usr/local/bin/")
"""Where installers put what they bring."""
_PLACE = re.compile(r"(?<![\w/.$}])/[\w.+-][\w./+-]*")
"""A path that a variable holds: an installer may have been told it so."""
_THERE_ANYWHERE = ("gunicorn", "mkdir", "poetry", "python", "python3", "uvicorn")
"""A program that is misspelt so, no download brings."""


class Missed:
    """What a failed step missed.

    own: the files that it names where its own words are wrong, else None.
    files, folders: the files that are missing; these, and all folders that they would be in.
    installed: whether one is where installers put what they bring, or a variable tells them to.
    """

    def __init__(self, failure: BuildFailure, dockerfile: Dockerfile) -> None:
        self.own = _own_files(failure)
        ended = bool(EXIT.search(failure.message.rstrip()))
        # A builder that ran nothing tells of a file itself; else it quotes what the learner wrote.
        rows = failure.log if ended else (failure.message, *failure.log)
        found = [name for name in not_found(failure.log) if not _FILE.fullmatch(name)]
        modules = [name for row in failure.log for name in _NO_MODULE.findall(row)]
        self.programs = (*found, *modules)
        files = (_FILE.findall(row) for row in rows if _NO_FILE.search(row))
        self.files = [found[-1] for found in files if found]  # before it stands who says so
        self.something = failure.message.rstrip().endswith(": 127")
        self.folders, self.own_folders = _folders(self.files), _folders(self.own or ())
        self.installed = any(map(_INSTALLED.match, self.files)) or not (
            self.folders.isdisjoint(_places(dockerfile))
        )

    def is_own(self, *beside: Download) -> bool:
        """Whether it is the learner's own mistake, where something is downloaded beside it.

        A file or a program that a download would have brought is not the learner's to have.
        """
        if self.own is not None:
            return not any(_brings(download, self.own, self.own_folders) for download in beside)
        return any(
            one_slip_apart(name, known)
            for name in self.programs
            for known in _THERE_ANYWHERE
            if name not in _THERE_ANYWHERE
            and not any(_names(download.command, name) for download in beside)
        )

    def would_be_there(self, download: Download) -> bool:
        """Whether it is a program, or a file that a download would bring."""
        if self.programs:
            return True
        if not self.files:
            return self.something
        return self.installed or _brings(download, self.files, self.folders)


def _brings(download: Download, files: Iterable[str], folders: set[str]) -> bool:
    return any(_names(download.command, file) for file in files) or not (
        folders.isdisjoint(download.directories())
    )


def _folders(files: Iterable[str]) -> set[str]:
    paths = map(PurePosixPath, files)
    return {str(folder) for path in paths for folder in (path, *path.parents)}


def _own_files(failure: BuildFailure) -> list[str] | None:
    for row in reversed(failure.log):
        if tells_no_network((row,)):
            return None
        if _OWN.search(row):
            return _FILE.findall(row)
    return None


def _places(dockerfile: Dockerfile) -> set[str]:
    """The paths that variables hold; where the learner works is not an installer's place."""
    worked = {row.value.rstrip("/") for row in dockerfile.instructions if row.keyword == "WORKDIR"}
    found = (
        path.rstrip("/")
        for row in dockerfile.instructions
        if row.keyword == "ENV"
        for path in _PLACE.findall(row.text)
    )
    return {path for path in found if path not in worked}


def _names(command: str, file: str) -> bool:
    """Whether a command names a file, in whatever folder; it may be given as `*.txt`.

    An archive is named for the folder in it.
    """
    return bool(_name(file).search(command))


@lru_cache(maxsize=64)
def _name(file: str) -> re.Pattern[str]:
    name = re.escape(file.rstrip("/").rpartition("/")[2])
    if name.count(r"\*") == 1:  # more than one may take a pattern its time
        name = name.replace(r"\*", r"[\w.+-]{1,100}")
    return re.compile(rf"(?<![\w.-]){name}(?:\.(?:tar\.\w+|tgz|zip))?(?![\w.-])")
