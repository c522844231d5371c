"""Which steps of a rebuild ran again, by stage, and what to build to see a stage before them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import Dockerfile, Instruction, Stage, sources_of


@dataclass(frozen=True)
class StageAgain:
    """A stage that the final image needs, and its RUN steps that ran again, in order."""

    stage: Stage
    steps: tuple[BuildStep, ...]


def stages_again(dockerfile: Dockerfile, rebuilt: BuildFacts) -> list[StageAgain]:
    """Every needed stage in file order, with the RUN steps that the rebuild ran again.

    A step that cannot be placed is the last stage's: of two equal stages a builder may tell once.
    """
    needed = dockerfile.needed_stages()
    rows: dict[int, list[BuildStep]] = {stage.index: [] for stage in needed}
    for step in rebuilt.steps:
        if not step.cached and step.name.upper().startswith("RUN"):
            stage = _by_line(step, needed) or _by_name(step, needed) or needed[-1]
            rows[stage.index] += [step]
    if rebuilt.builder == "classic":  # it tells nothing of ONBUILD, so that is looked at each time
        for stage in needed:
            ran = [row for row in stage.triggers if row.keyword == "RUN"]
            rows[stage.index][:0] = [
                BuildStep(f"RUN {row.value}", stage.name, False, 0.0, row.line) for row in ran
            ]
    return [StageAgain(stage, tuple(rows[stage.index])) for stage in needed]


def _by_line(step: BuildStep, stages: Iterable[Stage]) -> Stage | None:
    for stage in stages:
        own = (row for row in stage.instructions if row.keyword != "ONBUILD")
        if any(row.line <= (step.line or 0) <= row.end_line for row in (*stage.triggers, *own)):
            return stage
    return None


def _by_name(step: BuildStep, stages: Iterable[Stage]) -> Stage | None:
    """A stage without a name is told by its number."""
    named = {stage.name or f"stage-{stage.index}": stage for stage in stages}
    return named.get(step.stage)


def is_explained(dockerfile: Dockerfile, rebuilt: BuildFacts, changed: str) -> bool:
    """Whether RUN steps ran again, and each of them reads the changed file or stands below it.

    Such a step runs again after the next change, too. Any other one was lost from the cache, or is
    not understood.
    """
    again = {step.line for step in rebuilt.steps if not step.cached}
    runs = {step.line for stage in stages_again(dockerfile, rebuilt) for step in stage.steps}
    names = {name: s.index for s in dockerfile.stages for name in (str(s.index), s.name) if name}
    if not runs:
        return False
    reached = set[int]()
    for stage in dockerfile.needed_stages():
        below = stage.base in reached
        own = (row for row in stage.instructions if row.keyword != "ONBUILD")
        for row in (*stage.triggers, *own):
            if row.line in again:
                sources = [names.get(name.lower(), -1) for name in sources_of(row)]
                below = below or not reached.isdisjoint(sources) or _reads(row, changed)
            if row.line in runs:
                if not below:
                    return False
                runs.remove(row.line)
        if below:
            reached.add(stage.index)
    return not runs


def _reads(row: Instruction, path: str) -> bool:
    """Whether an instruction takes a file of the context, as far as its text tells."""
    sources = list[str]()
    if row.keyword == "RUN":
        for mount in row.mounts():
            if mount.get("type", "bind") == "bind" and "from" not in mount:
                sources.append(mount.get("source") or mount.get("src") or ".")
    elif row.keyword in ("COPY", "ADD") and not any(name == "from" for name, _ in row.flags):
        sources += re.split(r"[\s\"',]+", row.value.strip("[]\"' "))[:-1]
    return any(_holds(source.removeprefix("./").strip("/"), path) for source in sources)


def _holds(source: str, path: str) -> bool:
    """Whether a source is the file, or a folder above it; a pattern or a variable may be either."""
    return (
        source in ("", ".", path)
        or bool(set("*?[$") & set(source))
        or path.startswith(f"{source}/")
    )


def can_run(stage: Stage, dockerfile: Dockerfile) -> bool:
    """Whether the stage starts from a base image that can run Python."""
    while isinstance(stage.base, int):
        stage = dockerfile.stages[stage.base]
    return stage.base.reference != "scratch"


def whole(stage: Stage, text: str) -> str:
    """A Dockerfile that ends with this stage. A builder's `target` takes only what has a name."""
    return until(stage.end_line, text)


def before(again: StageAgain, dockerfile: Dockerfile, text: str) -> str | None:
    """A Dockerfile that ends before the first step of a stage that ran again; with it if none did.

    None where that is nothing but a base image: an ONBUILD of its own ran again.
    """
    own = {row.line for row in again.stage.instructions}
    lines = [step.line for step in again.steps]
    if not lines:
        return whole(again.stage, text)
    if all(line in own for line in lines):
        return until(min(line for line in lines if line) - 1, text)
    base = again.stage.base
    return whole(dockerfile.stages[base], text) if isinstance(base, int) else None


def until(last: int, text: str) -> str:
    """A Dockerfile up to one of its lines."""
    return "\n".join(text.split("\n")[:last])
