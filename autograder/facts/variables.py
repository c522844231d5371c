"""The variables that the steps of a Dockerfile see, as far as its text tells."""

from collections import ChainMap
from collections.abc import Iterator, Mapping

from autograder.facts.dockerfile import Dockerfile, Instruction
from autograder.facts.expansion import expand
from autograder.facts.instructions import words


def runs_with_variables(dockerfile: Dockerfile) -> Iterator[tuple[Instruction, Mapping[str, str]]]:
    """Every RUN of the stages that are needed, in file order, with what ARG and ENV give it.

    The values are true until the next is asked for. ENV wins over ARG, and a stage has both from
    the one that it starts from: https://docs.docker.com/reference/dockerfile/#scope
    """
    outside: dict[str, str] = {}
    for row in dockerfile.arguments:
        _declare(row, outside, outside, {})
    left: dict[int, tuple[dict[str, str], dict[str, str]]] = {}
    for stage in dockerfile.needed_stages():
        above = left[stage.base] if isinstance(stage.base, int) else ({}, {})
        environment, arguments = left[stage.index] = (dict(above[0]), dict(above[1]))
        for row in stage.instructions:
            if row.keyword == "RUN":
                yield row, ChainMap(environment, arguments)
            elif row.keyword == "ENV":
                environment |= _given(row, ChainMap(environment, arguments))
            elif row.keyword == "ARG":
                _declare(row, arguments, outside, environment)


def _declare(
    row: Instruction,
    arguments: dict[str, str],
    outside: Mapping[str, str],
    environment: dict[str, str],
) -> None:
    """What an ARG makes known: with no default of its own, what one above FROM gave that name."""
    for pair in words(row.value) or ():
        name, has_default, default = pair.partition("=")
        if has_default:
            arguments[name] = expand(default, ChainMap(environment, arguments))
        elif name in outside:
            arguments[name] = outside[name]


def _given(row: Instruction, known: Mapping[str, str]) -> dict[str, str]:
    """What an ENV sets, in its form with equals signs or in the old one, without."""
    pairs = words(row.value) or []
    if pairs and "=" not in pairs[0]:
        name, _, value = row.value.partition(" ")
        return {name: expand(value.strip(), known)}
    parts = (pair.partition("=") for pair in pairs)
    return {name: expand(value, known) for name, _, value in parts}
