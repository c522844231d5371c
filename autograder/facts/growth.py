"""How much text a builder makes of a Dockerfile: a few lines can ask for more than there is memory.

`ENV A=$A$A` doubles what A holds, and every step is told the whole environment. What is counted is
never less than what the builder makes.
"""

import re
from collections.abc import Iterable, Mapping

from autograder.errors import BadInput
from autograder.facts.instructions import Instruction, words

MOST_TEXT = 64_000_000
"""Characters: a thousand steps with 64 kB each, far more than any Dockerfile that is meant."""
_UNKNOWN = 1_000
"""Characters that we allow a variable of the base image's, or an ARG from above the first FROM."""
_ENTRY = 100
"""What one more copy of a variable takes, beside its text: here and in the builder."""
_USED = re.compile(r"\$\{?(\w+)(/?)")


def refuse_growth(stages: Iterable[tuple[int | None, tuple[Instruction, ...]]]) -> None:
    """Raises BadInput, with the line, where the text that stages come to is beyond all measure.

    stages: for each, in order, the stage that it starts from, if it is one, and its instructions,
        FROM first.
    """
    held: list[dict[str, int]] = []
    text = 0
    for base, instructions in stages:
        sizes = {} if base is None else dict(held[base])
        environment = sum(sizes.values())
        text += _ENTRY * len(sizes)
        for row in instructions:
            if row.keyword in ("ENV", "ARG"):
                for name, size in _set_by(row, sizes):
                    environment += size - sizes.get(name, 0)
                    sizes[name] = size
            text += environment if row.keyword == "RUN" else _size(row.value, sizes)
            if text > MOST_TEXT:
                raise BadInput(
                    f"Dockerfile line {row.line}: with what its variables hold, the text up to here"
                    f" is longer than {MOST_TEXT:,} characters"
                )
        held.append(sizes)


def _set_by(row: Instruction, sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names and sizes; `ENV NAME value` is one name, and all the rest of the line its value."""
    pairs = words(row.value) or [row.value]
    if row.keyword == "ENV" and "=" not in pairs[0]:
        name, _, value = row.value.partition(" ")
        return [(name, _size(value, sizes))]
    found = (pair.partition("=") for pair in pairs)
    return [(name, _size(value, sizes) if sign else _UNKNOWN) for name, sign, value in found]


def _size(text: str, sizes: Mapping[str, int]) -> int:
    """The most that a text comes to with its variables' values; `${A//a/$B}` puts B all over A."""
    used = [(sizes.get(name, _UNKNOWN), slash) for name, slash in _USED.findall(text)]
    size = len(text) + sum(held for held, _ in used)
    return size + sum(held * (size - held) for held, slash in used if slash)
