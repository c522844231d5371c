"""What a Dockerfile has a container start, as its text says: for hints, never for a verdict."""

from autograder.checks import start_help
from autograder.checks.step_help import Help
from autograder.facts.dockerfile import Dockerfile, Instruction, exec_form


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


def is_broken_list(value: str) -> bool:
    """Whether it is meant as a list, and is none; `[ -f x ] && y` is meant for a shell."""
    text = value.strip()
    meant = text.startswith("[") and (text.endswith("]") or "]" not in text)
    return meant and exec_form(value) is None


def at_odds(starts: tuple[Instruction, ...]) -> Help | None:
    """What helps where ENTRYPOINT and CMD do not go together."""
    if len(starts) < 2:
        return None
    entrypoint, command = (exec_form(row.value) for row in starts)
    if entrypoint is None:
        return start_help.DROPPED
    return start_help.AS_ARGUMENTS if entrypoint and command is None else None
