"""What a failed build wanted and did not get: whether that was the learner's to give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.evidence.downloads import for_want_of_a_download, is_own
from autograder.evidence.material import optional_secrets
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.dockerfile import Base, Dockerfile, Instruction
from autograder.facts.programs import lacked_by_stand_in, not_found
from autograder.facts.reference import is_reference, slip_in_python
from autograder.facts.slip import one_slip_apart
from autograder.index.manifest import offered_versions, public_versions

ALIKE = 0.8
"""From here on (of 1) two stages' names are one and a slip of the finger: difflib's ratio."""
LONGEST_NAME = 200
"""Characters that a package's name may have here: what is longer is nobody's."""
SHORT = 4
"""A package's name of so many letters or fewer is next to many others: it is taken for no slip."""

_COMMAND = re.compile(r"[^\n;&|]++")
_APT = re.compile(r"\bapt(?:-get)?\b")
_INSTALL = re.compile(r"\binstall\b")
_BUILD_ESSENTIAL = frozenset("cc c++ g++ gcc make".split())
_NO_AGENT = re.compile(
    r"Permission denied \(|Host key verification failed|authentication agent|SSH_AUTH_SOCK"
)
_NO_WHEELS = re.compile(r"no[-_.]binary", re.I)
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
_VERSION = re.compile(r"v?\d+(?:-\d+)+")
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
    if failure is None:
        return facts
    below = [row for stage in dockerfile.needed_stages() for row in stage.below]
    odd = [base for base in dockerfile.needed_bases() if not is_reference(base.reference)]
    ran = failure.step.upper().startswith("RUN")
    if below and not ran:
        failure = _for_a_stage_below(dockerfile, *below[0])
    elif failure.kind == "base" or (odd and not ran):
        failure = _for_want_of_a_stage(failure, dockerfile)
        if failure.kind != "stage":
            failure = _for_an_odd_name(odd[0]) if odd else _for_a_misspelt_name(failure, dockerfile)
    elif ran and failure.kind == "network" and is_own(failure, dockerfile):
        failure = replace(failure, kind="step")
    elif failure.kind == "step":
        asked = tuple(_not_found(failure))
        failure = _for_want_of_a_release(failure, asked, dockerfile)
        if not asked:
            failure = for_want_of_a_download(failure, dockerfile, facts.steps)
        if ran and not asked:
            failure = _for_want_of_a_package(failure, dockerfile)
            failure = _for_want_of_a_program(failure, dockerfile)
            failure = _for_want_of_a_secret(failure, dockerfile)
    return replace(facts, failure=failure)


