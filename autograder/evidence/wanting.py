"""What a failed build wanted and did not get: whether that was the learner's to give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.dockerfile import Base, Dockerfile
from autograder.index.manifest import offered_versions, public_versions

ALIKE = 0.8
"""From here on (of 1) two names are one and a slip of the finger: difflib's ratio."""

_DOWNLOAD = re.compile(r"\b(?:curl|wget)\b[^\n;&]*\bhttps?://(?!localhost\b|127\.)")
# How pip, then uv, then Poetry name what the index does not have.
_NOT_FOUND = (
    re.compile(r"No matching distribution found for ([^(]+)"),
    re.compile(r"there is no version of (\S+?),? (?:and|we|you)\b"),
    re.compile(r"[Bb]ecause (\S+) was not found in the package registry"),
    re.compile(r"depends on (\S+) \([^)]*\) which doesn't match any versions"),
    re.compile(r"Could not find a matching version of package ([\w.-]+)"),
)
# In canonical names, where a dot is a hyphen: requirements.txt without -r, poetry-1.7.0.
_FILE = re.compile(r"-(?:cfg|in|lock|toml|txt|whl)$")
_WITH_VERSION = re.compile(r"-?v?\d+(?:-\d+)*$")
_NAMELESS = "no FROM line gives its stage a name with AS"
# What builder stages are called, and no image of the public registry's own is.
_STAGE = re.compile(
    r"(?:python[-_]?)?(?:base|build|builder|compile|compiler|deps|dependencies|dev|export|exporter"
    r"|final|install|poetry|prod|production|release|requirements|runtime|stage|venv|wheels)"
    r"(?:[-_]?(?:stage|image|base|deps|\d))?"
)


def wanting(facts: BuildFacts, dockerfile: Dockerfile) -> BuildFacts:
    """The facts of a build; the failure with another kind where another is to blame."""
    failure = facts.failure
    below = [row for stage in dockerfile.needed_stages() for row in stage.below]
    if failure is not None and below and not failure.step.startswith("RUN"):
        failure = _for_a_stage_below(dockerfile, *below[0])
    elif failure is not None and failure.kind == "base":
        failure = _for_want_of_a_stage(failure, dockerfile)
    elif failure is not None and failure.kind == "step":
        failure = _for_want_of_a_release(_for_want_of_a_download(failure, dockerfile))
    return replace(facts, failure=failure)


def _for_want_of_a_download(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a step above it that wanted a download without failing.

    `curl … | sh` succeeds whatever curl comes to; what it should have brought is missed later.
    """
    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            text = "\n".join((row.value, *row.heredocs))
            above = row.keyword == "RUN" and row.line < (failure.line or 0)
            if above and _DOWNLOAD.search(text):
                why = f"line {row.line} downloads something, and something is missing now"
                return replace(failure, kind="network", log=(*failure.log, why))
    return failure


def _for_want_of_a_release(failure: BuildFailure) -> BuildFailure:
    """The failure, put down to the course's index where the public one has what was asked for."""
    for requirement in _not_found(failure) if failure.kind == "step" else ():
        name, offered = canonicalize_name(requirement.name), offered_versions()
        here, there = offered.get(name, ()), public_versions().get(name, ())
        asked = requirement.specifier
        if here and any(asked.filter(there)) and not any(asked.filter(here)):
            why = f"the course's package index has no {name}{asked}; it has {', '.join(here)}"
        elif not here and not _is_a_slip(name, offered):
            why = f"the course's package index has no {name}"
        else:
            continue
        return replace(failure, kind="index", message=why)
    return failure


def _is_a_slip(name: str, offered: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a package's name is another misspelt, with a version in it, or that of a file."""
    alike = get_close_matches(name, offered, n=1, cutoff=ALIKE)
    return bool(alike or _FILE.search(name) or _WITH_VERSION.sub("", name) in offered)


def _not_found(failure: BuildFailure) -> Iterator[Requirement]:
    for row in (failure.message, *failure.log):
        for pattern in _NOT_FOUND:
            for found in pattern.findall(row):
                try:
                    yield Requirement(found.strip())
                except InvalidRequirement:
                    continue


def _for_a_stage_below(dockerfile: Dockerfile, line: int, index: int) -> BuildFailure:
    stage = dockerfile.stages[index]
    named = f"stage {stage.name}" if stage.name else f"stage number {index}"
    starts = f"which starts further down, in line {stage.start.line}"
    why = f"line {line} takes from the {named}, {starts}: a stage takes only from those above it"
    return BuildFailure("below", why, line=line)


def _for_want_of_a_stage(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a name that is no image's but a stage's that is not there."""
    names = [stage.name for stage in dockerfile.stages if stage.name]
    for base in dockerfile.needed_bases():
        if base.familiar in failure.message and _is_meant_for_a_stage(base, names):
            called = f"the stages are called {', '.join(names)}" if names else _NAMELESS
            why = f"line {base.line} names a stage {base.familiar}, and there is none: {called}"
            return BuildFailure("stage", why, line=base.line)
    return failure


def _is_meant_for_a_stage(base: Base, names: list[str]) -> bool:
    name = base.familiar.lower()
    alike = get_close_matches(name, names, n=1, cutoff=ALIKE)
    return not set(":/@") & set(name) and bool(alike or _STAGE.fullmatch(name))
