"""Which line has Poetry choose the versions anew: for hints, never for a verdict."""

import re
from collections.abc import Iterator

from autograder.facts.dockerfile import Dockerfile

_SEPARATORS = re.compile(r"[;&|\n]")
_POETRY = re.compile(r"\bpoetry$")
_COMMAND = re.compile(r"(lock|update|add)\b")
_NO_QUOTES = str.maketrans("\"',", "   ")
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
            if row.keyword == "RUN" and _relocks(row.text, poetry, by):
                return row.line
    return None


def _relocks(text: str, poetry: str, by: tuple[str, ...]) -> bool:
    """Whether a command there changes the locked versions: `lock` keeps them from Poetry 2.0 on."""
    keeps = poetry.partition(".")[0] not in ("0", "1")
    return any(
        command in by
        and not _HARMLESS.search(options)
        and (command != "lock" or not keeps or "--regenerate" in options)
        for part in _SEPARATORS.split(text)
        for command, options in _told(part.translate(_NO_QUOTES).split())
    )


def _told(words: list[str]) -> Iterator[tuple[str, str]]:
    """Which of those commands Poetry is told, and with which options behind it."""
    of_poetry = False  # its name, or nothing but options behind that
    for at, word in enumerate(words):
        command = _COMMAND.match(word) if of_poetry else None
        if command:
            yield command[1], " ".join(words[at:])
            return  # what follows are its options
        of_poetry = bool(_POETRY.search(word)) or (of_poetry and word.startswith("-"))
