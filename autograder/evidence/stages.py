"""Which steps of a rebuild ran again, by stage, and what to build to see a stage before them."""

from dataclasses import dataclass

from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import Dockerfile, Stage


@dataclass(frozen=True)
class StageAgain:
    """A stage that the final image needs, and its RUN steps that ran again, in order.

    downstream: whether it takes anything from a stage in which steps ran again.
    """

    stage: Stage
    steps: tuple[BuildStep, ...]
    downstream: bool = False


def stages_again(dockerfile: Dockerfile, rebuilt: BuildFacts) -> list[StageAgain]:
    """Every needed stage in file order, with the RUN steps that the rebuild ran again.

    A step that cannot be placed is the last stage's: of two equal stages a builder may tell once.
    """
    needed = dockerfile.needed_stages()
    rows: dict[int, list[BuildStep]] = {stage.index: [] for stage in needed}
    for step in rebuilt.steps:
        if not step.cached and step.name.upper().startswith("RUN"):
            rows[next((s.index for s in needed if _belongs(step, s)), needed[-1].index)] += [step]
    if rebuilt.builder == "classic":  # it tells nothing of ONBUILD, so that is looked at each time
        for stage in needed:
            ran = [row for row in stage.triggers if row.keyword == "RUN"]
            rows[stage.index][:0] = [
                BuildStep(f"RUN {row.value}", stage.name, False, 0.0, row.line) for row in ran
            ]
    found, changed = list[StageAgain](), set[int]()
    for stage in needed:
        steps = tuple(rows[stage.index])
        downstream = any(need in changed for need in (stage.base, *stage.needs))
        if steps or downstream:
            changed.add(stage.index)
        found.append(StageAgain(stage, steps, downstream))
    return found


def _belongs(step: BuildStep, stage: Stage) -> bool:
    if step.stage:
        return step.stage in (stage.name, f"stage-{stage.index}")
    own = (row for row in stage.instructions if row.keyword != "ONBUILD")
    return any(row.line <= (step.line or 0) <= row.end_line for row in (*stage.triggers, *own))


def whole(stage: Stage, text: str) -> str:
    """A Dockerfile that ends with this stage. A builder's `target` takes only what has a name."""
    return "\n".join(text.split("\n")[: stage.end_line])


def before(again: StageAgain, dockerfile: Dockerfile, text: str) -> str | None:
    """A Dockerfile that ends just before the first step of a stage that ran again.

    None where that is nothing but a base image: an ONBUILD of its own ran again.
    """
    own = {row.line for row in again.stage.instructions}
    lines = [step.line for step in again.steps]
    if all(line in own for line in lines):
        return "\n".join(text.split("\n")[: min(line for line in lines if line) - 1])
    base = again.stage.base
    return whole(dockerfile.stages[base], text) if isinstance(base, int) else None
