"""What a learner submitted through nbgrader, read as data: the notebook's cells and other files.

Nothing of it is run. A cell counts for the file that IPython would have it write, and the cells
count from top to bottom, over the submitted files: as when the notebook is run in grading.
"""

import json
import os
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import dropwhile
from pathlib import Path
from textwrap import dedent
from typing import Any

from autograder.errors import BadInput, CourseError
from autograder.facts.dockerfile import has_instructions
from autograder.hand_in import (
    NBGRADER_FILES,
    NO_DOCKERFILE,
    HandIn,
    as_docker_reads,
    is_left_out,
    read_files,
    read_inside,
    refuse_too_large,
    refuse_too_much,
    without_environments,
)
from autograder.outcome import printable

MOST_NOTEBOOK_BYTES = 10_000_000  # learners paste, and outputs hold pictures
MOST_CELLS = 1000
MOST_DEEP = 100
MOST_PATH_BYTES = 255
_MARK = re.compile(r'\\.|["\[\]{}]', re.S)
_INDENTED_MAGIC = re.compile(r"[ \t]{0,100}%%")
_APPEND = {"-a", "--append"}
_NOT_IN_A_NAME = frozenset('[]*?,;"<>')
FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula of a spreadsheet begins with; the last four are the same signs at full width."""


class Unreadable(CourseError):
    """A submission that cannot be read at all, so that nothing can be said of the learner's work.

    Its text is one printable line for the instructor, of at most 300 characters.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(" ".join(printable(reason).split())[:300])


def read_submission(folder: Path, slug: str) -> HandIn:
    """The files of a submitted folder, and over them what the cells of `<slug>.ipynb` write.

    Every code cell counts that is not nbgrader's to restore. A `%%dockerfile` cell that holds no
    instruction leaves the Dockerfile as it is; whatever stands behind that word does not matter.
    `%%writefile` and `%%file` may name a folder that is not there yet. What they write to a path
    that read_hand_in would leave out is left out too, and so are nbgrader's own files. What begins
    with `#!` may be run: nbgrader's exchange drops the bits that would tell.

    Raises Unreadable for a notebook that is missing, too large, or none of format 4. Raises
    BadInput for what the learner can mend: files that read_hand_in refuses, a cell that writes to
    no path in the folder, and no Dockerfile.
    """
    sources = _learners_code(folder, f"{slug}.ipynb")
    files = read_files(folder)
    for source in sources:
        _write(source, files)
        refuse_too_much(files)
    files = as_docker_reads(without_environments(files), folder)
    if "Dockerfile" not in files:
        raise BadInput(NO_DOCKERFILE)
    programs = frozenset(name for name, data in files.items() if data.startswith(b"#!"))
    return HandIn(files, programs).without(NBGRADER_FILES)


def refuse_odd_name(student: str) -> None:
    """Raise Unreadable for a learner's name that would be taken for more than a name.

    nbgrader puts it into globs, pages and, without quotes, into the exported CSV, where a
    spreadsheet runs what begins as a formula: https://owasp.org/www-community/attacks/CSV_Injection
    It takes off a blank at either end, and so would take one learner for another.
    """
    odd = student.startswith(FORMULA_SIGNS) or student != student.strip()
    if odd or not student.isprintable() or _NOT_IN_A_NAME & set(student):
        raise Unreadable(f"“{student}” is no name that a gradebook can hold: rename the folder")


