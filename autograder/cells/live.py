"""What the build cell shows while it builds, and at its end."""

import time
from types import TracebackType
from typing import Self

from autograder.cells.words import Shown, bad_input, built, failed, going_on, plain
from autograder.engine.request import Progress
from autograder.facts.build import BuildFacts
from autograder.facts.observation import Observation
from autograder.in_place import InPlace

TICK_SECONDS = 0.5


class Live:
    """The live output of one build cell. Used as a context manager; the last thing told stays."""

    def __init__(self, phase: str) -> None:
        self._phase, self._line = phase, ""
        self._moment: Progress | None = None
        self._began = time.monotonic()
        self._output = InPlace(lambda: self._now().bundle(), TICK_SECONDS)

    def __enter__(self) -> Self:
        self._output.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._output.stop()

    def phase(self, name: str) -> None:
        """Say what is going on now."""
        self._phase, self._line, self._moment = name, "", None

    def line(self, line: str) -> None:
        """Say one line about it."""
        self._line = line

    def step(self, moment: Progress) -> None:
        """Say which step of a build it is at."""
        self._moment, self._line = moment, moment.line

    def built(self, first: BuildFacts, seen: Observation) -> None:
        """The end: an image was built and observed."""
        self._output.end(built(first, seen).bundle())

    def failed(self, first: BuildFacts, dockerfile: str) -> None:
        """The end: the build failed."""
        self._output.end(failed(first, dockerfile).bundle())

    def bad_input(self, reason: str) -> None:
        """The end: what the learner wrote cannot be built at all."""
        self._output.end(bad_input(reason).bundle())

    def not_judged(self, reason: str) -> None:
        """The end: the engine, the index or the disk stands in the way."""
        said = plain(f"not judged: {reason}", "This is not your Dockerfile's fault.")
        self._output.end(said.bundle())

    def interrupted(self) -> None:
        """The end: the learner stopped it."""
        said = plain("The build was interrupted.", "Run this cell again when you are ready.")
        self._output.end(said.bundle())

    def _now(self) -> Shown:
        return going_on(self._phase, self._moment, self._line, time.monotonic() - self._began)
