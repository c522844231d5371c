"""The hand-in without its packages, to see what the steps that ran again install by themselves.

`cp -r` and `touch` give a package's folder a new time as an install does. So the packages are taken
away just before a step that ran again: what is there again after it was installed by it.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace

from autograder.evidence.ran_again import Builds, Files, held, looked_at
from autograder.evidence.stages import StageAgain, can_run, stages_again
from autograder.facts.dockerfile import Dockerfile, Stage
from autograder.facts.image import Environment
from autograder.facts.observation import Built, RanAgain

_REMOVE = """
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
# Looks like a package, so that what reads those reads when it was made.
_MARKED = "/course-mark"
_MARK = f"import os; os.makedirs('{_MARKED}/poetry-0.dist-info')"


def alone(
    by: Builds, changed: Built, again: tuple[RanAgain, ...], files: Files
) -> tuple[RanAgain, ...]:
    """What packages the steps bring by themselves, where a copy may look like an install."""
    asked, dockerfile = by.material.asked, by.material.dockerfile
    stages = stages_again(dockerfile, changed.build)
    there = held(by, stages, again, changed.began_ns, files)
    again = tuple(replace(row, held=there) for row in again)
    if not any(row.had(row.installed(asked, changed.began_ns)) for row in again):
        return again
    rows = zip(again, looked_at(stages), strict=True)
    return tuple(replace(row, alone=_alone(by, stage, files)) for row, stage in rows)


def _alone(by: Builds, again: StageAgain, files: Files) -> tuple[Environment, ...] | None:
    """Of what the steps of a stage wrote, all that each brings though it is not there before it.

    None where that cannot be told: a step fails without the packages, or is an ONBUILD's.
    """
    stage, dockerfile, found = again.stage, by.material.dockerfile, list[Environment]()
    names = tuple(sorted(by.material.asked.lock.versions))
    own = {row.line for row in stage.instructions}
    if any(step.line not in own for step in again.steps):
        return None
    for start, end in _parts(again):
        here = (stage, start)
        marked = _built(by, "marked", stage, end, _with_steps(by, [here], _MARK), files)
        written = _written(marked)
        if written is None:
            return None
        if written:
            places = [here, *_elsewhere(stage, dockerfile)]
            remove = _REMOVE.format(names=names)
            brought = _built(by, "alone", stage, end, _with_steps(by, places, remove), files)
            if brought is None:
                return None
            found += [_only(written, environment) for environment in brought]
    return tuple(found)


def _built(
    by: Builds, which: str, stage: Stage, end: int, lines: list[str], files: Files
) -> tuple[Environment, ...] | None:
    """What is installed in a stage up to a line; None where it cannot be built."""
    text = "\n".join(lines[:end])
    build = by.surely(f"{which}-{stage.index}-{end}", files, text=text)
    return by.environments([build])[0] if build.succeeded else None


def _parts(again: StageAgain) -> list[tuple[int, int]]:
    """The lines before and at the end of each step that ran again; of the stage if none did."""
    lines = {step.line for step in again.steps}
    ran = [row for row in again.stage.instructions if row.line in lines]
    if not ran:
        return [(again.stage.start.end_line, again.stage.end_line)]
    return [(row.line - 1, row.end_line) for row in ran]


def _written(found: tuple[Environment, ...] | None) -> set[str] | None:
    """The packages whose folders were written after the mark; None where it is not there."""
    marks = [d for e in found or () if e.path == _MARKED for d in e.distributions.values()]
    if not marks:
        return None
    rows = [d for e in found or () if e.path != _MARKED for d in e.distributions.values()]
    return {d.name for d in rows if max(d.modified_ns, d.changed_ns) >= marks[0].modified_ns}


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


def _with_steps(by: Builds, places: list[tuple[Stage, int]], script: str) -> list[str]:
    """The Dockerfile's lines, each with what was added after it: a script in Python, run by root.

    places: after which line of which stage it runs.
    """
    packed = base64.b64encode(script.encode()).decode()
    run = f'RUN ["python3", "-I", "-c", "import base64; exec(base64.b64decode(\'{packed}\'))"]'
    lines = by.prepared().split("\n")
    for stage, line in places:
        user = _user(stage, line, by.material.dockerfile)
        again = f"\nUSER {user}" if user else ""
        lines[line - 1] += f"\nUSER 0\n{run}{again}"
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
