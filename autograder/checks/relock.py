"""Which line has Poetry choose the versions anew: for hints, never for a verdict."""

import re

from autograder.facts.dockerfile import Dockerfile

_RELOCK = re.compile(r"""\bpoetry[\s"',]+(?:-\S+\s+)*(lock|update|add)\b([^;&|\n]*)""")
_COMMANDS = ("lock", "update", "add")
_HARMLESS = re.compile(r"--(?:no-update|check|dry-run|help)\b")


def line_of_relock(
    dockerfile: Dockerfile, poetry: str, by: tuple[str, ...] = _COMMANDS
) -> int | None:
    """The first line that has a Poetry of that version lock anew, or None; `` is no Poetry.

    by: the commands of Poetry that are looked for.
    """
    for stage in dockerfile.needed_stages() if poetry else ():
        for row in stage.instructions:
            text = " ".join((row.value, *row.heredocs))
            if row.keyword == "RUN" and _relocks(text, poetry, by):
                return row.line
    return None


def _relocks(text: str, poetry: str, by: tuple[str, ...]) -> bool:
    """Whether a command there changes the locked versions: `lock` keeps them from Poetry 2.0 on."""
    keeps = poetry.partition(".")[0] not in ("0", "1")
    return any(
        command in by
        and not _HARMLESS.search(options)
        and (command != "lock" or not keeps or "--regenerate" in options)
        for command, options in _RELOCK.findall(text)
    )
