"""The build cell: the learner's Dockerfile built and observed, before any graded cell asks."""

import atexit
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from autograder import learner
from autograder.cells import answer, hints
from autograder.cells.live import Live
from autograder.cells.message import CellMessage, CheckNotJudged, NotBuilt, prose
from autograder.checks.unbuilt import unbuilt
from autograder.engine.client import Engine
from autograder.engine.offer import Offer
from autograder.engine.request import Progress
from autograder.engine.runs import new_run, remove_own, token_of
from autograder.errors import BadInput, NotJudged
from autograder.evidence.material import Material
from autograder.evidence.observe import Observer
from autograder.exercises import Exercise, find_exercise
from autograder.facts.build import BuildFacts
from autograder.facts.observation import Evidence, Observation
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT, NOT_JUDGED
from autograder.grading import Report, material, verdicts
from autograder.hand_in import (
    GIVEN,
    NBGRADER_FILES,
    HandIn,
    dockerfile_in,
    given_hand_in,
    read_hand_in,
)
from autograder.outcome import not_judged
from autograder.ready import make_ready

_FIRST = "Building your image"
_AGAIN = "Building it again, after one source file changed"
_TWICE = "Building it twice more: after one source file changed, and with another poetry.lock"
_LOOKING = "Starting the app, asking it for /, and reading what is installed"


class Build:
    """What the build cell made: an image under a fresh tag, and what was observed of it.

    Where there is none, every property raises the reason, in one sentence.
    """

    def __init__(self, problem: CellMessage | None = None) -> None:
        self.problem = problem
        self._made: tuple[Engine, BuildFacts, Observation] | None = None

    @classmethod
    def of(cls, engine: Engine, first: BuildFacts, seen: Observation) -> "Build":
        """The build that succeeded."""
        build = cls()
        build._made = engine, first, seen
        return build

    @property
    def tag(self) -> str:
        """The image's name for the docker SDK; another one at every run of the build cell."""
        engine, first, _ = self._result()
        if engine.image_id(first.tag) is None:
            raise NotBuilt(prose("the image is gone from the engine: run the build cell again"))
        return first.tag

    @property
    def image_id(self) -> str | None:
        """The image's id, `sha256:…`."""
        return self._result()[1].image_id

    @property
    def observation(self) -> Observation:
        """The image, its rebuilds and the app's answers."""
        return self._result()[2]

    def _result(self) -> tuple[Engine, BuildFacts, Observation]:
        if self.problem is not None:
            raise self.problem
        assert self._made is not None
        return self._made


build = Build(NotBuilt("there is no image yet: run the build cell first"))
"""What `build` is in a notebook whose build cell has not run."""

_latest = build


def build_exercise(slug: str) -> Build:
    """Build the Dockerfile of this folder, live, and observe the image.

    What goes wrong is shown here and kept: every later use of the Build says so in one sentence.
    """
    global _latest
    _latest.problem = NotBuilt("the build did not finish: run the build cell again")
    hints.build_began()
    with Live(_FIRST) as live:
        try:
            _latest = _build(find_exercise(slug), live)
        except BadInput as error:
            live.bad_input(str(error))
            _latest = Build(NotBuilt(NOT_BUILT))
        except NotJudged as reason:
            live.not_judged(str(reason))
            hints.judged(not_judged(seen=str(reason)))
            _latest = Build(CheckNotJudged(prose(f"{NOT_JUDGED}{reason}")))
        except KeyboardInterrupt:
            live.interrupted()
            raise NotBuilt("the build was interrupted") from None
    return _latest


def _build(exercise: Exercise, live: Live) -> Build:
    hand_in = _hand_in(Path.cwd())
    _note(hand_in, 0, built=False)  # where it cannot be parsed
    given = material(exercise, hand_in)
    _note(hand_in, None, built=False)  # until it is known better
    live.phase("Getting the Docker engine ready")
    ready = make_ready(live.line, yes=os.environ.get("COURSE_YES") == "1")
    os.environ.update(ready.environment)
    offer = ready.offer()
    remove_own(offer.engine.client, Path.cwd())
    observer = _NotebookObserver(exercise, offer, given, live)
    try:
        first = observer.first_build()
        if first.failure is None:
            seen = observer.observe(first)
            first = seen.first.build
    finally:
        observer.drop(but="first")
    if first.failure is not None:
        live.failed(first, given.dockerfile.text)
        outcome = unbuilt(first)
        hints.judged(outcome)
        if outcome.state == "not_judged":
            return Build(CheckNotJudged(prose(f"{NOT_JUDGED}{outcome.seen}", outcome.try_next)))
        _note(hand_in, 0, built=False)
        return Build(NotBuilt(NOT_BUILT))
    live.built(first, seen)
    hints.build_succeeded()
    report = Report(exercise.slug, verdicts(exercise.criteria, seen))
    _note(hand_in, report.score, built=True)
    return Build.of(offer.engine, first, seen)


def _hand_in(folder: Path) -> HandIn:
    """The folder's files, or what grading gives. Raises BadInput for what cannot be built."""
    if given := given_hand_in():
        return given
    if refusal := answer.refusal():
        raise BadInput(f"the Dockerfile cell stopped, so nothing was built: {refusal}")
    if dockerfile_in(folder) is None:
        raise BadInput(NO_DOCKERFILE)
    return read_hand_in(folder).without(NBGRADER_FILES)


def _note(hand_in: HandIn, points: int | None, *, built: bool) -> None:
    """For the welcome page; grading, whose hand-in is not this folder's, notes nothing."""
    if GIVEN not in os.environ:
        learner.note(Path.cwd(), hand_in.files[answer.FILE], points, built=built)


class _NotebookObserver(Observer):
    """Names its images after the exercise, tells of its builds, cleans up when the kernel ends."""

    def __init__(self, exercise: Exercise, offer: Offer, given: Material, live: Live) -> None:
        super().__init__(offer, given)
        self.exercise, self.live = exercise, live
        self.run = new_run(Path.cwd())
        twice = Evidence.LOCK_CHANGED in given.needs
        again = _TWICE if twice else _AGAIN
        self.phases = {"first": _FIRST, "source": again} | ({"lock": again} if twice else {})
        self.rebuilds = self.phases.keys() - {"first"}
        atexit.unregister(_drop_own_images)
        atexit.register(_drop_own_images, offer.engine, Path.cwd())

    def tag(self, which: str) -> str:
        """The exercise's name and a mark of this run."""
        return f"{self.exercise.slug}:{which}-{token_of(self.run)}"

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        """Build as ever, and tell of it: of the first build and the rebuilds."""

        def tell(moment: Progress) -> None:
            self.live.step(moment)
            progress(moment)

        if which == "earlier":  # beside the rebuild, which is what there is to tell of
            return super().build(which, files, progress, text)
        self.live.phase(self.phases.get(which, _LOOKING))
        facts = super().build(which, files, tell, text)
        self.rebuilds -= {which}
        if not self.rebuilds:
            self.live.phase(_LOOKING)
        return facts


def _drop_own_images(engine: Engine, folder: Path) -> None:
    # The engine may have gone before the kernel: then the next build removes what is left.
    with suppress(NotJudged):
        remove_own(engine.client, folder)
