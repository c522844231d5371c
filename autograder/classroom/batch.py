"""A whole class graded: every distinct hand-in judged once, every verdict written by one writer."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from autograder.classroom.gradebook import CHANGED, Writer
from autograder.classroom.results import Results, State, Verdict
from autograder.classroom.submissions import (
    Submission,
    edition,
    handed_in,
    key_of,
    submissions,
)
from autograder.classroom.workers import judged, workers
from autograder.engine.grading import stop_abandoned
from autograder.errors import BadInput, NotJudged
from autograder.exercises import find_exercise
from autograder.hand_in import HandIn
from autograder.submission import Unreadable


@dataclass(frozen=True)
class Asked:
    """What a batch is to do.

    root: the course's folder, with `submitted/` and `nbgrader_config.py`.
    only: the learners to grade; all when empty.
    regrade: those whose hand-in is judged anew whatever is known of it.
    resume: whether verdicts of an earlier batch count, and what it wrote is not written again.
    number: how many workers to start here; `scheduler` has workers of its own instead.
    """

    root: Path
    slug: str
    only: tuple[str, ...] = ()
    regrade: tuple[str, ...] = ()
    resume: bool = False
    number: int = 2
    scheduler: str | None = None
    db_url: str | None = None


@dataclass(frozen=True)
class Row:
    """How one submission ended.

    score: points, None without a verdict. seconds: what judging its hand-in took, 0 when the
    verdict was there already. reason: why there is none.
    """

    student: str
    state: State
    score: float | None
    max_score: int
    seconds: float
    reason: str = ""


@dataclass
class Batch:
    """One run of `./course grade`. Iterating `rows` does the work; `total` is known at once."""

    asked: Asked
    total: int = 0
    distinct: int = 0
    _waiting: dict[str, list[Submission]] = field(default_factory=dict)
    _changed: list[Submission] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read every submission. Raises BadInput where there is none, or nothing was released."""
        asked = self.asked
        self.exercise = find_exercise(asked.slug)
        released = asked.root / "release" / asked.slug / f"{asked.slug}.ipynb"
        if not released.is_file():
            raise BadInput(
                f"{released} is missing: run .venv/bin/nbgrader generate_assignment {asked.slug}"
            )
        self._released = released.read_text()
        wanted = (*asked.only, *asked.regrade) if asked.only else ()
        self._edition = edition(self.exercise, self._released.encode())
        self._all = list(submissions(asked.root, asked.slug, self._edition, wanted))
        self.results = Results(asked.root / ".grading" / asked.slug)
        self.total = len(self._all)
        unknown = sorted({*asked.regrade} - {one.student for one in self._all})
        if unknown:
            raise BadInput(f"nothing of {asked.slug} was submitted by: {', '.join(unknown)}")
        for one in self._all:
            if one.key:
                self._waiting.setdefault(one.key, []).append(one)
        self.distinct = len(self._waiting)

    def open_gradebook(self) -> None:
        """Comes before `rows`. Raises BadInput where the gradebook has no such assignment."""
        self.writer = Writer(self.asked.root, self.asked.slug, self._edition, self.asked.db_url)
        self.writer.require_assignment()

    def rows(self) -> Iterator[Row]:
        """One row for each submission, as it ends. Raises NotJudged when nothing can be judged."""
        asked = self.asked
        if not (asked.resume or asked.regrade or asked.only):
            self.results.clear()
        for one in self._all:
            if not one.key:
                yield self._row(one, "unreadable", reason=one.unreadable)
        again = {*asked.regrade, *(() if asked.resume or asked.regrade else asked.only)}
        for key, group in self._waiting.items():
            if again & {one.student for one in group}:
                self.results.forget(key)
        yield from self._known()
        if self._waiting:
            yield from self._judged()

    def _known(self) -> Iterator[Row]:
        """Those whose hand-in has a verdict; they wait no longer."""
        recorded = self.results.recorded()
        for key in [*self._waiting]:
            verdict = self.results.verdict(key)
            if verdict is None:
                continue
            for one in self._waiting.pop(key):
                there = self.asked.resume and recorded.get(one.student) == key
                score = self.writer.score(one.student) if there else None
                if score is None:  # or the gradebook is another one than it was
                    yield self._written(one, key, verdict, 0.0)
                else:
                    yield self._row(one, "graded", score)

    def _judged(self) -> Iterator[Row]:
        asked = self.asked
        number = min(asked.number, len(self._waiting))
        notebooks = {asked.slug: self._released}
        stop_abandoned()  # an earlier run may have been killed
        with workers(notebooks, number=number, scheduler=asked.scheduler) as client:
            for key, verdict in judged(client, asked.slug, self._hand_ins()):
                self.results.keep(key, verdict)
                seconds = verdict.seconds
                for one in self._waiting[key]:
                    if verdict.state == "graded":
                        yield self._written(one, key, verdict, seconds)
                    else:
                        yield self._row(one, verdict.state, None, seconds, verdict.reason)
                    seconds = 0.0
        for one in self._changed:
            yield self._row(one, "not_judged", reason=CHANGED)

    def _hand_ins(self) -> Iterator[tuple[str, HandIn | BadInput]]:
        """Each distinct hand-in that waits, read when its turn comes: as one learner still has it.

        A verdict counts for all of them, so it must be of nothing else.
        """
        for key, group in [*self._waiting.items()]:
            for one in group:
                with suppress(Unreadable, OSError):
                    hand_in = handed_in(one.folder, self.asked.slug)
                    if key_of(hand_in, self._edition) == key:
                        yield key, hand_in
                        break
            else:
                self._changed += group

    def _written(self, one: Submission, key: str, verdict: Verdict, seconds: float) -> Row:
        try:
            score = self.writer.write(one.student, key, verdict.outputs)
        except NotJudged as error:
            return self._row(one, "not_judged", None, seconds, str(error))
        self.results.record(one.student, key)
        return self._row(one, "graded", score, seconds)

    def _row(
        self,
        one: Submission,
        state: State,
        score: float | None = None,
        seconds: float = 0.0,
        reason: str = "",
    ) -> Row:
        return Row(one.student, state, score, self.exercise.max_score, seconds, reason)


def exit_code(rows: Sequence[Row]) -> int:
    """3 when anything was not judged, else 1 when anything was unreadable, else 0."""
    states = {row.state for row in rows}
    return 3 if "not_judged" in states else 1 if "unreadable" in states else 0
