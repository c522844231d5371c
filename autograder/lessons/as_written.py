"""A build's steps as the learner wrote them."""

from collections.abc import Iterator
from dataclasses import replace

from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import Dockerfile, Instruction, Stage


def as_written(facts: BuildFacts, dockerfile: Dockerfile) -> BuildFacts:
    """The build with its steps in the Dockerfile's order, and bases under the learner's own names.

    A builder tells cached steps all at once, and names a base image by whatever stands for it. When
    another build runs at the same time, it lends a step the place that it has there, and does not
    tell of a base image that both start from.
    """
    places = dict[str, list[int]]()
    for text, at in _texts(dockerfile):
        places.setdefault(text, []).append(at)
    steps = []
    for step in facts.steps:
        named = _with_its_base(step, dockerfile)
        lines = places.get(" ".join(named.name.split()), [])
        line = named.line
        if lines:
            line = lines.pop(lines.index(line) if line in lines else 0)
        steps.append(replace(named, line=line))
    steps += _untold_bases(steps, dockerfile)
    return replace(facts, steps=tuple(sorted(steps, key=lambda step: step.line or 0)))


def _untold_bases(steps: list[BuildStep], dockerfile: Dockerfile) -> Iterator[BuildStep]:
    """The base images that are missing among the steps that stand on them."""
    told = {step.line for step in steps}
    for stage in dockerfile.stages:
        names = _names_of(stage, dockerfile)
        built = any(step.stage in names for step in steps)
        if built and not isinstance(stage.base, int) and stage.base.line not in told:
            yield BuildStep(f"FROM {stage.base.reference}", "", True, 0.0, stage.base.line)


def _texts(dockerfile: Dockerfile) -> Iterator[tuple[str, int]]:
    """Every step's text, with single spaces, and its line."""
    for stage in dockerfile.stages:
        if not isinstance(stage.base, int):
            yield f"FROM {stage.base.reference}", stage.base.line
        for instruction in stage.instructions:
            yield " ".join(_words(instruction)), instruction.line


def _words(instruction: Instruction) -> list[str]:
    flags = [f"--{name}={value}" if value else f"--{name}" for name, value in instruction.flags]
    return [instruction.keyword, *flags, *instruction.value.split()]


def _with_its_base(step: BuildStep, dockerfile: Dockerfile) -> BuildStep:
    if not step.name.startswith("FROM "):
        return step
    for stage in dockerfile.stages:
        if step.stage in _names_of(stage, dockerfile) and not isinstance(stage.base, int):
            return replace(step, name=f"FROM {stage.base.reference}")
    return step


def _names_of(stage: Stage, dockerfile: Dockerfile) -> set[str]:
    """What BuildKit calls a stage: its name, `stage-1`, or nothing when it is the only one."""
    names = {stage.name or f"stage-{stage.index}"}
    return names | {""} if len(dockerfile.stages) == 1 else names
