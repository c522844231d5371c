"""`./course engine`: the course's own Docker engine, by itself."""

from rich.console import Console
from rich.table import Table

from autograder.engine.find import find_engine, running_engine
from autograder.engine.own import course_engine
from autograder.limits import LIMITS
from autograder.ready import say


def start(*, yes: bool) -> None:
    """Have an engine answer and print its address for DOCKER_HOST."""
    found = find_engine(say, yes=yes)
    print(found.host)


def stop() -> None:
    """Stop our own engine; anyone else's is left alone."""
    own = course_engine()
    if own.is_running():
        own.stop()
        say("The course's own engine has stopped.")
    else:
        say("The course's own engine is not running.")


def limits() -> None:
    """Print every limit of judging as a table."""
    table = Table("limit", "value", "unit", "on")
    for name, value, unit, of in LIMITS.rows():
        table.add_row(name, f"{value:,}", unit, of)
    Console().print(table)


def status() -> int:
    """Name the engine that the course would use; 3 when none answers."""
    found = running_engine()
    if found is None:
        say("No Docker engine answers.")
        return 3
    whose = "the course's own" if found.ours else "not the course's own"
    print(f"Docker {found.version} for {found.arch} at {found.host} ({whose})")
    return 0
