"""Whether an engine's clock ran on evenly: on times of files rests what a rebuild installed."""

import time
from collections.abc import Callable

MOST_NS = 10**9
"""What it may gain or lose meanwhile: time servers turn it slowly, and asking takes a while."""


class Clock:
    """A clock, from now on. now_ns: asks it, in nanoseconds since the epoch."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._began = now_ns() - time.monotonic_ns()

    def is_steady(self) -> bool:
        """Whether nobody set it since."""
        return abs(self._now_ns() - time.monotonic_ns() - self._began) < MOST_NS
