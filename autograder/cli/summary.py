"""How `./course test` tells its results: a line for each stage, a table, one plain line for CI."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.cli.stages import Result
from autograder.ready import say

LOG_LINES = 60


def say_result(result: Result) -> None:
    """One line as a stage ends, and the end of its log when it failed."""
    word = "FAILED" if result.failed else "passed" if result.passed else "not run"
    say(f"{result.name}: {word} in {result.seconds:.1f} s {result.note}".rstrip())
    if result.failed and result.log:
        for line in last_lines(result.log):
            say(f"    {line}")
        say(f"    (all of it: {result.log})")


def last_lines(log: Path) -> list[str]:
    """The end of a log, whatever bytes a test wrote there."""
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]


def summarise(results: Sequence[Result]) -> int:
    """Print the table, every failure in a line, and the line that CI reads.

    The exit code is 0 when nothing failed.
    """
    table = Table(title="./course test", title_justify="left")
    table.add_column("stage")
    for column in ("passed", "failed", "skipped", "seconds"):
        table.add_column(column, justify="right")
    table.add_column("note", overflow="fold")
    for row in results:
        style = "red" if row.failed else None
        numbers = (f"{n or ''}" for n in (row.passed, row.failed, row.skipped))
        table.add_row(row.name, *numbers, f"{row.seconds:.1f}", escape(row.note), style=style)
    Console().print(table)
    for row in results:
        for line in row.failures:
            print(f"{row.name}: {line}")
    passed = sum(row.passed for row in results)
    failed = sum(row.failed for row in results)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
