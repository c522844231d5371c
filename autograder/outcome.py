"""The verdict of one check of one hand-in."""

from dataclasses import dataclass
from typing import Literal

State = Literal["passed", "failed", "not_judged"]


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    seen: a fact of this hand-in, in the learner's terms.
    try_next: the next sensible step; empty when there is none.
    line: the Dockerfile line that is to blame, counted from 1, or None.
    hints: for a learner who asks, each a step nearer: what to look at, the idea, nearly the line.
    """

    state: State
    seen: str
    try_next: str = ""
    line: int | None = None
    hints: tuple[str, ...] = ()


def printable(text: str) -> str:
    """Text of a stranger's without what could move a terminal's cursor or cannot be encoded."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def passed(*, seen: str) -> Outcome:
    """The demand holds."""
    return Outcome("passed", printable(seen))


def failed(
    *, seen: str, try_next: str, line: int | None = None, hints: tuple[str, ...] = ()
) -> Outcome:
    """The demand does not hold, and the learner can mend it."""
    climb = tuple(printable(hint) for hint in hints)
    return Outcome("failed", printable(seen), printable(try_next), line, climb)


def not_judged(*, seen: str, try_next: str = "") -> Outcome:
    """No verdict: the engine, the index or the exercise's offer is at fault, never the learner."""
    return Outcome("not_judged", printable(seen), try_next)