def _for_want_of_a_package(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a package of Debian's that a step above it did not get.

    `apt-get install make; …` goes on without it, and so does `|| true`.
    """
    missing = set(not_found(failure.log))
    for stage in dockerfile.needed_stages() if failure.kind == "step" else ():
        for row in stage.instructions:
            for packages in _packages(row.text) if row.keyword == "RUN" else ():
                brings = set(packages)
                brings |= _BUILD_ESSENTIAL if "build-essential" in brings else set()
                if row.line <= (failure.line or 0) and missing & brings:
                    why = f"line {row.line} installs {min(missing & brings)} by apt"
                    return replace(failure, kind="network", log=(*failure.log, why))
    return failure


def _packages(text: str) -> Iterator[list[str]]:
    """What each command of apt is told to install."""
    for command in _COMMAND.findall(text):
        apt = _APT.search(command)
        installs = list(_INSTALL.finditer(command, apt.end())) if apt else []
        if installs:
            yield command[installs[-1].end() :].split()


def _for_want_of_a_program(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a stand-in where the image that it stands for has the program."""
    base = dockerfile.base_at(failure.line or 0)
    why = lacked_by_stand_in(failure.log, base) if failure.kind == "step" else ""
    return replace(failure, kind="network", log=(*failure.log, why)) if why else failure


def _for_want_of_a_secret(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a secret that its step missed: the learner may have it at home."""
    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            here = row.line <= (failure.line or 0) <= row.end_line
            secrets = tuple(optional_secrets(row)) if failure.kind == "step" and here else ()
            if any(_missed(secret, row, failure) for secret in secrets):
                why = f"line {row.line} asks for a secret or an SSH agent, and there is none here"
                return replace(failure, kind="network", log=(*failure.log, why))
    return failure


def _missed(secret: str, row: Instruction, failure: BuildFailure) -> bool:
    """Whether a step tells of a secret that it missed, or reads it and ends in silence."""
    options = dict(option.partition("=")[::2] for option in secret.split(","))
    said = [line for line in failure.log if line.strip()] or [row.text]
    if options.get("type", "").lower() == "ssh":
        return any(_NO_AGENT.search(line) for line in said)
    default = f"/run/secrets/{options['id']}" if "id" in options else ""
    paths = (options.get(name, "") for name in ("target", "dst", "destination"))
    names = [name for name in (*paths, options.get("env", ""), default) if name]
    return any(
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) for name in names for line in said
    )


def _for_want_of_a_release(
    failure: BuildFailure, asked: tuple[Requirement, ...], dockerfile: Dockerfile
) -> BuildFailure:
    """The failure, put down to the course's index where the public one has what was asked for."""
    for requirement in asked:
        name, offered = canonicalize_name(requirement.name), offered_versions()
        here, there = offered.get(name, ()), public_versions().get(name, ())
        versions = requirement.specifier
        if here and any(versions.filter(there)) and not any(versions.filter(here)):
            why = f"the course's package index has no {name}{versions}; it has {', '.join(here)}"
        elif any(versions.filter(here)) and _NO_WHEELS.search(dockerfile.text):
            why = f"the course's package index has {name} as a wheel only"
        elif not here and not _is_a_slip(name, offered):
            why = f"the course's package index has no {name}"
        else:
            continue
        return replace(failure, kind="index", message=why)
    return failure


def _is_a_slip(name: str, offered: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a package's name is another misspelt, holds a version, is one, or names a file."""
    misspelt = len(name) > SHORT and any(one_slip_apart(name, other) for other in offered)
    versioned = _VERSION.fullmatch(name) or _WITH_VERSION.sub("", name) in offered
    return bool(misspelt or versioned or _FILE.search(name))


def _not_found(failure: BuildFailure) -> Iterator[Requirement]:
    for row in (failure.message, *failure.log):
        for pattern in _NOT_FOUND:
            for found in pattern.findall(row):
                try:
                    yield Requirement(found.strip()[:LONGEST_NAME])
                except InvalidRequirement:
                    continue


def _for_a_stage_below(dockerfile: Dockerfile, line: int, index: int) -> BuildFailure:
    stage = dockerfile.stages[index]
    named = f"stage {stage.name}" if stage.name else f"stage number {index}"
    starts = f"which starts further down, in line {stage.start.line}"
    why = f"line {line} takes from the {named}, {starts}: a stage takes only from those above it"
    return BuildFailure("below", why, line=line)


def _for_an_odd_name(base: Base) -> BuildFailure:
    """No Docker builds it, whatever else was wanted, so it is not for us to offer."""
    why = f'line {base.line} names "{base.reference[:100]}", which no image can be called'
    return BuildFailure("name", why, line=base.line)


def _for_a_misspelt_name(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a name that is python's but for a slip, where that was wanted."""
    told = f"{failure.step} {failure.message}"
    for base in dockerfile.needed_bases():
        name = Base(base.familiar, base.line).repository
        slip = slip_in_python(name, "" if base.digest else base.tag)
        if slip and base.familiar in told:
            wrong, right = slip
            why = f'line {base.line} names "{base.familiar[:100]}": is {wrong} meant to be {right}?'
            return BuildFailure("name", why, line=base.line)
    return failure


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
