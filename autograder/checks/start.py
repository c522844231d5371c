"""What a Dockerfile has a container start, as its text says: for hints, never for a verdict."""

import re
from collections.abc import Collection

from autograder.checks import start_help
from autograder.checks.step_help import Help
from autograder.facts.dockerfile import Dockerfile, Instruction, exec_form

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")  # without a default
_NAMED = re.compile(r"(?<!\w)(\w++)[=\s]")  # in an ENV
_SET = re.compile(r"(?<![\w-])(\w++)=")  # by a shell, and not as an option
_ALWAYS = frozenset({"HOME", "HOSTNAME", "PATH", "PWD"})
_TOOLS = frozenset({"poetry", "python", "python3", "sh", "bash"})
_RUNNERS = (["poetry", "run"], ["python", "-m"], ["python3", "-m"])  # they run their arguments


def rows_of(dockerfile: Dockerfile) -> tuple[Instruction, ...]:
    """The instructions of the last stage, below those of the stages that it starts from."""
    stage = dockerfile.stages[-1]
    parts = [stage.instructions]
    while isinstance(stage.base, int):
        stage = dockerfile.stages[stage.base]
        parts.append(stage.instructions)
    return tuple(row for part in reversed(parts) for row in part)


def starts_of(dockerfile: Dockerfile) -> tuple[Instruction, ...]:
    """The ENTRYPOINT and the CMD that count, those of them that there are."""
    last = {row.keyword: row for row in rows_of(dockerfile)}
    return tuple(last[word] for word in ("ENTRYPOINT", "CMD") if word in last)


def line_of_start(dockerfile: Dockerfile) -> int | None:
    """The line of the CMD that counts, or else of the ENTRYPOINT."""
    starts = starts_of(dockerfile)
    return starts[-1].line if starts else None


def ungiven(dockerfile: Dockerfile) -> tuple[str, int] | None:
    """A variable that a shell puts in at the start, and to which nothing gives a value; its line.

    An ARG gives one to the build alone.
    """
    given = _ALWAYS.union(
        name
        for row in rows_of(dockerfile)
        if row.keyword == "ENV"
        for name in _NAMED.findall(row.value)
    )
    for row in starts_of(dockerfile):
        words = exec_form(row.value)
        if words and "-c" not in words:
            continue
        known = given.union(_SET.findall(row.value))
        names = (match[1] or match[2] for match in _VARIABLE.finditer(row.value))
        if name := next((name for name in names if name not in known), None):
            return name, row.line
    return None


def is_broken_list(value: str) -> bool:
    """Whether it is meant as a list, and is none; `[ -f x ] && y` is meant for a shell."""
    text = value.strip()
    meant = text.startswith("[") and (text.endswith("]") or "]" not in text)
    return meant and exec_form(value) is None


def at_odds(starts: tuple[Instruction, ...]) -> tuple[Help, int] | None:
    """What helps where ENTRYPOINT and CMD do not go together, and the line of the one to mend."""
    if len(starts) < 2:
        return None
    entrypoint, command = (exec_form(row.value) for row in starts)
    if entrypoint is None:
        return start_help.DROPPED, starts[0].line
    return (start_help.AS_ARGUMENTS, starts[1].line) if entrypoint and command is None else None


def doubled(starts: tuple[Instruction, ...], servers: Collection[str]) -> str:
    """What a container runs whose ENTRYPOINT is a program that gets another from CMD; or ``.

    Not where ENTRYPOINT runs what it is given: a script, env, tini, `poetry run`.
    """
    entrypoint, command = [exec_form(row.value) or [] for row in starts] if starts[1:] else ([], [])
    words = entrypoint[2:] if entrypoint[:2] in _RUNNERS else entrypoint
    if not words or not command:
        return ""
    name, given = (row[0].rpartition("/")[2] for row in (words, command))
    known = _TOOLS.union(servers)
    meant = {"poetry"} if name == "poetry" else known  # else it is `run` that was forgotten
    if name not in known or given not in meant:
        return ""
    takes = name in servers or all(w[:1] == "-" and w not in ("-c", "-m") for w in words[1:])
    return " ".join((*entrypoint, *command)) if takes else ""
