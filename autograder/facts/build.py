"""One build, as the builder told it."""

from dataclasses import dataclass, field
from typing import Literal

from autograder.limits import LIMITS

Builder = Literal["buildkit", "classic"]
BUILD_SECONDS = LIMITS.build_seconds
"""How long a build may take where nobody says otherwise: wall-clock time."""

SOON_SECONDS = 3
"""A step that failed within them, and silently, is worth another try."""


@dataclass(frozen=True)
class BuildStep:
    """One step that a builder ran or took from its cache.

    name: the instruction as the builder shows it, such as `RUN pip install poetry==1.7.0`.
    stage: the stage's name, or its index as text; `` for the builder's own steps.
    line: its first line in the Dockerfile, counted from 1; None when it has none.
    seconds: how long it ran; 0.0 for a cached step.
    printed: the last lines it printed.
    """

    name: str
    stage: str
    cached: bool
    seconds: float
    line: int | None = None
    error: str = ""
    printed: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class BuildFailure:
    """Why a build ended without an image.

    kind: `dockerfile` (it cannot be parsed), `step` (an instruction failed), `base` (a base image
    cannot be had), `name` (no image can be called so, or that is misspelt), `stage` (no stage has
    the name it copies from), `below` (one has, further down), `network` (a step wanted more than
    the course offers), `index` (a release that the course's package index lacks), `timeout`,
    `serves` (a step runs a server, which never ends), `disk` (the engine's disk is full), `filled`
    (it is not, but this build filled it).
    """

    kind: Literal[
        "dockerfile", "step", "base", "name", "stage", "below", "network", "index", "timeout",
        "serves", "disk", "filled",
    ]  # fmt: skip
    message: str
    step: str = ""
    line: int | None = None
    log: tuple[str, ...] = ()

    @property
    def took_too_long(self) -> bool:
        """Whether it was stopped for its time."""
        return self.kind in ("timeout", "serves")


@dataclass(frozen=True)
class BuildFacts:
    """A finished build: its image's id, or why there is none.

    tag: the reference under which the image can be found while its run lasts.
    seconds: wall time of the whole build.
    """

    builder: Builder
    steps: tuple[BuildStep, ...]
    seconds: float
    tag: str
    image_id: str | None = None
    failure: BuildFailure | None = None

    @property
    def succeeded(self) -> bool:
        """Whether there is an image."""
        return self.image_id is not None

    def all_cached(self) -> bool:
        """Whether nothing was run or copied anew."""
        return all(step.cached or step.name.upper().startswith("FROM ") for step in self.steps)

    def failed_unheard(self) -> bool:
        """Whether a step ended at once and printed nothing itself: it may not have begun.

        A container runtime now and then loses a container that it starts, some once in a thousand;
        a step that fails for its own sake fails again.
        """
        ended = next((step for step in reversed(self.steps) if step.error), None)
        if ended is None or self.failure is None or self.failure.kind != "step":
            return False
        own = [row for row in self.failure.log if row.strip() and not row.startswith("runc ")]
        return not own and ended.seconds < SOON_SECONDS
