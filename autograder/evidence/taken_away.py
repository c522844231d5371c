"""The hand-in without its packages, to see what the steps that ran again install by themselves.

`cp -r` and `touch` give a package's folder a new time as an install does. So the packages are taken
away just before a step that ran again: what is there again after it was installed by it.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace

from autograder.evidence.ran_again import Builds, Files, held
from autograder.evidence.stages import StageAgain, can_run, stages_again, until
from autograder.facts.dockerfile import Dockerfile, Stage
from autograder.facts.image import Environment
from autograder.facts.observation import Built, RanAgain

_SCRIPT = """
import os, re, shutil
names = set({names!r})
for folder, inside, _ in os.walk("/"):
    if folder == "/":
        inside[:] = [name for name in inside if name not in ("proc", "sys", "dev")]
    for name in [name for name in inside if name.endswith(".dist-info")]:
        inside.remove(name)
        if re.sub(r"[-_.]+", "-", name.partition("-")[0]).lower() in names:
            shutil.rmtree(os.path.join(folder, name))
"""


def alone(
    by: Builds, changed: Built, again: tuple[RanAgain, ...], files: Files
) -> tuple[RanAgain, ...]:
    """What packages the steps bring by themselves, where a copy may look like an install."""
    asked, dockerfile = by.material.asked, by.material.dockerfile
    stages = stages_again(dockerfile, changed.build)
    there = held(by, stages, files)
    again = tuple(replace(row, held=there) for row in again)
    if not any(row.had(row.installed(asked, changed.began_ns)) for row in again):
        return again
    ran = [s for s in stages if s.steps or s is stages[-1]]
    rows = zip(again, ran, strict=True)
    return tuple(replace(row, alone=_alone(by, stage, changed, files)) for row, stage in rows)


def _alone(
    by: Builds, again: StageAgain, changed: Built, files: Files
) -> tuple[Environment, ...] | None:
    """Of what the steps of a stage wrote, all that each brings though it is not there before it.

    None where that cannot be told: a step fails without the packages, or is an ONBUILD's.
    """
    stage, dockerfile, found = again.stage, by.material.dockerfile, list[Environment]()
    names = tuple(sorted(by.material.asked.lock.versions))
    own = {row.line for row in stage.instructions}
    if any(step.line not in own for step in again.steps):
        return None
    for start, end in _parts(again):
        parts = [until(line, stage, dockerfile, by.prepared().split("\n")) for line in (start, end)]
        builds = [
            by.build(f"part-{stage.index}-{line}", files, text=text)
            for line, text in zip((start, end), parts, strict=True)
        ]
        before_it, after_it = by.environments(builds)
        written = _written(before_it, after_it, changed.began_ns)
        if written:
            places = [(stage, start), *_elsewhere(stage, dockerfile)]
            lines = without(by.prepared(), dockerfile, places, names)
            text = until(end, stage, dockerfile, lines)
            build = by.build(f"alone-{stage.index}-{start}", files, text=text)
            if not build.succeeded:
                return None
            (brought,) = by.environments([build])
            found += [_only(written, environment) for environment in brought]
    return tuple(found)


def _parts(again: StageAgain) -> list[tuple[int, int]]:
    """The lines before and at the end of each step that ran again; of the stage if none did."""
    lines = {step.line for step in again.steps}
    ran = [row for row in again.stage.instructions if row.line in lines]
    if not ran:
        return [(again.stage.start.end_line, again.stage.end_line)]
    return [(row.line - 1, row.end_line) for row in ran]


def _written(
    before_it: tuple[Environment, ...], after_it: tuple[Environment, ...], since_ns: int
) -> set[str]:
    """The packages whose folders a part of a stage has made anew."""
    there = {(e.path, d.name, d.modified_ns) for e in before_it for d in e.distributions.values()}
    return {
        d.name
        for e in after_it
        for d in e.distributions.values()
        if d.modified_ns >= since_ns and (e.path, d.name, d.modified_ns) not in there
    }


def _only(names: set[str], environment: Environment) -> Environment:
    rows = {n: d for n, d in environment.distributions.items() if n in names}
    return replace(environment, distributions=rows)


def _elsewhere(stage: Stage, dockerfile: Dockerfile) -> Iterator[tuple[Stage, int]]:
    """The ends of the stages that one copies from: what it takes from there must be gone, too."""
    below, base = set[int](), stage.base
    while isinstance(base, int):  # what it starts from loses its packages within the stage itself
        below.add(base)
        base = dockerfile.stages[base].base
    for other in dockerfile.needed_by(stage.index):
        taken_from = other.index not in below or other.index in stage.needs
        if other is not stage and taken_from and can_run(other, dockerfile):
            yield other, other.end_line


def without(
    text: str, dockerfile: Dockerfile, places: list[tuple[Stage, int]], names: tuple[str, ...]
) -> list[str]:
    """A Dockerfile's text that removes these packages after some lines of some stages.

    text: the Dockerfile as it is built, line for line.

    The answer is a list of the text's lines, each with what was added after it.
    """
    script = base64.b64encode(_SCRIPT.format(names=names).encode()).decode()
    remove = f'RUN ["python3", "-I", "-c", "import base64; exec(base64.b64decode(\'{script}\'))"]'
    lines = text.split("\n")
    for stage, line in places:
        user = _user(stage, line, dockerfile)
        again = f"\nUSER {user}" if user else ""
        lines[line - 1] += f"\nUSER 0\n{remove}{again}"
    return lines


def _user(stage: Stage, line: int, dockerfile: Dockerfile) -> str:
    """As whom a stage runs its steps after a line, as the Dockerfile has it; `` for root."""
    while True:
        own = (row for row in stage.instructions if row.keyword == "USER" and row.line <= line)
        last = max(own, key=lambda row: row.line, default=None)
        if last is not None:
            return last.value
        if not isinstance(stage.base, int):
            return ""
        stage = dockerfile.stages[stage.base]
        line = stage.end_line
