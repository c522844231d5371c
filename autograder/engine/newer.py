"""Flags that a newer builder has, where an older one says that it does not know them."""

import re

from autograder.facts.build import BuildFailure
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.instructions import trigger

# All that any builder has, stable or in its labs: https://docs.docker.com/reference/dockerfile/
_KNOWN = {
    "ADD": "checksum chmod chown exclude keep-git-dir link unpack",
    "COPY": "chmod chown exclude from link parents",
    "FROM": "platform",
    "HEALTHCHECK": "interval retries start-interval start-period timeout",
    "RUN": "device mount network security",
}
# Docker 20.10 says it with a capital; newer ones may add what is meant, or repeat the hyphens. The
# flag itself is looked up as it is spelled: --Chown is nobody's.
_UNKNOWN = re.compile(r"^[Uu]nknown flag: (?:--)?([A-Za-z-]+)")


def newer_flag(failure: BuildFailure | None, dockerfile: Dockerfile) -> tuple[str, int] | None:
    """The flag that a build failed for though newer builders have it, and its line; else None."""
    said = _UNKNOWN.match(failure.message) if failure and failure.kind == "dockerfile" else None
    if failure is None or said is None:
        return None
    for line in dockerfile.instructions:
        later = line.keyword == "ONBUILD"  # it is read by itself, and lines are counted anew
        row, flag = trigger(line) if later else line, said[1]
        known = flag in _KNOWN.get(row.keyword, "").split()
        if known and flag in dict(row.flags) and (later or failure.line in (None, row.line)):
            return f"{row.keyword} --{flag}", row.line
    return None
