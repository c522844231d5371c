"""Who builds, or looks at what was built, beside others; and who builds alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Lets many threads be at work beside each other, or one of them alone.

    Whoever waits to be alone goes before those that come later. Within its turn, the thread that
    is alone may take one beside as well.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Of marks, not numbers: an interrupt anywhere in a turn leaves none behind.
        self._beside = set[object]()
        self._waiting = set[object]()
        self._alone: int | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """A turn beside others, when nobody is alone or waits to be."""
        me = threading.get_ident()
        if self._alone == me:
            yield
            return
        mark = object()
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._alone is None and not self._waiting)
                self._beside.add(mark)
            yield
        finally:
            with self._changed:
                self._beside.discard(mark)
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn without anybody beside, when those who began have ended."""
        me, mark = threading.get_ident(), object()
        try:
            with self._changed:
                self._waiting.add(mark)
                self._changed.wait_for(lambda: self._alone is None and not self._beside)
                self._alone = me
            yield
        finally:  # a learner may interrupt it, also while it waits
            with self._changed:
                self._waiting.discard(mark)
                if self._alone == me:
                    self._alone = None
                self._changed.notify_all()
