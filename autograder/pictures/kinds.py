"""What an instruction is for: the colours of the layer picture. A hint for the eye, no verdict."""

import re
from collections.abc import Sequence
from itertools import dropwhile, islice, pairwise
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

_LISTS = frozenset({"poetry.lock", "pyproject.toml"})
_NAME = re.compile(r"[\w.-]+")
_INSTALLS = re.compile(r"(?:install|sync)\b")
_FROM_A_LIST = re.compile(r"(?:-r|--requirement|sync)\b")
_PROJECT_ALONE = re.compile(r"--only-root\b")
_VIRTUAL_ENVIRONMENT = re.compile(r"venv|virtualenvs|site-packages")


def kinds_of(instructions: Sequence[Instruction]) -> list[Kind]:
    """The kind of each instruction, in order; what was brought before tells a second install."""
    found, again = list[Kind](), False
    for instruction in instructions:
        words = _words(instruction)
        installs = instruction.keyword == "RUN" and _installs_dependencies(words)
        found.append(_kind(instruction, words, installs=installs, again=again))
        again = again or installs
    return found


def _kind(instruction: Instruction, words: list[str], *, installs: bool, again: bool) -> Kind:
    if instruction.keyword in {"COPY", "ADD"}:
        return _copied(instruction)
    if instruction.keyword != "RUN":
        return "settings"
    if _installs_the_project(words):
        return "your source"
    if installs:
        named = any("--no-root" in word for word in words)
        return "your source" if again and not named else "dependencies"
    return "tools"


def _installs_dependencies(words: list[str]) -> bool:
    return _told(words, "poetry", _INSTALLS) or _told(words, "pip", _FROM_A_LIST)


def _installs_the_project(words: list[str]) -> bool:
    if _told(words, "poetry", _PROJECT_ALONE):
        return True
    for at, (program, command) in enumerate(pairwise(words)):
        if program.endswith(("pip", "pip3")) and command == "install":
            given = (word for word in words[at + 2 :] if not word.startswith("-"))
            if next(given, "") == ".":
                return True
    return False


def _told(words: list[str], program: str, what: re.Pattern[str]) -> bool:
    """Whether a word behind the program begins in such a way."""
    behind = dropwhile(lambda word: not word.endswith(program), words)
    return any(what.match(word) for word in islice(behind, 1, None))


def _copied(instruction: Instruction) -> Kind:
    sources = instruction.value.split()[:-1]
    if sources and all(_is_a_list(source) for source in sources):
        return "dependencies"
    if _VIRTUAL_ENVIRONMENT.search(instruction.value):
        return "dependencies"
    return "your source"


def _is_a_list(source: str) -> bool:
    name = source.removesuffix("*").rpartition("/")[2]
    of_pip = "requirements" in name and name.endswith(".txt") and _NAME.fullmatch(name)
    return name in _LISTS or bool(of_pip)


def _words(instruction: Instruction) -> list[str]:
    """What a RUN runs; the exec form's brackets and quotes do not count."""
    return instruction.text.translate(str.maketrans('[]",', "    ")).split()
