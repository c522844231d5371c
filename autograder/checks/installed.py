"""What requirements.txt names is installed."""

import re

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments
from autograder.checks.missing import installs_dependencies, missing_dependencies
from autograder.facts.image import Distribution
from autograder.facts.instructions import Instruction
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="requirements.txt has the exact versions that the app was tried with. An image that holds"
    " others is another program than the one that worked, and it changes from day to day, though"
    " nobody changed a line.",
    right="step-1-naive/venv-from-builder",
    wrong="step-1-naive/upgraded-after-install",
    cannot_see=(
        "A forged version. The versions are those that the packages' own dist-info folders tell:"
        " a RUN line can rename such a folder, or put other code under its name.",
        "Versions that were written down by hand, since the image holds the same; an image that"
        " would not follow a changed requirements.txt; and which installer put the packages there.",
        "What an app that does not run would import from: then the environment that holds most"
        " counts.",
    ),
)

_WORD = re.compile(r"[\w.-]+")
_ANY = re.compile(r"\b(?:install|sync|add|download)\b|<<")  # a step that may bring packages

_BY_NAME = (
    "look at the step that installs {name}: what does it take the version from?",
    "a name without a version lets the installer take the newest on offer, here {have}; the list"
    " that you were given has one version for each package",
    "name the list in that step in place of the packages: pip install takes a file with the option"
    " -r, and the file must be there by then",
)
_AFTERWARDS = (
    "look for what else installs packages, in the step of {place} or in another: which command"
    " brings {name} {have}?",
    "an installer does what its last command says: an upgrade, a package without a version or a"
    " changed list takes the newest, over what was there before; and another environment is"
    " another set of packages",
    "let one command alone install, from the list as the course gives it, into the environment"
    " that CMD uses",
)
_LEFT_OUT = (
    "look at what your install step is told to install: is every line of requirements.txt in it?",
    "the list names what the app imports and what that needs in turn; with --no-deps, or a list of"
    " your own, some of it stays away",
    "have the installer read the whole file, as the course gives it, in one step, into the"
    " environment that CMD uses",
)
_COPIED = (
    "look for the step that installs the packages: is there one, or does a COPY bring a folder with"
    " packages in it?",
    "an environment that was made on another machine holds packages and programs for that machine;"
    " the image needs its own, and RUN is what installs into it",
    "add a RUN step in which pip reads the whole list, with the option -r; and keep the folder of"
    " your own environment out of the image, by a line in .dockerignore",
)


def dependencies_are_installed(seen: Observation) -> Outcome:
    """Every package that requirements.txt names is installed for the app, in that very version.

    How it came there does not matter: by pip or uv, with the file or without, into the base image's
    Python or a virtual environment, in this stage or in one that the image copies from.
    """
    image = seen.first.image
    assert image is not None, "checks run on images that were built"
    environments = app_environments(seen, image)
    if not environments:
        return missing_dependencies(seen)
    wanted = seen.asked.lock.versions
    names = sorted(wanted, key=lambda name: (name not in seen.asked.direct, name))
    for environment in environments:
        here = environment.distributions
        other = [here[n] for n in names if n in here and here[n].version != wanted[n]]
        if other:
            return _other_versions(seen, other)
        lacking = [name for name in names if name not in here]
        if lacking:
            return _left_out(seen, lacking)
    return passed(
        seen=f"all {len(wanted)} packages of requirements.txt are there, in the versions it names"
    )


def _other_versions(seen: Observation, other: list[Distribution]) -> Outcome:
    wanted = seen.asked.lock.versions
    told = [f"{d.name} {d.version} (requirements.txt says {wanted[d.name]})" for d in other[:2]]
    more = f" and {len(other) - 2} more" if len(other) > 2 else ""
    steps = _installs(seen)
    lines = [row.line for row in steps if installs_dependencies(row)]
    place = f"line {lines[0]}" if lines else ""
    climb = _AFTERWARDS if lines else _BY_NAME
    return failed(
        seen=f"installed: {', '.join(told)}{more}",
        try_next="let requirements.txt alone say what is installed: each of its lines names one"
        " version",
        line=_to_blame(steps, frozenset(d.name for d in other)),
        hints=tuple(
            h.format(name=other[0].name, have=other[0].version, place=place) for h in climb
        ),
    )


def _left_out(seen: Observation, lacking: list[str]) -> Outcome:
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    steps = _installs(seen)
    return failed(
        seen=f"not installed: {', '.join(lacking[:3])}{more}",
        try_next="install every package that requirements.txt names",
        line=_to_blame(steps, frozenset()),
        hints=_LEFT_OUT if steps else _COPIED,
    )


def _installs(seen: Observation) -> list[Instruction]:
    """The steps that may bring packages."""
    rows = (row for stage in seen.dockerfile.needed_stages() for row in stage.instructions)
    return [row for row in rows if row.keyword == "RUN" and _ANY.search(row.text)]


def _to_blame(steps: list[Instruction], names: frozenset[str]) -> int | None:
    """The line of the only step that names one of the packages, or else of the only step."""
    naming = [row for row in steps if not names.isdisjoint(_WORD.findall(row.value.lower()))]
    lines = [row.line for row in naming or steps]
    return lines[0] if len(lines) == 1 else None
