"""The builds of one hand-in: whole or in part, beside each other or alone, within its time."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Self

from autograder.engine.client import RUN_LABEL
from autograder.engine.newer import newer_flag
from autograder.engine.offer import Offer
from autograder.engine.request import BuildRequest, Progress, sent
from autograder.engine.room import Room
from autograder.engine.runs import new_run, token_of
from autograder.errors import NotJudged
from autograder.evidence.filled import filled
from autograder.evidence.material import Material, prepared
from autograder.evidence.platforms import of_no_platform
from autograder.evidence.turns import Turns
from autograder.evidence.wanting import wanting
from autograder.facts.build import BUILD_SECONDS, BuildFacts, BuildFailure, BuildStep
from autograder.limits import LIMITS


class HandInBuilds:
    """Builds one hand-in on an offer.

    progress: told of every moment of the first build.
    filled: how a later build filled the disk, where one did.
    timeout, in_all: the wall-clock seconds that one build may take, and that all take together,
        from the first build on.

    Raises NotJudged where the engine does not answer.
    """

    def __init__(
        self,
        offer: Offer,
        material: Material,
        progress: Callable[[Progress], None] = lambda _: None,
        timeout: float = BUILD_SECONDS,
        in_all: float = LIMITS.hand_in_seconds,
    ) -> None:
        self.offer, self.progress, self.timeout, self.in_all = offer, progress, timeout, in_all
        self.until = math.inf
        self.had: Room | None = None
        self.filled: BuildFailure | None = None
        self.turns = Turns()
        self.ran = [BuildStep("the first of them", "", False, 0.0)]
        self.material = replace(material, dockerfile=offer.read(material.dockerfile))
        self.run = new_run()
        self.made: set[str] = set()

    def tag(self, which: str) -> str:
        """A tag of this run only: an image of an earlier run can never pass for a new one."""
        return f"course-run-{token_of(self.run)}:{which}"

    @contextmanager
    def images(self) -> Iterator[Self]:
        """Remove this run's images at the end, whatever happened."""
        try:
            yield self
        finally:
            self.drop()

    def drop(self, *, but: str = "") -> None:
        """Remove the images that this run built, one excepted.

        What the engine keeps is left to `runs.remove_abandoned`: it is no reason to lose a verdict.
        """
        for which in sorted(self.made - {but}):
            with suppress(NotJudged):
                self.offer.engine.remove_image(self.tag(which))

    def left(self) -> float:
        """The seconds that are left for all builds together."""
        return self.until - time.monotonic()

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        """Build the given files with the hand-in's Dockerfile, tagged for this run.

        text: what to build instead of the whole Dockerfile; its lines are the Dockerfile's.

        Raises BadInput for a `.dockerignore` that Docker refuses.
        """
        dockerfile = self.material.dockerfile
        lacking = self.offer.engine.lacks(dockerfile.features(), self.offer.builder)
        if lacking:
            raise self._lacks(lacking, dockerfile.features()[lacking])
        if text is None:
            text = self.prepared()
        with self.turns.beside():
            return self._built(which, files, progress, text)

    def _built(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None],
        text: str,
    ) -> BuildFacts:
        left = self.left()
        if left <= 0:
            return BuildFacts(self.offer.builder, (), 0.0, self.tag(which), failure=self.late())
        self.made.add(which)
        request = BuildRequest(
            sent({**files, "Dockerfile": text.encode()}),
            self.material.dockerfile,
            self.tag(which),
            builder=self.offer.builder,
            hosts=self.offer.hosts,
            caches=self.material.fingerprint if self.offer.for_many else "",
            labels={RUN_LABEL: self.run},
            programs=self.material.programs,
            timeout=min(self.timeout, left),
            progress=progress,
        )
        facts = self.offer.engine.build(request)
        if newer := newer_flag(facts.failure, request.dockerfile):
            raise self._lacks(*newer)
        self.ran += facts.steps
        if facts.failure and facts.failure.took_too_long:
            stopped = facts.failure
            self.ran.append(BuildStep(stopped.step, "", False, facts.seconds, stopped.line))
        return facts

    def _lacks(self, feature: str, line: int) -> NotJudged:
        builder = f"the {self.offer.builder} builder of this engine ({self.offer.engine.version})"
        return NotJudged(f"line {line} uses {feature}, which {builder} does not have")

    def prepared(self) -> str:
        """The Dockerfile's text as it is built, line for line."""
        return prepared(self.material.dockerfile, self.offer.bases)

    def first_build(self) -> BuildFacts:
        """The hand-in as it is. With it begins the time that all builds may take."""
        self.until = time.monotonic() + self.in_all
        dockerfile = self.material.dockerfile
        if any(stage.platform is not None for stage in dockerfile.stages):
            failure = of_no_platform(dockerfile, self.offer.engine.own_platform)
            if failure:
                return BuildFacts(self.offer.builder, (), 0.0, self.tag("first"), failure=failure)
        refused = self.offer.refused(dockerfile)
        if refused:
            name = refused.reference
            failure = BuildFailure("base", name, f"FROM {name}", refused.line)
            facts = BuildFacts(self.offer.builder, (), 0.0, self.tag("first"), failure=failure)
            return wanting(facts, dockerfile)
        self.had = self.offer.room() if self.offer.room else None
        facts = self.surely("first", self.material.files, self.progress)
        return filled(wanting(facts, dockerfile), self.had, self.offer)

    def surely(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        """Build. A timeout or a full disk counts when it comes again with no build beside it.

        So does a server's silence, but for the first build, which has none.

        Nor is an image looked at meanwhile. The app's container, which has limits of its own, may
        run.

        A disk that is full again was filled by the hand-in, if there was room before its builds.
        """
        facts = self.build(which, files, progress, text)
        again = {"timeout", "disk"} if which == "first" else {"timeout", "serves", "disk"}
        if not facts.failure or facts.failure.kind not in again:
            return facts
        with self.turns.alone():
            facts = self.build(which, files, progress, text)
            if facts.failure and facts.failure.kind == "disk":
                facts = filled(facts, self.had, self.offer)
            if facts.failure and facts.failure.kind == "filled":
                self.filled = facts.failure
            return facts

    def late(self) -> BuildFailure:
        """That there is no time left, put down to the slowest step so far."""
        slowest = max(self.ran, key=lambda step: step.seconds)
        why = f"all builds together were stopped after {self.in_all:.0f} s"
        return BuildFailure("timeout", why, slowest.name, slowest.line)
