"""One hand-in judged by one exercise: a Report."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from autograder.checks.unbuilt import unbuilt
from autograder.engine.offer import Offer
from autograder.engine.request import Progress
from autograder.errors import BadInput, NotJudged
from autograder.evidence.material import Material
from autograder.evidence.observe import Observer
from autograder.exercises import Criterion, Exercise
from autograder.facts.build import BUILD_SECONDS, BuildFacts
from autograder.facts.observation import Observation
from autograder.hand_in import HandIn
from autograder.outcome import Outcome, not_judged


@dataclass(frozen=True)
class Row:
    """One check's line of a report."""

    id: str
    outcome: Outcome
    max_points: int

    @property
    def points(self) -> int:
        """All of its points, or none."""
        return self.max_points if self.outcome.state == "passed" else 0


@dataclass(frozen=True)
class Report:
    """All verdicts of one hand-in.

    seconds: wall time by part: `first build`, `in all`; whoever asked for it may add parts.
    """

    exercise: str
    rows: tuple[Row, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    build: BuildFacts | None = None

    @property
    def score(self) -> int | None:
        """The points, or None when any check could not be judged."""
        if any(row.outcome.state == "not_judged" for row in self.rows):
            return None
        return sum(row.points for row in self.rows)

    @property
    def max_score(self) -> int:
        """The points of a hand-in that passes every check."""
        return sum(row.max_points for row in self.rows)

    def as_json(self, hints: int = 0) -> dict[str, object]:
        """The report as `./course check --json` prints it; `hints` asks for that many of each."""
        checks = []
        for row in self.rows:
            told = asdict(row.outcome)
            climb = told.pop("hints")[:hints]
            told |= {"hints": climb} if hints else {}
            checks.append(
                {"id": row.id, "outcome": told.pop("state"), "points": row.points,
                 "max_points": row.max_points, **told}
            )  # fmt: skip
        return {
            "exercise": self.exercise,
            "score": self.score,
            "max_score": self.max_score,
            "checks": checks,
            "seconds": {part: round(spent, 3) for part, spent in self.seconds.items()},
        }


def beside(ours: Iterable[str], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that stand in the way of none of ours, be it as a file or as a folder."""
    return {
        path: data
        for path, data in files.items()
        if not any(f"{own}/".startswith(f"{path}/") or path.startswith(f"{own}/") for own in ours)
    }


def material(exercise: Exercise, hand_in: HandIn) -> Material:
    """The hand-in with the course's own files laid over it.

    Raises BadInput for a Dockerfile that cannot be parsed.
    """
    app = exercise.app()
    theirs = beside((*app, *exercise.kept_back), hand_in.files)
    return Material(
        exercise.asked(),
        hand_in.dockerfile,
        {**theirs, **app},
        exercise.source_file,
        (exercise.folder / exercise.second_lock).read_bytes(),
        exercise.needs,
        frozenset(theirs),
        hand_in.programs & theirs.keys(),
    )


def judge(
    exercise: Exercise,
    hand_in: HandIn,
    offer: Offer,
    progress: Callable[[Progress], None] = lambda _: None,
    timeout: float = BUILD_SECONDS,
) -> Report:
    """Build, observe and judge one hand-in; no build of it takes more than `timeout` seconds.

    Raises BadInput for a Dockerfile that cannot be parsed, and for a `.dockerignore` that Docker
    refuses. An engine that fails is a report whose
    checks are not judged, never a score.
    """
    began = time.monotonic()
    given = material(exercise, hand_in)
    seconds: dict[str, float] = {}
    first: BuildFacts | None = None
    try:
        with Observer(offer, given, progress, timeout).images() as observer:
            first = observer.first_build()
            seconds["first build"] = time.monotonic() - began
            seen = None if first.failure else observer.observe(first)
            if seen is None or seen.first.build.failure:
                rows = _unbuilt(exercise, seen.first.build if seen else first)
            else:
                rows = verdicts(exercise.criteria, seen)
    except NotJudged as reason:
        rows = not_judged_report(exercise, str(reason)).rows
    seconds["in all"] = time.monotonic() - began
    return Report(exercise.slug, rows, seconds, first)


def not_judged_report(exercise: Exercise, reason: str) -> Report:
    """The report where the engine, the index or the disk stood in the way."""
    outcome = not_judged(seen=reason)
    return Report(exercise.slug, tuple(Row(c.id, outcome, c.points) for c in exercise.criteria))


def verdicts(criteria: tuple[Criterion, ...], seen: Observation) -> tuple[Row, ...]:
    """Every criterion's row."""
    return tuple(Row(c.id, c.check(seen), c.points) for c in criteria)


def _unbuilt(exercise: Exercise, first: BuildFacts) -> tuple[Row, ...]:
    failure = first.failure
    if failure and failure.kind == "dockerfile":
        where = f" line {failure.line}" if failure.line else ""
        raise BadInput(f"Dockerfile{where}: {failure.message}")
    outcome = unbuilt(first)
    return tuple(Row(c.id, outcome, c.points) for c in exercise.criteria)
