"""A step that runs a server never ends: it is known by what it prints, and not waited for."""

import re
from time import monotonic

from autograder.limits import LIMITS

_SERVES = re.compile(rb"Listening at: |Uvicorn running on |Running on http|Serving HTTP on ")
"""What the servers say that an app of the course may be run by, or a learner knows."""
_SAYS_AT_MOST = 20  # bytes of that which may have come with the message before

STOPPED = f"the build was stopped: a server ran in it for {LIMITS.serving_seconds:.0f} s"


class Serving:
    """Whether a step runs a server, and since when that has been silent."""

    def __init__(self) -> None:
        self._last = b""
        self._heard: float | None = None

    def hear(self, printed: bytes) -> None:
        """Take what the step printed next."""
        if self._heard or _SERVES.search(self._last + printed):
            self._heard = monotonic()
        self._last = printed[-_SAYS_AT_MOST:]

    def until(self, deadline: float) -> float:
        """When there is no use in waiting longer (time.monotonic), if it says nothing more."""
        if self._heard is None:
            return deadline
        return min(deadline, self._heard + LIMITS.serving_seconds)
