"""One output that is rewritten while a build goes on, and stays in the saved notebook at its end.

A display that is updated is no widget and no stderr: widgets vanish from saved notebooks and
feedback pages, and nbgrader gives a graded cell that writes to stderr no points.
"""

import contextvars
import threading
import time
from types import TracebackType
from typing import Any, Self

from IPython.display import display

from autograder.cells.words import Shown, bad_input, built, failed, going_on, plain
from autograder.engine.request import Progress
from autograder.facts.build import BuildFacts
from autograder.facts.observation import Observation

TICK_SECONDS = 0.5


class Live:
    """The live output of one build cell. Used as a context manager; the last thing told stays."""

    def __init__(self, phase: str) -> None:
        self._phase, self._line = phase, ""
        self._moment: Progress | None = None
        self._began = time.monotonic()
        self._handle: Any = display(  # type: ignore[no-untyped-call]
            self._now().bundle(), raw=True, display_id=True
        )
        self._over = threading.Event()
        # A display belongs to the cell that runs: that is told by the context, which threads lack.
        self._ticker = threading.Thread(
            target=contextvars.copy_context().run, args=(self._tick,), daemon=True
        )

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

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
        self._end(built(first, seen))

    def failed(self, first: BuildFacts, dockerfile: str) -> None:
        """The end: the build failed."""
        self._end(failed(first, dockerfile))

    def bad_input(self, reason: str) -> None:
        """The end: what the learner wrote cannot be built at all."""
        self._end(bad_input(reason))

    def not_judged(self, reason: str) -> None:
        """The end: the engine, the index or the disk stands in the way."""
        self._end(plain(f"not judged: {reason}", "This is not your Dockerfile's fault."))

    def interrupted(self) -> None:
        """The end: the learner stopped it."""
        self._end(plain("The build was interrupted.", "Run this cell again when you are ready."))

    def _tick(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            self._show(self._now())

    def _now(self) -> Shown:
        return going_on(self._phase, self._moment, self._line, time.monotonic() - self._began)

    def _end(self, shown: Shown) -> None:
        self._stop()
        self._show(shown)

    def _stop(self) -> None:
        self._over.set()
        if self._ticker.is_alive():
            self._ticker.join()

    def _show(self, shown: Shown) -> None:
        if self._handle is not None:
            self._handle.update(shown.bundle(), raw=True)
