"""The submissions of a class, each read as data; equal hand-ins have equal keys.

A submission in memory is a name and a key: a class of thousands must not need room for all files.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import BadInput
from autograder.exercises import Exercise
from autograder.hand_in import HandIn, as_json, read_inside
from autograder.submission import Unreadable, read_submission, refuse_linked, refuse_odd_name

_MOST_TIME = 100  # characters


@dataclass(frozen=True)
class Submission:
    """What one learner submitted.

    key: the same for equal hand-ins, as long as what judges them is the same; empty where
        `unreadable` says why there is none.
    """

    student: str
    folder: Path
    key: str
    unreadable: str = ""


def submissions(
    root: Path, slug: str, edition: str, only: Sequence[str] = ()
) -> Iterator[Submission]:
    """Each learner's submission in `submitted/`, by name; of those in `only`, if there are any.

    Raises BadInput when there is nobody, or not one of those asked for.
    """
    there = sorted(path.parent.name for path in (root / "submitted").glob(f"*/{slug}"))
    missing = sorted(set(only) - set(there))
    if missing:
        raise BadInput(f"nothing of {slug} was submitted by: {', '.join(missing)}")
    if not there:
        raise BadInput(
            f"no submission of {slug} in {root / 'submitted'}: run .venv/bin/nbgrader collect"
        )
    for student in there:
        if not only or student in only:
            yield _read(student, root / "submitted" / student / slug, slug, edition)


def _read(student: str, folder: Path, slug: str, edition: str) -> Submission:
    try:
        refuse_odd_name(student)  # before the writer's nbgrader takes it for a glob
        hand_in = handed_in(folder, slug)
        refuse_odd_time(folder)
    except Unreadable as error:
        return Submission(student, folder, "", str(error))
    except OSError as error:  # its own text names the instructor's folders
        return Submission(student, folder, "", f"the folder cannot be read: {error.strerror}")
    return Submission(student, folder, key_of(hand_in, edition))


def key_of(hand_in: HandIn | BadInput, edition: str) -> str:
    """The same for equal hand-ins that the same things judge."""
    return hashlib.sha256(f"{edition} {as_json(hand_in)}".encode()).hexdigest()


def handed_in(folder: Path, slug: str) -> HandIn | BadInput:
    """What a folder of `submitted/` holds, or what the learner has to mend.

    Raises Unreadable or OSError for what cannot be read.
    """
    refuse_linked(folder)
    try:
        return read_submission(folder, slug)
    except BadInput as error:
        return error


def refuse_odd_time(folder: Path) -> None:
    """Raise Unreadable for a timestamp that nbgrader would wait for or stumble over."""
    # Not above: dask's workers import this module, and that one takes seconds.
    from nbgrader.utils import parse_utc

    file = folder / "timestamp.txt"
    data = regular(folder, file.name)
    if data is None and file.exists():
        raise Unreadable(f"{file.name} is not a regular file of the submission, or too large")
    try:
        text = (data or b"").decode().strip()
        if len(text) > _MOST_TIME:
            raise ValueError(text[:_MOST_TIME])
        parse_utc(text or "2000-01-01")  # nbgrader takes an empty one for none
    except (ValueError, TypeError, ArithmeticError) as error:
        raise Unreadable(f"{file.name} holds no time") from error


def regular(folder: Path, name: str) -> bytes | None:
    """What a file of a folder holds; None for what read_inside refuses."""
    try:
        return read_inside(Path(os.path.realpath(folder)), name)
    except BadInput:
        return None


def edition(exercise: Exercise, released: bytes) -> str:
    """A short name for what judges: the released notebook, the app, the locks, the checks' code."""
    digest = hashlib.sha256(released + code().encode())
    for name, data in sorted(exercise.app().items()):
        digest.update(name.encode() + data)
    digest.update((exercise.folder / exercise.second_lock).read_bytes())
    return digest.hexdigest()[:16]


def code() -> str:
    """A short name for the code that judges."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
