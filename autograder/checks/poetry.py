"""The Poetry that installed the dependencies is the one version that the course asks for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments
from autograder.checks.missing import missing_dependencies
from autograder.checks.signatures import by_a_stranger, not_by_poetry, signers, told
from autograder.facts.dockerfile import Instruction
from autograder.facts.expansion import expand
from autograder.facts.image import SILENT_INSTALLERS, Environment
from autograder.facts.observation import Evidence, Observation
from autograder.facts.variables import runs_with_variables
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="The tool that reads the lock file is a dependency too. With a new major version of it the"
    " Dockerfile of last year may no longer build, or build something else, on a day when nobody"
    " changed a line.",
    right="step-3-pin-and-split/arg-pin",
    wrong="step-3-pin-and-split/at-least",
    cannot_see=(
        "A forged signature. Poetry signs a package in a file, INSTALLER, of its dist-info"
        " folder. A RUN line that writes “Poetry 1.7.0” over what another installer wrote there"
        " passes. It stands in the Dockerfile, is longer than the pin, and whoever writes it knows"
        " the version that the pin should name.",
        "The right Poetry run for show. Where pip or uv installed, a note taken during one more"
        " build tells which Poetry ran. A step that runs the right one, and then installs by other"
        " means what the locks say, passes.",
        "A forged note. The notes of a build have another name each time; a step that looks for the"
        " script which takes them, by way of PYTHONPATH, reads there where they are, and adds a run"
        " of the right Poetry passes. It stands in the Dockerfile, and is longer than the pin.",
        "A package named by hand beside an export, in a version that no lock has (that fails"
        " `dependencies-locked`); and what pip was told by hand, in the locked version, beside a"
        " Poetry that installs only other groups.",
        "Which of two exports was installed. Where Poetrys of two versions ran `poetry export`,"
        " the one that is not asked for counts: the check fails even when the list of the right"
        " one was installed.",
        "Poetry's own dependencies, and where Poetry came from.",
    ),
    needs=frozenset({Evidence.POETRY_RUNS}),
)

_SEPARATOR = re.compile(r"&&|\|\||;|\n")
_BETWEEN = re.compile(r"""[\s"',]+""")
_POETRY = re.compile(r"\bpoetry$")
_PINNED = re.compile(r"poetry==[\d.]+(?![\d.*])")
_LOOSENS = re.compile(r"[<>=~^@]")
_NAME = re.compile(r"(?<![\w./-])poetry(?![\w./-])")  # and no plugin, no file

_NAMELESS = (
    "look at {place}: which version does it bring today, and which one next year?",
    "pip takes the newest version that its words allow, and a name alone allows them all: this"
    " time that was {who}",
    "put two equals signs after the name, and then the version that the task asks for, all three"
    " numbers of it",
)
_LOOSE = (
    "look at what stands between poetry and its version in line {line}: which versions may come?",
    ">=, ~=, ^, < and .* each let more than one version in, and the newest of them comes, here"
    " {who}; without quotes, a shell takes > for “write into the file named next”, and pip never"
    " sees the version",
    "only two equals signs and all three numbers, with no star, name one version alone",
)
_REPLACED = (
    "look at line {line} and the lines below it: which command is the last to bring a Poetry before"
    " the dependencies are installed?",
    "a version counts where a command installs it: not in what echo prints, in a comment or a"
    " branch that is not taken; and a later install or upgrade, here {who}, takes its place",
    "let one command alone install Poetry, the one with the version in it, in the stage that runs"
    " Poetry; an upgrade of everything goes above it",
)
_MISNAMED = (
    "compare the version in line {line} with the one that the task asks for",
    "two equals signs and all the numbers make a pin, and it holds: it is a pin to {who}",
    "leave the line as it is, but for the numbers",
)
_VARIABLE = (
    "look at the variable in line {line}: which value does it have there, if any?",
    "an ARG is known from its own line on, in its own stage; one above FROM is known to FROM lines"
    " alone; an ENV of the same name wins over it; and pip takes an empty version for any version",
    "declare the ARG in this very stage, above line {line}, with the version as its default, and"
    " give no ENV that name",
)
_NEXT = (
    "name one exact version of Poetry where you install it, so that a rebuild next year gets it too"
)


@dataclass(frozen=True)
class _Brings:
    """A step that installs Poetry.

    pinned: a command in it says the right version, be it by a variable that has it there.
    loose: a command in it names Poetry, and does not say that version.
    """

    row: Instruction
    pinned: bool
    loose: bool


