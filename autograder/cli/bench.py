"""`./course bench`: what grading a class costs, beside plain nbgrader and the bare builds."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.bench import roads
from autograder.bench.measured import Measured
from autograder.bench.synthetic import SyntheticClass
from autograder.exercises import find_exercise

MB = 1_000_000


@dataclass(frozen=True)
class Asked:
    """What to measure. plain: whether nbgrader's own road is taken too; it takes the longest."""

    slug: str
    submissions: int
    distinct: int
    workers: int
    plain: bool


@dataclass
class Found:
    """What was measured: seconds, and megabytes of 10⁶ bytes.

    bare_build_seconds: of the builds alone, one distinct hand-in after another.
    speedup: plain by course; at_most: plain by bare, what nothing that builds one after another
        can better.
    grown: submissions -> seconds for a class grown to that size with no new hand-in, and what it
        peaked at; each takes up the verdicts of the one before.
    per_further_seconds: for each identical submission more, from 2N to 4N.
    """

    submissions: int
    distinct: int
    workers: int
    bare_build_seconds: float = 0.0
    course_seconds: float = 0.0
    plain_seconds: float | None = None
    speedup: float | None = None
    at_most: float | None = None
    over_bare: float = 0.0
    peak_rss_mb: float = 0.0
    grown: dict[int, tuple[float, float]] = field(default_factory=dict)
    per_further_seconds: float = 0.0


def bench(asked: Asked, *, as_json: bool) -> None:
    """Measure, and print. Raises BadInput or NotJudged."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="course-bench-") as place:
        found = measure(asked, Path(place), lambda line: console.print(line, highlight=False))
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        _show(found)


def measure(asked: Asked, place: Path, say: Callable[[str], None]) -> Found:
    """Take each road with a class of its own, one after another."""
    exercise = find_exercise(asked.slug)
    found = Found(asked.submissions, asked.distinct, asked.workers)
    made = SyntheticClass(place / "course", exercise, asked.distinct)
    made.make(asked.submissions)
    say(f"the bare builds of {asked.distinct} distinct hand-ins …")
    found.bare_build_seconds = roads.bare(made, say)
    say(f"./course grade, {asked.submissions} submissions …")
    graded = roads.course(made, "--workers", str(asked.workers))
    found.course_seconds, found.peak_rss_mb = graded.seconds, graded.peak_rss_bytes / MB
    found.over_bare = graded.seconds / found.bare_build_seconds
    _grow(made, found, say)
    if asked.plain:
        say(f"plain nbgrader autograde, {asked.submissions} submissions …")
        plainly = SyntheticClass(place / "plain", exercise, asked.distinct)
        plainly.make(asked.submissions)
        found.plain_seconds = roads.plain(plainly, say).seconds
        found.speedup = found.plain_seconds / found.course_seconds
        found.at_most = found.plain_seconds / found.bare_build_seconds
    return found


def _grow(made: SyntheticClass, found: Found, say: Callable[[str], None]) -> None:
    grown: dict[int, Measured] = {}
    there = found.submissions
    for size in (2 * there, 4 * there):
        say(f"./course grade --resume, grown to {size} submissions …")
        made.add(size - sum(1 for _ in (made.root / "submitted").iterdir()))
        grown[size] = roads.course(made, "--resume")
    seconds = {size: one.seconds for size, one in grown.items()}
    found.grown = {size: (one.seconds, one.peak_rss_bytes / MB) for size, one in grown.items()}
    # The one wrote N verdicts, the other 2N and skipped 2N; both started once.
    found.per_further_seconds = (seconds[4 * there] - seconds[2 * there]) / there


def _show(found: Found) -> None:
    title = f"{found.submissions} submissions, {found.distinct} distinct, {found.workers} workers"
    table = Table("what", "seconds", "beside bare", title=title, title_justify="left")
    rows = {
        "bare builds, one after another": found.bare_build_seconds,
        "./course grade": found.course_seconds,
        "plain nbgrader autograde": found.plain_seconds,
    }
    for what, seconds in rows.items():
        if seconds is not None:
            table.add_row(what, f"{seconds:.1f}", f"{seconds / found.bare_build_seconds:.2f} ×")
    for size, (seconds, peak) in found.grown.items():
        table.add_row(f"grown to {size}, --resume", f"{seconds:.1f}", f"peak {peak:.0f} MB")
    console = Console()
    console.print(table)
    if found.speedup and found.at_most:
        console.print(
            f"{found.speedup:.1f} × faster than plain; {found.at_most:.1f} × is what the builds"
            " allow one after another",
            highlight=False,
        )
    console.print(
        f"each further identical submission: {found.per_further_seconds:.2f} s;"
        f" peak memory {found.peak_rss_mb:.0f} MB, engines not counted",
        highlight=False,
    )
