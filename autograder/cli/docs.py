"""`./course docs`: the page about the checks, written anew."""

from autograder import checks_page, places
from autograder.ready import say


def docs() -> None:
    """Write docs/checks.md as the checks have it now."""
    path = places.project() / checks_page.PAGE
    path.write_text(checks_page.page(places.project()), encoding="utf-8")
    say(f"{path} is up to date.")
