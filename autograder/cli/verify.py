"""`./course verify`: the assignments proven whole, as one table."""

import os

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import places
from autograder.ready import make_ready, say
from autograder.verify import Finding
from autograder.verify import verify as prove


def verify() -> int:
    """Print what was proven; 0 when all holds, 1 when something does not."""
    ready = make_ready(say, yes=os.environ.get("COURSE_YES") == "1")
    findings = list(prove(places.project(), ready.environment, say))
    Console().print(as_table(findings))
    return int(any(finding.problem for finding in findings))


def as_table(findings: list[Finding]) -> Table:
    """One row for each proof."""
    table = Table(title="./course verify", title_justify="left")
    for column in ("assignment", "what", "holds", "seconds"):
        table.add_column(column, overflow="fold")
    for row in findings:
        holds = f"[red]no: {escape(row.problem)}[/]" if row.problem else "[green]yes[/]"
        table.add_row(row.assignment, row.what, holds, f"{row.seconds:.1f}")
    return table
