"""What a builder says of an instruction that it cannot read, and gives no line for.

The words are those of Docker 20.10, 26.1 and 28.5, on both builders.
"""

import json
import re
from collections.abc import Callable

from autograder.facts.dockerfile import Dockerfile
from autograder.facts.instructions import Instruction, trigger, words

_MOST_SAID = 10_000
_Means = Callable[[Instruction, str], bool]


def _holds(row: Instruction, word: str) -> bool:
    flags = (value for _, value in row.flags)
    return any(word in text for text in (row.value, *flags))


def _has_no_equals(row: Instruction, word: str) -> bool:
    """Whether that word should be a pair: in the old form, `ENV NAME VALUE`, none is."""
    found = _words(row)
    return "=" in found[0] and word in found[1:]


def _is_alone(row: Instruction, keyword: str) -> bool:
    found = _words(row)
    return row.keyword == keyword and len(found) == 1 and "=" not in found[0]


def _words(row: Instruction) -> list[str]:
    return words(row.value) or row.value.split() or [""]


# https://docs.docker.com/reference/dockerfile/#environment-replacement
_EXPANDED = "ADD ARG COPY ENV EXPOSE FROM LABEL STOPSIGNAL USER VOLUME WORKDIR"
# What is said, of which instructions, and whether one of them is meant by the word it quotes.
_COMPLAINTS: tuple[tuple[str, str, _Means], ...] = (
    (r"Syntax error - can't find = in (\".*\")\. Must be of .*", "ENV LABEL", _has_no_equals),
    (r"(ENV|LABEL) must have two arguments", "ENV LABEL", _is_alone),
    (r"failed to process (\".*\"): .*", _EXPANDED, _holds),
    (r"[Ii]nvalid (?:containerPort|proto): (\S+)", "EXPOSE", _holds),
    (r"[Ii]nvalid signal: (\S+)", "STOPSIGNAL", _holds),
    (r"VOLUME specified can not be an empty string()", "VOLUME", _holds),
    (r"unsupported mount type (\".*\")", "RUN", _holds),
    (r"failed to parse platform (\S+): .*", "FROM", _holds),
)
_READ = tuple(
    (re.compile(rf"(?:^|: )({said})$", re.S), keywords.split(), means)
    for said, keywords, means in _COMPLAINTS
)


def complaint(message: str) -> str:
    """What the message says of an instruction, without who says so; `` for any other message."""
    # A longer one quotes what a learner wrote at length, which the patterns would search for long.
    told = message.strip() if len(message) < _MOST_SAID else ""
    found = (pattern.search(told) for pattern, _, _ in _READ)
    return next((match[1] for match in found if match), "")


def line_of_complaint(message: str, dockerfile: Dockerfile) -> int | None:
    """The line of the one instruction that may be meant, or None where none is, or several are."""
    for pattern, keywords, means in _READ if complaint(message) else ():
        if match := pattern.search(message.strip()):
            rows = (trigger(r) if r.keyword == "ONBUILD" else r for r in dockerfile.instructions)
            told = [row for row in rows if row.keyword in keywords]
            lines = [row.line for row in told if means(row, _unquoted(match[2]))]
            return lines[0] if len(lines) == 1 else None
    return None


def _unquoted(word: str) -> str:
    """A word as it was before Go's %q; one that JSON would quote otherwise stays as it is."""
    try:
        return str(json.loads(word)) if word.startswith('"') else word
    except ValueError:
        return word
