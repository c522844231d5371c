"""`./course check`: one folder judged, for a person or as JSON."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import learner, places
from autograder.engine.request import Progress
from autograder.errors import NotJudged
from autograder.exercises import find_exercise
from autograder.grading import Report, judge, not_judged_report
from autograder.hand_in import read_hand_in
from autograder.outcome import Outcome, printable
from autograder.ready import make_ready, say

_MARKS = {"passed": "[green]✔[/]", "failed": "[red]✘[/]", "not_judged": "[yellow]?[/]"}


def check(slug: str, directory: Path, as_json: bool, hints: int, timeout: float) -> int:
    """Judge the hand-in and print the report. The exit code: 0, 1 or 3 as design.md has it.

    hints: how many to give for each check that failed.
    timeout: seconds that one build may take.

    Raises BadInput for what cannot be judged at all.
    """
    began = time.monotonic()
    exercise = find_exercise(slug)
    hand_in = read_hand_in(directory)
    _ = hand_in.dockerfile  # a syntax error is named before any engine is asked
    try:
        offer = make_ready(say, yes=False).offer()
        seconds = {"set-up": time.monotonic() - began}
        report = judge(exercise, hand_in, offer, _shown(as_json), timeout)
        report.seconds.update(seconds)
    except NotJudged as reason:
        report = not_judged_report(exercise, str(reason))
    if directory.resolve() == places.project() / slug:  # the learner's own copy
        built = report.build is not None and report.build.failure is None
        learner.note(directory, hand_in.files["Dockerfile"], report.score, built=built)
    report.seconds["in all"] = time.monotonic() - began
    report.seconds["process"] = time.process_time()
    if as_json:
        print(json.dumps(report.as_json(hints), indent=2, ensure_ascii=False))
    else:
        show(report, hints)
    return exit_code(report)


def exit_code(report: Report) -> int:
    """0 all passed, 1 some failed, 3 not judged."""
    if report.score is None:
        return 3
    return 0 if report.score == report.max_score else 1


def show(report: Report, hints: int) -> None:
    """The report as a table, with the Dockerfile's lines, and that many hints below it."""
    console = Console(emoji=False)
    outcomes = {row.outcome for row in report.rows}
    if len(outcomes) == 1 and len(report.rows) > 1:
        (same,) = outcomes  # one reason for all of them: a dead engine, a failed build
        console.print(f"{report.exercise}: {_score(report)}: {escape(same.seen)}", soft_wrap=True)
        console.print(escape(same.try_next), soft_wrap=True)
        _show_build(console, report)
        _show_hints(console, "", same, hints)
        return
    title = f"{report.exercise}: {_score(report)}"
    table = Table(title=title, title_justify="left", show_lines=True)
    for column in ("", "check", "points", "seen", "try next"):
        table.add_column(column, overflow="fold", no_wrap=column == "check")
    for row in report.rows:
        where = f" (line {row.outcome.line})" if row.outcome.line else ""
        points = "–" if row.outcome.state == "not_judged" else str(row.points)
        table.add_row(
            _MARKS[row.outcome.state],
            row.id,
            f"{points}/{row.max_points}",
            escape(row.outcome.seen + where),
            escape(row.outcome.try_next),
        )
    console.print(table)
    for row in report.rows:
        _show_hints(console, row.id, row.outcome, hints)


def _show_hints(console: Console, check: str, outcome: Outcome, hints: int) -> None:
    """The first hints of one outcome, each on a line; the check's name stands above them."""
    climb = outcome.hints[:hints]
    if climb and check:
        console.print(f"[bold]{check}[/]")
    for number, hint in enumerate(climb, 1):
        console.print(f"hint {number}: {escape(hint)}", highlight=False, soft_wrap=True)


def _show_build(console: Console, report: Report) -> None:
    """The last lines of a build that failed."""
    if report.build and report.build.failure:
        for line in report.build.failure.log:
            console.print(f"  {escape(printable(line))}", highlight=False, soft_wrap=True)


def _score(report: Report) -> str:
    return "not judged" if report.score is None else f"{report.score} of {report.max_score} points"


def _shown(as_json: bool) -> Callable[[Progress], None]:
    """What tells of the first build's steps: one line on a terminal, else nothing."""
    if as_json or not sys.stderr.isatty():
        return lambda _: None

    def tell(moment: Progress) -> None:
        line = f"\r\x1b[K[{moment.number}/{moment.total}] {printable(moment.name[:70])}"
        print(line, end="", file=sys.stderr)

    return tell
