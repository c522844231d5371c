"""One hand-in, observed: its builds, what is installed in their images, what the app answers."""

import math
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

from autograder.engine.client import RUN_LABEL
from autograder.engine.offer import Offer
from autograder.engine.request import BuildRequest, Progress, sent
from autograder.engine.runs import new_run, token_of
from autograder.errors import NotJudged
from autograder.evidence.answers import answer_of
from autograder.evidence.clock import Clock
from autograder.evidence.environments import environments as read_environments
from autograder.evidence.environments import in_helper
from autograder.evidence.filled import filled
from autograder.evidence.material import Material, prepared
from autograder.evidence.poetry_runs import MOST_NOTED, noting, read_runs
from autograder.evidence.ran_again import ran_again
from autograder.evidence.stages import is_explained
from autograder.evidence.taken_away import alone
from autograder.evidence.wanting import wanting
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BUILD_SECONDS, BuildFacts, BuildFailure, BuildStep
from autograder.facts.image import SILENT_INSTALLERS, Environment, ImageFacts
from autograder.facts.observation import Built, Evidence, Observation, PoetryRun, RanAgain
from autograder.limits import LIMITS


class Observer:
    """Builds one hand-in on an offer and gathers the facts.

    progress: told of every moment of the first build.
    timeout, in_all: the wall-clock seconds that one build may take, and that all take together.

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
        self.ran = [BuildStep("the first of them", "", False, 0.0)]
        self.material = replace(material, dockerfile=offer.read(material.dockerfile))
        self.run = new_run()
        self.made: set[str] = set()

    def tag(self, which: str) -> str:
        """A tag of this run only: an image of an earlier run can never pass for a new one."""
        return f"course-run-{token_of(self.run)}:{which}"

    @contextmanager
    def images(self) -> Iterator["Observer"]:
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

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        """Build the given files with the hand-in's Dockerfile, tagged for this run.

        text: what to build instead of the whole Dockerfile; its lines are the Dockerfile's.
        """
        dockerfile = self.material.dockerfile
        lacking = self.offer.engine.lacks(dockerfile.features(), self.offer.builder)
        if lacking:
            line = dockerfile.features()[lacking]
            raise NotJudged(
                f"line {line} uses {lacking}, which the {self.offer.builder} builder of this engine"
                f" ({self.offer.engine.version}) does not have"
            )
        if text is None:
            text = self.prepared()
        left = self.until - time.monotonic()
        if left <= 0:
            return BuildFacts(self.offer.builder, (), 0.0, self.tag(which), failure=self._late())
        self.made.add(which)
        request = BuildRequest(
            sent({**files, "Dockerfile": text.encode()}),
            dockerfile,
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
        self.ran += facts.steps
        if facts.failure and facts.failure.kind == "timeout":
            stopped = facts.failure
            self.ran.append(BuildStep(stopped.step, "", False, facts.seconds, stopped.line))
        return facts

    def prepared(self) -> str:
        """The Dockerfile's text as it is built, line for line."""
        return prepared(self.material.dockerfile, self.offer.bases)

    def first_build(self) -> BuildFacts:
        """The hand-in as it is."""
        refused = self.offer.refused(self.material.dockerfile)
        if refused:
            name = refused.reference
            failure = BuildFailure("base", name, f"FROM {name}", refused.line)
            facts = BuildFacts(self.offer.builder, (), 0.0, self.tag("first"), failure=failure)
            return wanting(facts, self.material.dockerfile)
        had = self.offer.room() if self.offer.room else None
        facts = self._surely("first", self.material.files, self.progress)
        return filled(wanting(facts, self.material.dockerfile), had, self.offer)

    def _surely(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> BuildFacts:
        """Build. A timeout or a full disk is tried once more before it counts."""
        facts = self.build(which, files, progress)
        if facts.failure and facts.failure.kind in ("timeout", "disk"):
            facts = self.build(which, files, progress)
        return facts

    def observe(self, first: BuildFacts) -> Observation:
        """Rebuild with the changed source, gather what the checks need, and ask the app.

        What was installed when is told by times: it is done once more when somebody sets the clock
        meanwhile. Raises NotJudged when that happens again.
        """
        self.until = time.monotonic() + self.in_all - first.seconds
        for _ in range(2):
            clock = Clock(self.offer.engine.now_ns)
            seen = self._observed(first)
            if clock.is_steady():
                return seen
        raise NotJudged("the clock was set while it was judged, twice")

    def _observed(self, first: BuildFacts) -> Observation:
        """All that is looked at.

        What does not wait for another runs at the same time. Only the rebuilt image's app is asked:
        its answer holds all that the first one's would, and the nonce.
        """
        nonce, material = secrets.token_hex(8), self.material
        files = material.with_source_changed(nonce)
        began = self.offer.engine.now_ns()
        with ThreadPoolExecutor(max_workers=4) as pool:
            image = pool.submit(self._image, first)
            runs = pool.submit(self._poetry_runs, image)
            # One lock at a time where a cache mount may hold the packages: both write to it.
            apart = material.dockerfile.has_cache_mount()
            lock = None if apart else pool.submit(self._lock_changed, runs)
            rebuilt = self._surely("source", files)
            lock = lock or pool.submit(self._lock_changed, runs)
            answer = pool.submit(self._answer, rebuilt)
            changed, again = Built(rebuilt, None, began), tuple[RanAgain, ...]()
            if Evidence.STEPS_AGAIN in material.needs:
                changed, again = self._steps_again(changed, files, answer)
            if time.monotonic() > self.until:  # what was looked at last may be missing
                late = replace(rebuilt, image_id=None, failure=self._late())
                changed, again = Built(late, None, began), ()
            return Observation(
                asked=material.asked,
                dockerfile=material.dockerfile,
                first=Built(first, image.result()),
                source_changed=changed,
                lock_changed=lock.result(),
                answer=answer.result(),
                nonce=nonce,
                ran_again=again,
                poetry_runs=runs.result(),
            )

    def _steps_again(
        self, changed: Built, files: Mapping[str, bytes], answer: Future[AppAnswer | None]
    ) -> tuple[Built, tuple[RanAgain, ...]]:
        """The rebuild with its image, and which steps ran again in it."""
        asked = self.material.asked
        changed = replace(changed, image=self._image(changed.build))
        again = self._ran_again(changed, files, answer)
        installed = any(stage.installed(asked, changed.began_ns) for stage in again)
        material = self.material
        if installed and not is_explained(material.dockerfile, changed.build, material.source_file):
            changed, again, files = self._once_more(changed, again, files, answer)
        if any(stage.installed(asked, changed.began_ns) for stage in again):
            again = alone(self, changed, again, files)
        return changed, again

    def _ran_again(
        self, rebuilt: Built, files: Mapping[str, bytes], answer: Future[AppAnswer | None]
    ) -> tuple[RanAgain, ...]:
        """The stages in which steps ran again, the last one with what its app told meanwhile."""
        again = ran_again(self, rebuilt, files)
        told = answer.result()
        if not again or not told:
            return again
        return (*again[:-1], replace(again[-1], imports=told.imports_from, places=told.places))

    def _once_more(
        self,
        changed: Built,
        again: tuple[RanAgain, ...],
        files: Mapping[str, bytes],
        answer: Future[AppAnswer | None],
    ) -> tuple[Built, tuple[RanAgain, ...], Mapping[str, bytes]]:
        """Another rebuild, of yet another source, where steps ran again that need not have.

        A cache promises nothing: an engine may drop a step between two builds. What the Dockerfile
        makes run again runs again every time, so the rebuild that ran less again is judged.
        """
        began = self.offer.engine.now_ns()
        others = self.material.with_source_changed(secrets.token_hex(8))
        build = self.build("again", others)
        if not build.succeeded:
            return changed, again, files
        rebuilt = Built(build, self._image(build), began)
        ran = self._ran_again(rebuilt, others, answer)
        lasting = any(stage.installed(self.material.asked, began) for stage in ran)
        if lasting and _steps(again) < _steps(ran):
            return changed, again, files
        return rebuilt, ran, others

    def _lock_changed(self, runs: Future[tuple[PoetryRun, ...] | None]) -> Built | None:
        """What the second lock makes, where a check asks, or where pip installed and a Poetry ran.

        That Poetry told pip what to install, or ran for show: with another lock it is seen.
        """
        if Evidence.LOCK_CHANGED not in self.material.needs and not runs.result():
            return None
        build = self._surely("lock", self.material.with_second_lock())
        return Built(build, self._image(build))

    def _late(self) -> BuildFailure:
        """That there is no time left, put down to the slowest step so far."""
        slowest = max(self.ran, key=lambda step: step.seconds)
        why = f"all builds together were stopped after {self.in_all:.0f} s"
        return BuildFailure("timeout", why, slowest.name, slowest.line)

    def _answer(self, build: BuildFacts) -> AppAnswer | None:
        if not build.succeeded:
            return None
        port = self.material.asked.port
        return answer_of(self.offer.engine, build.tag, port, self.offer.helper)

    def _image(self, build: BuildFacts) -> ImageFacts | None:
        """What is in the image of a build; None where there is none."""
        if not build.succeeded:
            return None
        (found,) = self.environments([build])
        layers, size = self.offer.engine.layers(build.tag)
        return ImageFacts(build.image_id or "", size, layers, found)

    def environments(self, builds: Iterable[BuildFacts]) -> list[tuple[Environment, ...]]:
        """What is installed in the image of each build; nothing where there is none."""
        tags = [build.tag if build.succeeded else "" for build in builds]
        names = tuple(sorted({*self.material.asked.lock.versions, "poetry"}))
        there = [tag for tag in tags if tag]
        if not there:
            return [() for _ in tags]
        engine, helper = self.offer.engine, self.offer.helper
        rows = iter(read_environments(engine, there, names, helper))
        return [next(rows) if tag else () for tag in tags]

    def _poetry_runs(self, image: Future[ImageFacts | None]) -> tuple[PoetryRun, ...] | None:
        """Every run of Poetry in the build, where the packages do not tell which one it was."""
        asked, material, first = self.material.asked, self.material, image.result()
        if Evidence.POETRY_RUNS not in material.needs:
            return None
        signers = {
            e.distributions[name].installer
            for e in (first.environments if first else ())
            for name in asked.direct
            if name in e.distributions
        }
        if not signers & SILENT_INSTALLERS or not material.mentions("poetry"):
            return None
        noted = noting(material.dockerfile, self.prepared(), self.offer.helper)
        build = self.build("noted", material.files, text=noted)
        if not build.succeeded:
            return None
        command = f"head -c {MOST_NOTED} -q /seen/0/noted/*"
        look = self.tag("look")
        return read_runs(
            in_helper(self.offer.engine, [build.tag], self.offer.helper, look, command)
        )


def _steps(again: tuple[RanAgain, ...]) -> int:
    return sum(len(stage.steps) for stage in again)
