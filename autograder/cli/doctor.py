"""`./course doctor`: what is there, what will be made, and what to do about the rest."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.cli.findings import Row, State, the_engine, this_machine

STYLES = {State.MISSING: "red", State.TO_COME: "yellow", State.NAMED: "cyan"}


def doctor() -> int:
    """Print the table; 0 when `./course start` can work, 3 when something is missing."""
    rows = [*this_machine(), *the_engine()]
    console = Console()
    console.print(as_table(rows))
    missing = [row.thing for row in rows if row.state is State.MISSING]
    if missing:
        console.print(f"./course start cannot work yet: {', '.join(missing)}", style="red")
    return 3 if missing else 0


def as_table(rows: list[Row]) -> Table:
    """One line for each thing that the course needs."""
    table = Table(title="./course doctor", title_justify="left")
    for column in ("what", "state", "seen", "what to do"):
        table.add_column(column, overflow="fold")
    for row in rows:
        words = (row.thing, row.state.value, escape(row.seen), escape(row.to_do))
        table.add_row(*words, style=STYLES.get(row.state))
    return table
