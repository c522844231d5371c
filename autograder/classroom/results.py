"""What is known of a batch on disk: verdicts by hand-in, and who is in the gradebook already.

Both survive a kill at any moment: a file appears whole or not at all, and a line that was cut off
counts for nothing.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.errors import BadInput

State = Literal["graded", "not_judged", "unreadable"]


@dataclass(frozen=True)
class Verdict:
    """How one hand-in was judged.

    outputs: those of the locked cells, by cell id; empty without a verdict.
    reason: why there is no verdict.
    """

    state: State
    seconds: float
    outputs: dict[str, list[Any]]
    reason: str = ""


class Results:
    """The folder of one assignment's batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._recorded = folder / "recorded.jsonl"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the course's one batch. Raises BadInput while there is another."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / ".lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInput("another ./course grade is at work in this course") from None
            yield

    def clear(self) -> None:
        """Forget everything: the next batch judges all anew."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def keep(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict. What was not judged is not kept: it is judged again."""
        if verdict.state == "graded":
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{key}.part"
            with part.open("w") as file:
                json.dump(asdict(verdict), file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._file(key))

    def verdict(self, key: str) -> Verdict | None:
        """The verdict that is kept, or None."""
        try:
            return Verdict(**json.loads(self._file(key).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def forget(self, key: str) -> None:
        """Have a hand-in judged anew."""
        self._file(key).unlink(missing_ok=True)

    def record(self, student: str, key: str) -> None:
        """Note that the gradebook has this verdict for this learner."""
        with self._recorded.open("a") as file:
            file.write(json.dumps([student, key]) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def recorded(self) -> dict[str, str]:
        """Learner -> key of the verdict that the gradebook has for them."""
        found: dict[str, str] = {}
        if self._recorded.exists():
            for line in self._recorded.read_text().splitlines():
                try:
                    student, key = json.loads(line)
                except ValueError:  # the last line of a process that was killed
                    continue
                found[student] = key
        return found

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"
