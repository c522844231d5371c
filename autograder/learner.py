"""How far the learner is in a step: what they wrote, what the last check said, what they handed in.

The truth stands in their own folder and in nbgrader's. Only of the last verdict nothing would be
left: the build cell and `./course check` note it beside Jupyter's checkpoints, which no hand-in
holds.
"""

import hashlib
import json
import os
import pwd
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.hand_in import dockerfile_in

_RECORD = Path(".ipynb_checkpoints", "last-check.json")
_TIME = "%Y-%m-%d %H:%M:%S.%f %Z"
"""As nbgrader writes it into the name of a submission."""


@dataclass(frozen=True)
class Verdict:
    """What the last build or check came to.

    points: None when it was not judged.
    built: whether there was an image.
    dockerfile: the hash of the Dockerfile that was judged.
    """

    points: int | None
    built: bool
    dockerfile: str


@dataclass(frozen=True)
class Standing:
    """Where the learner stands in one step.

    begun: whether there is a Dockerfile.
    last: the last verdict, or None.
    changed: whether the Dockerfile has changed since.
    handed_in: when they handed in last, or None.
    """

    begun: bool
    last: Verdict | None
    changed: bool
    handed_in: datetime | None


def note(folder: Path, dockerfile: bytes, points: int | None, *, built: bool) -> None:
    """Note a verdict in the learner's folder; one that cannot be written is only forgotten."""
    verdict = Verdict(points, built, _hash(dockerfile))
    with suppress(OSError):
        (folder / _RECORD).parent.mkdir(exist_ok=True)
        (folder / _RECORD).write_text(json.dumps(asdict(verdict)), encoding="utf-8")


def standing(folder: Path, slug: str, exchanges: Iterable[Path]) -> Standing:
    """Where the learner whose copy of the assignment is `folder` stands.

    exchanges: the folders in which nbgrader keeps what was handed in.
    """
    file = dockerfile_in(folder)
    dockerfile = file.read_bytes() if file and file.is_file() else None
    last = _noted(folder)
    changed = last is not None and _hash(dockerfile or b"") != last.dockerfile
    times = [time for exchange in exchanges for time in _handed_in(exchange, slug)]
    return Standing(dockerfile is not None, last, changed, max(times, default=None))


def _noted(folder: Path) -> Verdict | None:
    try:
        return Verdict(**json.loads((folder / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # there is none, or another version of the course wrote it


def _handed_in(exchange: Path, slug: str) -> Iterable[datetime]:
    # A class's exchange lets learners write, and read nothing; a user may have no name.
    with suppress(OSError, KeyError):
        who = pwd.getpwuid(os.getuid()).pw_name  # nbgrader's own choice; $USER may be another's
        for path in exchange.iterdir():
            name = path.name.split("+")
            if name[:2] == [who, slug]:
                with suppress(ValueError, IndexError):
                    yield datetime.strptime(name[2], _TIME).replace(tzinfo=UTC)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
