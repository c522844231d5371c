"""What a failed build wanted and did not get: whether that was the learner's to give."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from autograder.evidence.material import optional_secrets
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.dockerfile import Base, Dockerfile
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

# From elsewhere: what a container asks of itself, for its health, is no download.
_ELSEWHERE = r"https?://(?!localhost\b|127\.|0\.0\.0\.0|\[::1?\]|\$)"
_COMMAND = re.compile(r"[^\n;&]++")
_DOWNLOADS = re.compile(r"\b(curl|wget|urlopen|urlretrieve|requests\.get|httpx\.get)\b")
_ADDRESSED = re.compile(r"\b" + _ELSEWHERE)
_ADDRESS = re.compile(rf"(?:^|\s)(\w+)[=\s]([\"']?){_ELSEWHERE}")
"""A variable, in ENV or ARG, that holds an address."""
_SIMPLE_COMMAND = re.compile(r"[^\n;&|]++")
_APT = re.compile(r"\bapt(?:-get)?\b")
_INSTALL = re.compile(r"\binstall\b")
_VARIABLE = re.compile(r"\$\{?(\w++)\}?")
_BUILD_ESSENTIAL = frozenset("cc c++ g++ gcc make".split())
_NO_WHEELS = re.compile(r"no[-_.]binary", re.I)
# What is the learner's own, whatever else the build wanted.
_NO_GROUP = re.compile(r"Group\(s\) not found")
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
    ran = failure.step.startswith("RUN")
    if below and not ran:
        failure = _for_a_stage_below(dockerfile, *below[0])
    elif failure.kind == "base" or (odd and not ran):
        failure = _for_want_of_a_stage(failure, dockerfile)
        if failure.kind != "stage":
            failure = _for_an_odd_name(odd[0]) if odd else _for_a_misspelt_name(failure, dockerfile)
    elif failure.kind == "step":
        asked = tuple(_not_found(failure))
        failure = _for_want_of_a_release(failure, asked, dockerfile)
        if not asked:
            failure = _for_want_of_a_download(failure, dockerfile)
            failure = _for_want_of_a_package(failure, dockerfile)
            failure = _for_want_of_a_program(failure, dockerfile)
            failure = _for_want_of_a_secret(failure, dockerfile)
    return replace(facts, failure=failure)


def _for_want_of_a_download(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a download in its step, or in one above it that went on without.

    `curl … | sh` succeeds whatever curl comes to; what it should have brought is missed later.
    """
    if any(_NO_GROUP.search(row) for row in failure.log):
        return failure
    addresses = set[str]()
    for row in dockerfile.instructions:
        if row.keyword in ("ENV", "ARG"):
            addresses.update(name for name, _ in _ADDRESS.findall(row.value))

    def given(used: re.Match[str]) -> str:
        return "https://named" if used[1] in addresses else used[0]

    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            so_far = row.keyword == "RUN" and row.line <= (failure.line or 0)
            downloads = _downloads(_VARIABLE.sub(given, row.text)) if so_far else ()
            program = next((name for name, _, _ in downloads), None)
            if program is None:
                continue
            slim = _slim_without(program, row.line, dockerfile)
            if slim and program in ("curl", "wget"):
                why = f"line {row.line} calls {program}, and {slim} has none"
                return replace(failure, line=row.line, log=(*failure.log, why))
            why = f"line {row.line} downloads something, and something is missing now"
            return replace(failure, kind="network", log=(*failure.log, why))
    return failure


def _downloads(text: str) -> Iterator[tuple[str, int, int]]:
    """The programs that download something from elsewhere; from where to where that is said."""
    for command in _COMMAND.finditer(text):
        at, end = command.span()
        while program := _DOWNLOADS.search(text, at, end):
            address = _ADDRESSED.search(text, program.end(), end)
            if address is None:
                break
            yield program[1], program.start(), address.end()
            at = address.end()


def _without_downloads(text: str) -> str:
    parts, at = list[str](), 0
    for _, begin, end in _downloads(text):
        parts.append(text[at:begin])
        at = end
    return "".join((*parts, text[at:]))


def _packages(text: str) -> Iterator[list[str]]:
    """What each command of apt is told to install."""
    for command in _SIMPLE_COMMAND.findall(text):
        apt = _APT.search(command)
        installs = list(_INSTALL.finditer(command, apt.end())) if apt else []
        if installs:
            yield command[installs[-1].end() :].split()


def _slim_without(program: str, line: int, dockerfile: Dockerfile) -> str:
    """The slim image that a line is built on, where nothing above it speaks of the program.

    The image has no program that downloads, and without one `curl … | sh` does nothing, anywhere.
    """
    base = dockerfile.base_at(line)
    if base is None or "slim" not in base.tag:
        return ""
    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            said = _without_downloads(row.text)
            brought = any(name == "from" for name, _ in row.flags) or row.keyword == "ADD"
            if row.line <= line and (brought or re.search(rf"\b{program}\b", said)):
                return ""
    return base.familiar


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


def _for_want_of_a_program(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a stand-in where the image that it stands for has the program."""
    base = dockerfile.base_at(failure.line or 0)
    why = lacked_by_stand_in(failure.log, base) if failure.kind == "step" else ""
    return replace(failure, kind="network", log=(*failure.log, why)) if why else failure


def _for_want_of_a_secret(failure: BuildFailure, dockerfile: Dockerfile) -> BuildFailure:
    """The failure, put down to a secret that its step asks for: the learner may have it at home."""
    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            here = row.line <= (failure.line or 0) <= row.end_line
            if failure.kind == "step" and here and any(optional_secrets(row)):
                why = f"line {row.line} asks for a secret or an SSH agent, and there is none here"
                return replace(failure, kind="network", log=(*failure.log, why))
    return failure


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