def refuse_linked(folder: Path) -> None:
    """Raise Unreadable for `<learner>/<step>` where either is a link: what is there is another's.

    A link above those two is the instructor's own.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Unreadable("the submission's folder is a link: put the files themselves there")


def _learners_code(folder: Path, name: str) -> list[str]:
    """The text of each code cell that nbgrader would not overwrite."""
    cells = _notebook(_text(folder, name), name).get("cells")
    if not isinstance(cells, list):
        raise Unreadable(f"{name} has no list of cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"{name} has more than {MOST_CELLS} cells")
    found = []
    for number, cell in enumerate(cells, 1):
        source = _source(cell) if isinstance(cell, dict) else None
        if source is None or not isinstance(cell.get("cell_type"), str):
            raise Unreadable(f"cell {number} of {name} is damaged: it has no type or no text")
        if cell["cell_type"] == "code" and not is_locked(cell):
            found.append(source)
    return found


def _text(folder: Path, name: str) -> str:
    root = Path(os.path.realpath(folder))
    if Path(os.path.realpath(root / name)) != root / name:
        raise Unreadable(f"{name} is a link, not a notebook")
    try:
        data = read_inside(root, name, MOST_NOTEBOOK_BYTES, "clear the outputs and save it again")
    except BadInput as error:
        missing = isinstance(error.__cause__, FileNotFoundError)
        raise Unreadable(f"{name} is missing" if missing else str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{name} is not text in UTF-8") from error


def _notebook(text: str, name: str) -> dict[str, Any]:
    # Asked before it is parsed: Python's parser calls itself for each level.
    if any(depth > MOST_DEEP for depth in _depths(text)):
        raise Unreadable(f"{name} is nested more than {MOST_DEEP} deep, as no notebook is")
    try:
        # Of all numbers only nbformat's matters, and Python refuses to make one of 5000 digits.
        told = json.loads(text, parse_int=lambda digits: int(digits[:20]))
    except json.JSONDecodeError as error:
        where = f"damaged or cut off at line {error.lineno}"
        raise Unreadable(f"{name} is not JSON: it is {where}") from error
    version = told.get("nbformat") if isinstance(told, dict) else None
    if not isinstance(told, dict) or type(version) is not int or version != 4:
        raise Unreadable(f"{name} is not a notebook of format 4, as JupyterLab saves it")
    return told


def _depths(text: str) -> Iterator[int]:
    """How many brackets are open, at each bracket that does not stand in a string."""
    depth, in_string = 0, False
    for mark in _MARK.finditer(text):
        if mark[0] == '"':
            in_string = not in_string
        elif not in_string and len(mark[0]) == 1:
            depth += 1 if mark[0] in "[{" else -1
            yield depth


def _source(cell: dict[str, Any]) -> str | None:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return source if isinstance(source, str) else None


def is_locked(cell: Mapping[str, Any]) -> bool:
    """Whether nbgrader overwrites the cell: the rule of its `utils.is_locked`."""
    metadata = cell.get("metadata")
    own = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(own, dict) or own.get("solution"):
        return False
    return bool(own.get("grade") or own.get("locked"))


def _write(source: str, files: dict[str, bytes]) -> None:
    """Have one cell write its file."""
    magic, line, text = _cell_magic(source)
    if magic == "dockerfile" and has_instructions(text):
        _put("Dockerfile", b"", text, files)
    elif magic in {"writefile", "file"} and text:
        try:
            words = shlex.shlex(line[:1000], posix=False)  # it takes a second for a megabyte
            words.whitespace_split, words.commenters = True, ""
            asked = list(words)
        except ValueError:  # a quote that is not closed
            asked = []
        paths = [word for word in asked if word not in _APPEND]
        if len(paths) != 1:
            raise BadInput(f"%%{magic} takes one path; a cell has: {_shown(line)}")
        path = _inside(paths[0])
        if not is_left_out(path):
            begin = files.get(path, b"") if _APPEND & set(asked) else b""
            _put(path, begin, text, files)


def _cell_magic(source: str) -> tuple[str, str, str]:
    """The cell magic's name, the rest of its line, and the text below; `` for what is missing.

    As IPython finds it, after blank lines and in a cell that is indented as a whole:
    https://github.com/ipython/ipython/blob/main/IPython/core/inputtransformer2.py. A prompt that
    was pasted before it is not taken off here.
    """
    text = "".join(dropwhile(str.isspace, source.splitlines(keepends=True)))
    # Asked first: `dedent` takes seconds for a megabyte of blanks.
    if not _INDENTED_MAGIC.match(text):
        return "", "", ""
    head, *rows = dedent(text if text.endswith("\n") else f"{text}\n").splitlines(keepends=True)
    if not head.startswith("%%"):
        return "", "", ""
    name, _, line = head[2:].rstrip().partition(" ")
    return name, line, "".join(rows)


def _put(path: str, begin: bytes, text: str, files: dict[str, bytes]) -> None:
    try:
        data = begin + text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"what a cell writes to {_shown(path)} is not text in UTF-8") from error
    refuse_too_large(_shown(path), len(data))
    for other in files:
        if other.startswith(f"{path}/") or path.startswith(f"{other}/"):
            both = f"{_shown(path)} and {_shown(other)}"
            raise BadInput(f"{both} cannot both be: one is a file where the other needs a folder")
    files[path] = data


def _inside(word: str) -> str:
    """The path that a cell names, normalised. Raises BadInput for what is no path in the folder."""
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    path = word[1:-1] if quoted else word
    normal = posixpath.normpath(path)
    if path.startswith(("/", "~")) or normal.split("/")[0] == "..":
        problem = "leads out of the folder"
    elif normal == "." or path.endswith("/"):
        problem = "is no file's name"
    elif not path.isprintable() or set(path) & set("\\${}"):
        problem = "holds a character that a file's name here cannot have"
    elif len(path.encode()) > MOST_PATH_BYTES:
        problem = "is too long"
    elif word.startswith("-"):
        problem = "is an option that is not known"
    else:
        return normal
    raise BadInput(f"a cell writes to {_shown(path) or 'no path'}, which {problem}")


def _shown(text: str) -> str:
    return " ".join(printable(text).split())[:80]
