"""A build's progress in a notebook: one output that is drawn anew in place.

No widget, so that it is still there when the notebook is opened again; nothing on stderr, which
nbgrader counts as a failure. Its text form never changes: nbval compares that of the first moment.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from IPython.display import display

from autograder.engine.request import Progress
from autograder.facts.build import BuildFacts
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
        self._ended = threading.Event()
        self._show: Callable[[dict[str, str]], None] = lambda _: None

    def __enter__(self) -> "LiveProgress":
        self._show = _in_place(self._now())
        # The kernel knows by context which cell an output belongs to.
        context = contextvars.copy_context()
        self._ticker = threading.Thread(target=context.run, args=(self._tick,), daemon=True)
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        if error is not None:
            self._show(self._bundle(framed("The build was stopped.")))

    def take(self, progress: Progress) -> None:
        """Note a moment of the build; it is shown at the next tick."""
        self._last = progress

    def ended(self, build: BuildFacts) -> None:
        """Show how the build ended, for good."""
        self._stop()
        self._show(self._bundle(build_ended(build)))

    def _stop(self) -> None:
        self._ended.set()
        self._ticker.join()

    def _tick(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._show(self._now())

    def _now(self) -> dict[str, str]:
        last, seconds = self._last, time.monotonic() - self._began
        html = build_progress(last.number, last.total, last.name, last.line, seconds)
        return self._bundle(html)

    def _bundle(self, html: str) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": html}


@contextmanager
def saying(text: str) -> Iterator[Callable[[str], None]]:
    """One line that changes in place while something is got ready, and then is `text`."""
    show = _in_place({"text/plain": text})
    yield lambda line: show({"text/plain": line})
    show({"text/plain": text})


def _in_place(first: dict[str, str]) -> Callable[[dict[str, str]], None]:
    """Display something now; the function that is returned puts something else in its place."""
    handle: Any = display(first, raw=True, display_id=True)  # type: ignore[no-untyped-call]
    if handle is None:  # no notebook
        return lambda _: None
    return lambda bundle: handle.update(bundle, raw=True)
