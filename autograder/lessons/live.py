"""A lesson's build while it runs, and how it ended.

Its text form never changes: nbval compares that of the first moment.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from autograder.engine.request import Progress
from autograder.facts.build import BuildFacts
from autograder.in_place import InPlace, in_place
from autograder.pictures import build_ended, build_progress
from autograder.pictures.picture import framed

EVERY_SECONDS = 0.25


class LiveProgress:
    """Shows a build while it runs; a context manager around it.

    text: the form for where HTML cannot be shown.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._last = Progress(0, 0, "")
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._output = InPlace(self._now, EVERY_SECONDS).__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._output.stop()
        if error is not None:
            self._output.show(self._bundle(framed("The build was stopped.")))

    def take(self, progress: Progress) -> None:
        """Note a moment of the build; it is shown at the next tick."""
        self._last = progress

    def ended(self, build: BuildFacts) -> None:
        """Show how the build ended, for good."""
        self._output.end(self._bundle(build_ended(build)))

    def _now(self) -> dict[str, str]:
        last, seconds = self._last, time.monotonic() - self._began
        html = build_progress(last.number, last.total, last.name, last.line, seconds)
        return self._bundle(html)

    def _bundle(self, html: str) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": html}


@contextmanager
def saying(text: str) -> Iterator[Callable[[str], None]]:
    """One line that changes in place while something is got ready, and then is `text`."""
    show = in_place({"text/plain": text})
    yield lambda line: show({"text/plain": line})
    show({"text/plain": text})
