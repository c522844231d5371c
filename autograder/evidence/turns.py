"""Who builds beside others, and who builds alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Lets many threads build beside each other, or one of them alone.

    Whoever waits to be alone goes before those that come later. Within its turn, the thread that
    is alone may take one beside as well.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._beside = 0
        self._waiting = 0
        self._alone: int | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """A turn beside others, when nobody is alone or waits to be."""
        me = threading.get_ident()
        if self._alone == me:
            yield
            return
        with self._changed:
            self._changed.wait_for(lambda: self._alone is None and not self._waiting)
            self._beside += 1
        try:
            yield
        finally:
            with self._changed:
                self._beside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn without anybody beside, when those who began have ended."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._alone is None and not self._beside)
            finally:  # a learner may interrupt it
                self._waiting -= 1
                self._changed.notify_all()
            self._alone = threading.get_ident()
        try:
            yield
        finally:
            with self._changed:
                self._alone = None
                self._changed.notify_all()
