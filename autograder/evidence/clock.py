"""Whether an engine's clock ran on evenly: on times of files rests what a rebuild installed."""

import time
from collections.abc import Callable

MOST_NS = 10**9
"""What it may gain or lose meanwhile: time servers turn it slowly."""


class Clock:
    """A clock, from now on. now_ns: asks it, in nanoseconds since the epoch."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._began = self._ahead()

    def is_steady(self) -> bool:
        """Whether nobody set it since."""
        least, most = self._ahead()
        return least - MOST_NS < self._began[1] and self._began[0] < most + MOST_NS

    def _ahead(self) -> tuple[int, int]:
        """How far it is ahead of ours, at least and at most: asking may take long."""
        before, now, after = time.monotonic_ns(), self._now_ns(), time.monotonic_ns()
        return now - after, now - before