def poetry_is_pinned(seen: Observation) -> Outcome:
    """The very Poetry that was asked for installed the app's direct dependencies, or exported them.

    Poetry signs what it installs in each package's INSTALLER file. The index offers newer Poetry
    versions, so a loose specifier ends with another signature.
    """
    image = seen.first.image
    assert image is not None, "checks run on images that were built"
    environments = app_environments(seen, image)
    if not environments:
        return missing_dependencies(seen)
    wanted = f"Poetry {seen.asked.poetry}"
    for environment in environments:
        others = signers(seen, environment) - {wanted}
        if others and others <= SILENT_INSTALLERS:
            if not (wanted in signers(seen, environment) and _found_in_place(seen, environment)):
                return _by_pip(seen, environment, " and ".join(sorted(others)))
        elif others:
            who = min(others - SILENT_INSTALLERS)
            if not who.startswith("Poetry"):
                return by_a_stranger(who)
            where = f" in {environment.path}" if len(environments) > 1 else ""
            step = _to_blame(seen)
            return failed(
                seen=f"{who} installed the dependencies{where}, not {wanted}",
                try_next=_NEXT,
                line=step.row.line if step else None,
                hints=_hints(step, who),
            )
    return passed(seen=f"{wanted} installed the dependencies, though newer versions are on offer")


def _found_in_place(seen: Observation, environment: Environment) -> bool:
    """Whether pip or uv may have put there what the right Poetry then found in place and left.

    In another version than the lock's it would not have left it.
    """
    did, versions = told(seen, environment)
    here = [environment.distributions.get(name) for name in seen.asked.direct]
    theirs = [row for row in here if row and row.installer in SILENT_INSTALLERS]
    locked = all(row.version == seen.asked.lock.versions[row.name] for row in theirs)
    return bool(versions) and (locked if did == "chose" else versions == {seen.asked.poetry})


def _by_pip(seen: Observation, environment: Environment, installer: str) -> Outcome:
    """What pip or uv installed counts as Poetry's, if that Poetry told them what to install."""
    did, versions = told(seen, environment)
    alone = signers(seen, environment) <= SILENT_INSTALLERS
    if not versions or (did == "chose" and not alone):
        return not_by_poetry(seen, environment)
    others = sorted(versions - {seen.asked.poetry})
    if others:
        step = _to_blame(seen)
        return failed(
            seen=f"{installer} installed what Poetry {others[0]} told it, not"
            f" Poetry {seen.asked.poetry}",
            try_next=_NEXT,
            line=step.row.line if step else None,
            hints=_hints(step, f"Poetry {others[0]}"),
        )
    return passed(seen=f"Poetry {seen.asked.poetry} {did} what {installer} installed")


def _hints(step: _Brings | None, who: str) -> tuple[str, ...]:
    """What helps, by what the line that installs Poetry says of a version."""
    text = step.row.text if step else ""
    words = text.split()
    behind = [word.partition("poetry")[2] for word in words if "poetry" in word]
    behind += [after[:1] for word, after in pairwise(words) if "poetry" in word]
    if step and step.pinned:
        climb = _REPLACED
    elif any("$" in word for word in behind):
        climb = _VARIABLE
    elif _PINNED.search(text):
        climb = _MISNAMED
    elif any(_LOOSENS.search(word) for word in behind):
        climb = _LOOSE
    else:
        climb = _NAMELESS
    line = step.row.line if step else None
    place = f"line {line}, where Poetry is installed" if line else "the step that brings Poetry"
    return tuple(hint.format(line=line, place=place, who=who) for hint in climb)


def _brings_poetry(command: str) -> bool:
    """Whether a command looks like an install of Poetry, and not like one that Poetry does."""
    before, _, after = command.partition("install")
    return "poetry" in after and not _runs_poetry(before)


def _runs_poetry(text: str) -> bool:
    """Whether it ends with Poetry's name, or with that and options of Poetry's."""
    *words, last = _BETWEEN.split(text)
    if last or not words:  # a part of a word, or nothing, stands before what follows
        return False
    for word in reversed(words):
        if _POETRY.search(word):
            return True
        if len(word) < 2 or word[0] != "-":
            return False
    return False


def _to_blame(seen: Observation) -> _Brings | None:
    """What in the Dockerfile installs Poetry: a hint for the reader, not the verdict.

    It is the last step that names Poetry without the right version; or else the first of all.
    """
    steps = list(_bringing(seen))
    loose = [step for step in steps if step.loose]
    return loose[-1] if loose else next(iter(steps), None)


def _bringing(seen: Observation) -> Iterator[_Brings]:
    pin = re.compile(rf"==\s*{re.escape(seen.asked.poetry)}(?![\d.*])")
    for row, known in runs_with_variables(seen.dockerfile):
        commands = _SEPARATOR.split(row.text)
        bring = [command for command in commands if _brings_poetry(command)]
        if bring:
            right = {c for c in commands if pin.search(c) or pin.search(expand(c, known))}
            loose = any(_NAME.search(c.partition("install")[2]) for c in bring if c not in right)
            yield _Brings(row, bool(right), loose)
