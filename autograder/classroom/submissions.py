"""The submissions of a class, each read as data; equal hand-ins have equal keys."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import BadInput
from autograder.exercises import Exercise
from autograder.hand_in import HandIn, as_json
from autograder.submission import Unreadable, read_submission, refuse_odd_name


@dataclass(frozen=True)
class Submission:
    """What one learner submitted.

    hand_in: their files, or what they have to mend; None where `unreadable` says why.
    """

    student: str
    hand_in: HandIn | BadInput | None
    unreadable: str = ""

    def key(self, edition: str) -> str:
        """The same for equal hand-ins, as long as what judges them is the same."""
        assert self.hand_in is not None
        return hashlib.sha256(f"{edition} {as_json(self.hand_in)}".encode()).hexdigest()


def submissions(root: Path, slug: str, only: Sequence[str] = ()) -> Iterator[Submission]:
    """Each learner's submission in `submitted/`, by name; of those in `only`, if there are any.

    Raises BadInput when there is nobody, or not one of those asked for.
    """
    there = sorted(path.parent.name for path in (root / "submitted").glob(f"*/{slug}"))
    missing = sorted(set(only) - set(there))
    if missing:
        raise BadInput(f"nothing of {slug} was submitted by: {', '.join(missing)}")
    if not there:
        raise BadInput(f"no submission of {slug} in {root / 'submitted'}: run nbgrader collect")
    for student in there:
        if not only or student in only:
            yield _read(student, root / "submitted" / student / slug, slug)


def _read(student: str, folder: Path, slug: str) -> Submission:
    try:
        refuse_odd_name(student)  # before the writer's nbgrader takes it for a glob
        return Submission(student, read_submission(folder, slug))
    except BadInput as error:
        return Submission(student, error)
    except (Unreadable, OSError) as error:
        return Submission(student, None, str(error))


def edition(exercise: Exercise, released: bytes) -> str:
    """A short name for what judges: the released notebook, the app, the locks, the checks' code."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(released)
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    for name in (*exercise.app_files, *exercise.kept_back):
        digest.update(name.encode() + (exercise.folder / name).read_bytes())
    return digest.hexdigest()[:16]
