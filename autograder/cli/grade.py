"""`./course grade`: a class graded, with a line for each submission as it ends."""

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from autograder.classroom.batch import Asked, Batch, Row, exit_code
from autograder.classroom.database import answering, require_answer
from autograder.classroom.elsewhere import require_safe
from autograder.classroom.feedback import Pages
from autograder.classroom.gradebook import Writer, course_directory
from autograder.outcome import printable
from autograder.submission import FORMULA_SIGNS

_COLOURS = {"graded": "green", "not_judged": "yellow", "unreadable": "red"}
_FORMULA = re.compile(rf'(^|[;\n])(?=[\s"]*[{re.escape("".join(FORMULA_SIGNS))}])')


def grade(asked: Asked, *, as_json: bool) -> int:
    """Grade a class and write each learner's page.

    The exit code: 0 all graded, 1 some unreadable, 3 some not judged, whatever the others.
    Raises BadInput where there is nothing to grade, GradebookGone where the gradebook does not
    answer.
    """
    if asked.scheduler:
        require_safe(asked.scheduler)
    batch = Batch(asked)
    directory = course_directory(asked.root, asked.db_url)
    require_answer(directory.db_url)
    with answering(directory.db_url):
        batch.open_gradebook()
    pages = Pages(directory)
    console = _console(stderr=True)
    rows: list[Row] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        batch.results.alone(),
        answering(directory.db_url),
        Progress(*columns, TimeRemainingColumn(), console=console) as progress,
    ):
        grading = f"grading {_counted(batch.distinct, 'distinct hand-in')}"
        task = progress.add_task(grading, total=batch.total)
        for row in batch.rows():
            rows.append(row)
            _tell_learner(pages, asked.slug, row, batch.writer)
            progress.console.print(_line(row), soft_wrap=True)
            progress.advance(task)
    rows.sort(key=lambda row: row.student)
    sheet = asked.root / f"grades-{asked.slug}.csv"
    if not asked.only:  # it is the whole class's
        write_sheet(rows, sheet)
    if as_json:
        for row in rows:
            print(json.dumps(asdict(row)))
    else:
        _summarise(rows)
        if not asked.only:
            print(sheet)
    return exit_code(rows)


def _tell_learner(pages: Pages, slug: str, row: Row, gradebook: Writer) -> None:
    if row.state == "graded":
        pages.graded(row.student, slug)
    else:
        earlier = None
        with suppress(SQLAlchemyError):  # the gradebook may be what stood in the way
            earlier = gradebook.score(row.student)
        pages.no_verdict(row.student, slug, row.state, row.reason, earlier)


def _line(row: Row) -> str:
    colour = _COLOURS[row.state]
    points = "" if row.score is None else f" {row.score:g} of {row.max_score}"
    told = f" {row.seconds:.1f} s" if row.seconds else ""
    reason = f": {escape(printable(row.reason))}" if row.reason else ""
    name, state = escape(printable(row.student)), row.state.replace("_", " ")
    return f"{name}: [{colour}]{state}[/]{points}{told}{reason}"


def _summarise(rows: Sequence[Row]) -> None:
    table = Table(title=_counted(len(rows), "submission"), title_justify="left")
    for column in ("student", "state", "points", "reason"):
        table.add_column(column, overflow="fold")
    for row in rows:
        points = "–" if row.score is None else f"{row.score:g} of {row.max_score}"
        table.add_row(
            escape(printable(row.student)),
            row.state.replace("_", " "),
            points,
            escape(printable(row.reason)),
        )
    console = _console()
    console.print(table)
    states = Counter[str](row.state for row in rows)
    told = ", ".join(f"{states[state]} {state.replace('_', ' ')}" for state in _COLOURS)
    console.print(told, highlight=False)


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, emoji=False)  # a learner may be called :bomb:


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def write_sheet(rows: Sequence[Row], path: Path) -> None:
    """A CSV with a row for each submission, safe to open in a spreadsheet.

    What a spreadsheet would take for a formula gets an apostrophe before it, behind a semicolon and
    in a new line as well, which some take for the end of a cell:
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(Row)])
        for row in rows:
            told = asdict(row) | {"seconds": round(row.seconds, 1)}
            writer.writerow([_plain(value) for value in told.values()])


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", printable(value))
    return "" if value is None else value
