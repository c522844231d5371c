"""One hand-in, observed: its builds, what is installed in their images, what the app answers."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from autograder.errors import EngineUnavailable, NoTimeLeft, NotJudged
from autograder.evidence.answers import answer_of
from autograder.evidence.builds import HandInBuilds
from autograder.evidence.clock import Clock
from autograder.evidence.earlier import new_nonce, recall, remember
from autograder.evidence.environments import SCAN_SECONDS, in_helper
from autograder.evidence.environments import environments as read_environments
from autograder.evidence.poetry_runs import MOST_NOTED, noting, read_runs
from autograder.evidence.ran_again import ran_again
from autograder.evidence.side_by_side import side_by_side
from autograder.evidence.stages import is_explained
from autograder.evidence.taken_away import alone
from autograder.evidence.wanting import wanting
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.image import SILENT_INSTALLERS, Environment, ImageFacts
from autograder.facts.observation import Built, Evidence, Observation, PoetryRun, RanAgain

_LOOK_SECONDS = 60.0
_AGAIN = ("again", "once-more")
"""How often steps that need not have run again are given another chance not to."""


@dataclass(frozen=True)
class Told:
    """What an app answered, and the nonce that its source was given."""

    answer: AppAnswer | None
    nonce: str


class Observer(HandInBuilds):
    """Builds one hand-in on an offer and gathers the facts."""

    def observe(self, first: BuildFacts) -> Observation:
        """Rebuild with the changed source, gather what the checks need, and ask the app.

        What was installed when is told by times: it is done once more when somebody sets the clock
        meanwhile. Raises NotJudged when that happens again. Where a later build, or want of time,
        ends all that can be seen of the hand-in, its first build comes back failed for that reason;
        an engine that fails then is never that reason.
        """
        try:
            for _ in range(2):
                clock = Clock(self.offer.engine.now_ns)
                seen = self._observed(first)
                if clock.is_steady():
                    return seen
        except EngineUnavailable:
            raise
        except NotJudged as error:
            if self.filled:  # by the hand-in: whatever failed may have failed for that
                return self._ended(first, self.filled)
            if isinstance(error, NoTimeLeft) and self.left() <= 0:
                return self._ended(first, self.late())
            raise
        raise NotJudged("the clock was set while it was judged, twice")

    def _ended(self, first: BuildFacts, failure: BuildFailure) -> Observation:
        built = Built(replace(first, image_id=None, failure=failure), None)
        asked, dockerfile = self.material.asked, self.material.dockerfile
        return Observation(asked, dockerfile, built, None, None, None, "")

    def _observed(self, first: BuildFacts) -> Observation:
        """All that is looked at.

        What does not wait for another runs at the same time. Only the app of a rebuilt image is
        asked: its answer holds all that the first one's would, and the nonce. Where the whole
        hand-in is in the cache, it is the app of an earlier rebuild, which is there as well.
        """
        nonce, material = new_nonce(), self.material
        files = material.with_source_changed(nonce)
        began = self.offer.engine.now_ns()
        with side_by_side(self.offer.engine, 5) as pool:
            rebuild = pool.submit(self.surely, "source", files)
            app = pool.submit(self._told, self._earlier(first), nonce, rebuild)
            image = pool.submit(self._image, first)
            runs = pool.submit(self._poetry_runs, image)
            # One lock at a time where a cache mount may hold the packages: both write to it.
            apart = material.dockerfile.has_cache_mount()
            lock = None if apart else pool.submit(self._lock_changed, runs)
            rebuilt = rebuild.result()
            lock = lock or pool.submit(self._lock_changed, runs)
            changed, again = Built(rebuilt, None, began), tuple[RanAgain, ...]()
            if Evidence.STEPS_AGAIN in material.needs:
                changed, again = self._steps_again(changed, files, app)
            if self.left() <= 0:  # what was looked at last may be missing
                late = replace(rebuilt, image_id=None, failure=self.late())
                changed, again = Built(late, None, began), ()
            return Observation(
                asked=material.asked,
                dockerfile=material.dockerfile,
                first=Built(first, image.result()),
                source_changed=changed,
                lock_changed=lock.result(),
                answer=app.result().answer,
                nonce=app.result().nonce,
                ran_again=again,
                poetry_runs=runs.result(),
            )

    def _steps_again(
        self, changed: Built, files: Mapping[str, bytes], app: Future[Told]
    ) -> tuple[Built, tuple[RanAgain, ...]]:
        """The rebuild with its image, and which steps ran again in it."""
        changed = replace(changed, image=self._image(changed.build))
        again = self._ran_again(changed, files, app)
        for which in _AGAIN:
            if not self._unexplained(changed, again):
                break
            changed, again, files = self._once_more(which, changed, again, files, app)
        if self._installed(changed, again):
            again = alone(self, changed, again, files)
        return changed, again

    def _installed(self, changed: Built, again: tuple[RanAgain, ...]) -> bool:
        """Whether steps that ran again installed packages."""
        return any(stage.installed(self.material.asked, changed.began_ns) for stage in again)

    def _unexplained(self, changed: Built, again: tuple[RanAgain, ...]) -> bool:
        """Whether they did, and nothing in the Dockerfile made them run."""
        material = self.material
        return self._installed(changed, again) and not is_explained(
            material.dockerfile, changed.build, material.source_file
        )

    def _ran_again(
        self, rebuilt: Built, files: Mapping[str, bytes], app: Future[Told]
    ) -> tuple[RanAgain, ...]:
        """The stages in which steps ran again, the last one with what its app told meanwhile."""
        again = ran_again(self, rebuilt, files)
        told = app.result().answer
        if not again or not told:
            return again
        return (*again[:-1], replace(again[-1], imports=told.imports_from, places=told.places))

    def _once_more(
        self,
        which: str,
        changed: Built,
        again: tuple[RanAgain, ...],
        files: Mapping[str, bytes],
        app: Future[Told],
    ) -> tuple[Built, tuple[RanAgain, ...], Mapping[str, bytes]]:
        """Another rebuild, of yet another source, where steps ran again that need not have.

        A cache promises nothing: an engine may drop a step between two builds, or find none while
        others begin to build from an image that is new to it (`base_image._break_in`). What the
        Dockerfile makes run again runs again every time, so the rebuild that ran less is judged.
        """
        began = self.offer.engine.now_ns()
        others = self.material.with_source_changed(new_nonce())
        build = self.surely(which, others)
        if not build.succeeded:
            return changed, again, files
        rebuilt = Built(build, self._image(build), began)
        ran = self._ran_again(rebuilt, others, app)
        if self._installed(rebuilt, ran) and _steps(again) < _steps(ran):
            return changed, again, files
        return rebuilt, ran, others

    def _lock_changed(self, runs: Future[tuple[PoetryRun, ...] | None]) -> Built | None:
        """What the second lock makes, where a check asks, or where pip installed and a Poetry ran.

        That Poetry told pip what to install, or ran for show: with another lock it is seen.
        """
        if Evidence.LOCK_CHANGED not in self.material.needs and not runs.result():
            return None
        build = self.surely("lock", self.material.with_second_lock())
        return Built(build, self._image(build))

    def _earlier(self, first: BuildFacts) -> str | None:
        """The nonce of an image of this hand-in that the cache is likely to hold."""
        # One at a time where a cache mount may hold the packages: all builds write to it.
        apart = self.material.dockerfile.has_cache_mount()
        if apart or not first.all_cached():
            return None
        return recall(self.offer.earlier, self.material)

    def _told(self, earlier: str | None, nonce: str, rebuild: Future[BuildFacts]) -> Told:
        """What the app answers of an image with an earlier nonce, or else of the rebuild.

        No rebuild, no answer: what was made earlier is not what the hand-in makes now.
        """
        asked = self._asked_earlier(earlier) if earlier else None
        build = rebuild.result()
        if asked and build.succeeded:
            return asked
        if build.succeeded:
            remember(self.offer.earlier, self.material, nonce)
        return Told(self._answer(build), nonce)

    def _asked_earlier(self, nonce: str) -> Told | None:
        """What that app answers; None where the image is not to be had."""
        try:
            build = self.build("earlier", self.material.with_source_changed(nonce))
            return Told(self._answer(build), nonce) if build.succeeded else None
        except EngineUnavailable:
            raise
        except NotJudged:  # by a record in the cache that nothing else is made of
            return None

    def _answer(self, build: BuildFacts) -> AppAnswer | None:
        if not build.succeeded or self.left() <= 0:
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
        with self.turns.beside():
            found = read_environments(engine, there, names, helper, self._to_look(), self.run)
        rows = iter(found)
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
        build = wanting(self.surely("noted", material.files, text=noted), material.dockerfile)
        if build.failure and build.failure.kind != "step":
            error = NoTimeLeft if build.failure.took_too_long else NotJudged
            raise error(f"which Poetry ran could not be noted: {build.failure.message}")
        if build.failure:
            return None
        command = f"head -c {MOST_NOTED} -q /seen/0/noted/*"
        engine, helper, look = self.offer.engine, self.offer.helper, self.tag("look")
        with self.turns.beside():
            seconds = self._to_look()
            told = in_helper(
                engine, [build.tag], helper, look, command, seconds=seconds, run=self.run
            )
        return read_runs(told)

    def _to_look(self) -> float:
        """The seconds for a look at an image: a short one is had when the time is up, too."""
        return min(SCAN_SECONDS, max(_LOOK_SECONDS, self.left()))


def _steps(again: tuple[RanAgain, ...]) -> int:
    return sum(len(stage.steps) for stage in again)
