"""What an instruction is for: the colours of the layer picture. A hint for the eye, no verdict."""

import re
from collections.abc import Sequence
from typing import Literal

from autograder.facts.dockerfile import Instruction
from autograder.pictures.picture import BLUE, GREEN, GREY, ORANGE

Kind = Literal["base image", "tools", "dependencies", "your source", "settings"]

COLOURS: dict[Kind, str] = {
    "base image": GREY,
    "tools": BLUE,
    "dependencies": ORANGE,
    "your source": GREEN,
    "settings": GREY,
}

_LISTS = re.compile(r"(?:^|/)(?:poetry\.lock|pyproject\.toml|[\w.-]*requirements[\w.-]*\.txt)\*?$")
_DEPENDENCIES = re.compile(
    r"poetry\s+(?:\S+\s+)*?(?:install|sync)\b|pip\s+(?:\S+\s+)*?(?:-r|--requirement)\b"
    r"|pip\s+(?:\S+\s+)*?(?:sync)\b"
)
_OWN_PROJECT = re.compile(
    r"poetry\s+(?:\S+\s+)*?--only-root\b|pip3?\s+install\s+(?:-\S+\s+)*\.(?:\s|$)"
)
_VIRTUAL_ENVIRONMENT = re.compile(r"venv|virtualenvs|site-packages")


def kinds_of(instructions: Sequence[Instruction]) -> list[Kind]:
    """The kind of each instruction, in order; what was brought before tells a second install."""
    found: list[Kind] = []
    for instruction in instructions:
        found.append(_kind(instruction, again=_installs_dependencies(instructions[: len(found)])))
    return found


def _installs_dependencies(before: Sequence[Instruction]) -> bool:
    return any(row.keyword == "RUN" and _DEPENDENCIES.search(_script(row)) for row in before)


def _kind(instruction: Instruction, *, again: bool) -> Kind:
    if instruction.keyword in {"COPY", "ADD"}:
        return _copied(instruction)
    if instruction.keyword != "RUN":
        return "settings"
    script = _script(instruction)
    if _OWN_PROJECT.search(script):
        return "your source"
    if _DEPENDENCIES.search(script):
        return "your source" if again and "--no-root" not in script else "dependencies"
    return "tools"


def _copied(instruction: Instruction) -> Kind:
    sources = instruction.value.split()[:-1]
    if sources and all(_LISTS.search(source) for source in sources):
        return "dependencies"
    if _VIRTUAL_ENVIRONMENT.search(instruction.value):
        return "dependencies"
    return "your source"


def _script(instruction: Instruction) -> str:
    """What a RUN runs; the exec form's brackets and quotes do not count."""
    return " ".join((instruction.value, *instruction.heredocs)).translate(
        str.maketrans('[]",', "    ")
    )
