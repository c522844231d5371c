"""What a rebuild ran again, stage by stage, and what was there before: how a split is seen."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from autograder.errors import NoTimeLeft, NotJudged
from autograder.evidence.material import Material
from autograder.evidence.stages import StageAgain, before, stages_again, whole
from autograder.facts.build import BuildFacts
from autograder.facts.image import Environment
from autograder.facts.observation import Built, RanAgain

Files = Mapping[str, bytes]


class Builds(Protocol):
    """Whoever builds the hand-in, whole or in part, and reads what is in the images."""

    material: Material

    def prepared(self) -> str:
        """The Dockerfile's text as it is built, line for line."""

    def surely(self, which: str, files: Files, *, text: str) -> BuildFacts:
        """Build another text than the whole Dockerfile's; what failed for want of room, twice."""

    def environments(self, builds: Iterable[BuildFacts]) -> list[tuple[Environment, ...]]:
        """What is installed in the image of each build; nothing where there is none."""


def ran_again(by: Builds, changed: Built, files: Files) -> tuple[RanAgain, ...]:
    """The needed stages in which a rebuild from these files ran RUN steps again."""
    if changed.image is None:
        return ()
    dockerfile, text = by.material.dockerfile, by.prepared()
    stages = stages_again(dockerfile, changed.build)
    final, ran = stages[-1], looked_at(stages)
    ends = {
        again: by.surely(f"end-{again.stage.index}", files, text=whole(again.stage, text))
        for again in ran
        if again is not final
    }
    holds = dict(zip(ends, _environments(by, list(ends.values())), strict=True))
    holds[final] = changed.image.environments
    rows = tuple(RanAgain(again.steps, holds[again]) for again in ran)
    if any(row.rewritten(changed.began_ns) for row in rows):
        before_them = held(by, stages, rows, changed.began_ns, files)
        rows = tuple(replace(row, held=before_them) for row in rows)
    return rows


def held(
    by: Builds,
    stages: list[StageAgain],
    rows: tuple[RanAgain, ...],
    since_ns: int,
    files: Files,
) -> tuple[Environment, ...]:
    """What the stages held before the first step that ran again, or at their end.

    Without what a stage may have taken from one that wrote it since then: whoever installs a
    package again has not had it before.

    rows: what `ran_again` tells of the stages.
    """
    dockerfile, text = by.material.dockerfile, by.prepared()
    builds = dict[StageAgain, BuildFacts]()
    for again in stages:
        part = before(again, dockerfile, text)
        if part is not None:
            builds[again] = by.surely(f"held-{again.stage.index}", files, text=part)
    wrote = {
        again.stage.index: row.written(since_ns)
        for again, row in zip(looked_at(stages), rows, strict=True)
    }
    found = list[Environment]()
    for again, there in zip(builds, _environments(by, list(builds.values())), strict=True):
        others = (s for s in dockerfile.needed_by(again.stage.index) if s is not again.stage)
        taken = {row for stage in others for row in wrote.get(stage.index, ())}
        found += [_without(taken, environment) for environment in there]
    return tuple(found)


def _without(taken: set[tuple[str, str]], environment: Environment) -> Environment:
    rows = environment.distributions.items()
    return replace(
        environment, distributions={n: d for n, d in rows if (d.name, d.version) not in taken}
    )


def looked_at(stages: list[StageAgain]) -> list[StageAgain]:
    """The stages in which steps ran again, and the last: a builder may not tell of every step."""
    return [again for again in stages if again.steps or again is stages[-1]]


def _environments(by: Builds, builds: list[BuildFacts]) -> list[tuple[Environment, ...]]:
    """What is installed at the end of parts of a Dockerfile that has just been built whole."""
    failures = [build.failure for build in builds if build.failure]
    if failures:
        late = all(failure.took_too_long for failure in failures)
        raise (NoTimeLeft if late else NotJudged)(
            "a stage of the rebuilt image could not be looked at"
        )
    return by.environments(builds)
