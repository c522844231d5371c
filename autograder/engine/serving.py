"""A step that runs a server never ends: it is known by what it prints, and not waited for."""

import re
from time import monotonic

from autograder.limits import LIMITS

_SERVES = re.compile(
    rb"Listening at: |Uvicorn running on |Running on http|Serving (?:HTTP )?on "
    rb"|Starting development server at "
)
"""What the servers say that an app of the course may be run by, or a learner knows: gunicorn,
Uvicorn, Hypercorn and Flask, http.server and Waitress, Django."""
_SAYS_AT_MOST = 32  # bytes of that which may have come with the message before
_CLIPPED = b"[output clipped, "
"""What BuildKit says instead of the rest of what a step prints:
https://github.com/moby/buildkit/blob/v0.13.2/util/progress/logs/logs.go"""


class Serving:
    """Whether a step runs a server, and since when that has been silent."""

    def __init__(self) -> None:
        self._last = b""
        self._clipped = False
        self._heard: float | None = None

    def hear(self, printed: bytes) -> None:
        """Take what the step printed next."""
        text = self._last + printed
        self._clipped = self._clipped or _CLIPPED in text
        if self._clipped:  # its silence is the builder's from now on
            self._heard = None
        elif self._heard or _SERVES.search(text):
            self._heard = monotonic()
        self._last = printed[-_SAYS_AT_MOST:]

    @property
    def heard(self) -> bool:
        """Whether it is a server's."""
        return self._heard is not None

    def until(self, deadline: float) -> float:
        """When there is no use in waiting longer (time.monotonic), if it says nothing more."""
        if self._heard is None:
            return deadline
        return min(deadline, self._heard + LIMITS.serving_seconds)


def stopped() -> str:
    """Why a build was stopped then."""
    return f"the build was stopped: a server in it had said nothing for {LIMITS.serving_seconds} s"
