"""The base image is named by a version."""

import re

from autograder.checks.about import About
from autograder.facts.dockerfile import Base
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="A name without a version means whatever is newest on the day of the build. The Dockerfile"
    " stays as it is, and one day it starts from another Python, which the app was never tried"
    " with.",
    right="step-3-pin-and-split/base-from-arg",
    wrong="step-3-pin-and-split/base-major-only",
    cannot_see=(
        "It is the one check that reads the Dockerfile: it sees names, and not the images that"
        " they name. A publisher can move a tag: python:3.11 gets every 3.11 that is released, and"
        " only a digest stays. An image that is called mine:1.0 may hold anything.",
        "Neither wins a point. The course's own engine has no image to start from but the"
        " exercise's, also under looser names such as python:3; a build that wants another is not"
        " judged, and what the image holds is for the other checks to say.",
    ),
)

_MAJOR_MINOR = re.compile(r"\D*\d+\.\d")  # its first number: 3-alpine3.19 names Alpine's
_MOVES_LITTLE = "moves only among the releases of that one, such as 3.11.6 and 3.11.7"


def base_image_is_pinned(seen: Observation) -> Outcome:
    """Every base image that the final image depends on names a version or a digest.

    A tag names a version when it holds at least major and minor, such as 3.11 or 3.11-slim.
    """
    bases = seen.dockerfile.needed_bases()
    for base in bases:
        if base.digest is None and not _MAJOR_MINOR.match(base.tag):
            return _loose(base)
    if not bases:
        return _from_nothing()
    named = ", ".join(dict.fromkeys(base.reference for base in bases))
    return passed(seen=f"the image is built from {named}")


def _loose(base: Base) -> Outcome:
    name, tag = base.repository, base.tag
    if tag:
        look = f"look at line {base.line}: which releases may the tag {tag} stand for next year?"
        idea = (
            f"{tag} moves on with every release that it fits; a tag with a major and a minor"
            f" version {_MOVES_LITTLE}"
        )
    else:
        look = f"look at line {base.line}: what does Docker take when no tag follows {name}?"
        idea = (
            "without a tag Docker takes the tag latest, which moves on with every release; a tag"
            f" with a major and a minor version {_MOVES_LITTLE}"
        )
    nearly = (
        f"in line {base.line} let a version follow {name}: a colon, the major number, a dot, the"
        " minor number; the task lists which images there are"
    )
    lacks = "names no minor version" if re.match(r"\D*\d", tag) else "does not say which version"
    return failed(
        seen=f"the build starts from {base.reference}, which {lacks}",
        try_next=f"name the version that you tested with, such as {name}:3.11",
        line=base.line,
        hints=(look, idea, nearly),
    )


def _from_nothing() -> Outcome:
    return failed(
        seen="the image starts from nothing at all (scratch)",
        try_next="start from an image that brings Python, named by its version",
        hints=(
            "look at the last FROM: scratch is an image without a single file",
            "the app needs Python, and something has to bring it: the base image, or an earlier"
            " stage that the last one copies from",
            "write one of the base images that the task lists in place of scratch, tag and all",
        ),
    )
