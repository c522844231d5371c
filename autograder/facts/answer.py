"""What the running app answered."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class AppAnswer:
    """The answer to one GET, asked from another container.

    status: the HTTP status, or None when nothing answered in time.
    body: the JSON object it answered, or None.
    nonce: what its source told beside the answer; `` where it told nothing.
    imports_from: the folders that it imports from, in order, as told beside the answer.
    problem: why there is no answer, with what the container last printed.
    seconds: from the container's start to the answer.
    """

    status: int | None
    body: Mapping[str, object] | None
    seconds: float
    problem: str = ""
    logs: str = ""
    nonce: str = ""
    imports_from: tuple[str, ...] = ()
