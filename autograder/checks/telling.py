"""The line that tells most, of what a program printed before it ended."""

import re
from collections.abc import Iterable
from itertools import takewhile

# How pip, Poetry, uv, a shell, Python, gunicorn and uvicorn begin or end the line that says it.
_TELLS = re.compile(
    r"^(?:ERROR|Error|error)\b|: error:|\b(?:does|do) not exist\b|doesn't exist|not found\b"
    r"|[Cc]ould not|No such|[Uu]nterminated|[Pp]ermission denied|not available|There is no"
    r"|\w(?:Error|Exception): |Failed to find|Not enough arguments|Listening at|running on http"
    r"|^Incompatible constraints|version solving failed"
    r"|^line \d+ calls "  # our own, of what a slim image has not: evidence.wanting
)
# It points at the line above it, or goes on from it.
_ADVICE = re.compile(r"^hint:", re.I)
# The end of a story whose cause stands further up: gunicorn's, pip's, a traceback's.
_LAST_WORDS = re.compile(r"Worker failed to boot|App failed to load|exited with code|Shutting down")
# [date] [process] [LEVEL], another each time.
_STAMP = re.compile(r"^\[[^\]]*\d{4}\] \[\d+\] \[[A-Z]+\] ")
# Poetry gives its reasons over several rows, and the constraints that clash each on its own.
_REASON = re.compile(r"^(?:Because|So, because) ")
_CONSTRAINT = re.compile(r"^\S+ \(")


def telling(rows: Iterable[str]) -> str:
    """The last row that says what went wrong, with the advice below it; or else the last row.

    Without time stamps and numbers of processes: the same failure reads the same each time.
    """
    told = [_STAMP.sub("", row.strip()) for row in rows if row.strip()]
    if not told:
        return ""
    hits = [n for n, row in enumerate(told) if _TELLS.search(row) and not _LAST_WORDS.search(row)]
    at = hits[-1] if hits else len(told) - 1
    advice = [row for row in told[at + 1 :] if _ADVICE.match(row)]
    return " ".join((*_whole(told, at), *advice[:1]))


def _whole(told: list[str], at: int) -> list[str]:
    """A row with those above or below it that it is a part of."""
    if told[at].startswith("Incompatible constraints"):
        return [told[at], *takewhile(_CONSTRAINT.match, told[at + 1 :])]
    if "version solving failed" in told[at]:
        begin = next((n for n in range(at, -1, -1) if _REASON.match(told[n])), at)
        return told[begin : at + 1]
    return [told[at]]
