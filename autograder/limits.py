"""What one hand-in may use, and for how long: every limit of judging, in one place."""

from dataclasses import dataclass, field, fields
from typing import Any


def _limit(default: float, unit: str, of: str) -> Any:
    """A field with what it limits; `./course engine limits` shows it."""
    return field(default=default, metadata={"unit": unit, "of": of})


@dataclass(frozen=True)
class Limits:
    """The limits on one hand-in's builds and containers.

    Those of memory, processors, processes and disk are the grading engine's; a learner's own engine
    has none of these, as it is theirs to fill.
    """

    memory_bytes: int = _limit(3 * 10**9, "bytes", "memory of all that a hand-in runs at a time")
    processors: int = _limit(2, "processors", "processor time of all that it runs at a time")
    processes: int = _limit(2048, "processes", "processes and threads of all that it runs")
    disk_bytes: int = _limit(8 * 10**9, "bytes", "layers, caches and containers of an engine")
    inodes: int = _limit(600_000, "files", "files and folders in those")
    build_seconds: float = _limit(600, "seconds", "one build")
    serving_seconds: float = _limit(120, "seconds", "the silence of a step that runs a server")
    hand_in_seconds: float = _limit(1800, "seconds", "all builds of one hand-in together")
    answer_seconds: float = _limit(30, "seconds", "the app's first answer, once it is started")
    app_memory_bytes: int = _limit(512 * 2**20, "bytes", "memory of the app's container")
    app_processes: int = _limit(256, "processes", "processes of the app's container")
    log_bytes: int = _limit(2**20, "bytes", "what the app's container prints")

    @property
    def cell_seconds(self) -> int:
        """For a notebook's cell in which a hand-in is judged: longer than that ever takes.

        When all builds have had their time, what is being looked at is looked at, and images are
        removed: that takes minutes at most, and ends with a verdict.
        """
        return round(self.hand_in_seconds + max(900, self.build_seconds))

    def rows(self) -> list[tuple[str, int | float, str, str]]:
        """Name, value, unit and what it limits, in order."""
        return [
            (f.name, getattr(self, f.name), f.metadata["unit"], f.metadata["of"])
            for f in fields(self)
        ]


LIMITS = Limits()
