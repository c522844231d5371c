"""The base image is named by a version."""

import re

from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

_MAJOR_MINOR = re.compile(r"\D*\d+\.\d")  # its first number: 3-alpine3.19 names Alpine's


def base_image_is_pinned(seen: Observation) -> Outcome:
    """Every base image that the final image depends on names a version or a digest.

    A tag names a version when it holds at least major and minor, such as 3.11 or 3.11-slim.
    """
    bases = seen.dockerfile.needed_bases()
    for base in bases:
        if base.digest is None and not _MAJOR_MINOR.match(base.tag):
            return failed(
                seen=f"the build starts from {base.reference}, which does not say which version",
                try_next=f"name the version that you tested with, such as {base.repository}:3.11",
                line=base.line,
            )
    if not bases:
        return failed(
            seen="the image starts from nothing at all (scratch)",
            try_next="start from an image that brings Python, named by its version",
        )
    named = ", ".join(dict.fromkeys(base.reference for base in bases))
    return passed(seen=f"the image is built from {named}")
