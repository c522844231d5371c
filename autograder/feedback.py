"""The words that more than one door says, and that one door looks for in what another said."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text

from autograder.hand_in import NO_DOCKERFILE
from autograder.outcome import Outcome, failed, not_judged, passed

__all__ = [
    "NOT_BUILT", "NOT_JUDGED", "NO_DOCKERFILE", "PASSED", "SEEN", "TRY_NEXT", "error_in",
    "outcome_in", "tasks_in",
]  # fmt: skip

PASSED, SEEN, TRY_NEXT = "passed: ", "seen: ", "try next: "
NOT_JUDGED = "not judged: "
"""How a cell begins that has no verdict, through no fault of the learner."""

NOT_BUILT = "the build did not succeed: see the build cell"
"""What every cell after a failed build says."""

_TEXT = "-text"  # a graded cell's task is the locked cell above it, named for it
_LINE = re.compile(r" \(Dockerfile line (\d{1,6})\)$")


def error_in(output: Mapping[str, Any]) -> str:
    """The words of a cell's error output on one line, without colours; `` for any other output."""
    return " ".join(Text.from_ansi("\n".join(output.get("traceback", []))).plain.split())


def tasks_in(cells: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What each graded cell requires, by its nbgrader name, in a learner's words."""
    named = {str(cell["metadata"].get("nbgrader", {}).get("grade_id", "")): cell for cell in cells}
    return {
        name.removesuffix(_TEXT): re.sub(r"[*`]", "", str(cell["source"]))
        for name, cell in named.items()
        if name.endswith(_TEXT)
    }


def outcome_in(words: str) -> Outcome:
    """The outcome that a graded cell told in words; what no check says is a failure as it stands.

    The words are as `cells.require` wraps them: a line that goes on with one before is indented.
    """
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n(?! )", words.strip())]
    first, rest = paragraphs[0], paragraphs[1:]
    if first.startswith(PASSED):
        return passed(seen=" ".join(paragraphs).removeprefix(PASSED))
    if first == NOT_BUILT:
        return failed(seen=NOT_BUILT.partition(":")[0], try_next="")
    try_next = next((row.removeprefix(TRY_NEXT) for row in rest if row.startswith(TRY_NEXT)), "")
    if first.startswith(NOT_JUDGED):
        return not_judged(seen=first.removeprefix(NOT_JUDGED), try_next=try_next)
    if not first.startswith(SEEN):
        return failed(seen=" ".join(paragraphs), try_next="")
    seen = first.removeprefix(SEEN)
    line = _LINE.search(seen)
    return failed(seen=_LINE.sub("", seen), try_next=try_next, line=int(line[1]) if line else None)
