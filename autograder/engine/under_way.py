"""What threads wait for, so that another thread can end all of it at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class UnderWay:
    """What is under way, and how each of it is ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], object]] = []
        self.ending = False

    @contextmanager
    def held(self, end: Callable[[], object]) -> Iterator[None]:
        """While in here, this is under way, and `end` is what ends it, from any thread."""
        try:
            with self._lock:
                self._ends.append(end)
            if self.ending:
                _end(end)
            yield
        finally:
            with self._lock, suppress(ValueError):  # an interrupt may come before it is in there
                self._ends.remove(end)

    @contextmanager
    def ended(self) -> Iterator[None]:
        """End all that is under way; what begins while in here ends at once."""
        self.ending = True
        try:
            with self._lock:
                ends = list(self._ends)
            for end in ends:
                _end(end)
            yield
        finally:
            self.ending = False


def _end(end: Callable[[], object]) -> None:
    with suppress(OSError):  # it has ended by itself
        end()
