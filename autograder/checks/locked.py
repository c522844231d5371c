"""What is installed is what the lock file says."""

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments, third_party
from autograder.checks.missing import missing_dependencies
from autograder.checks.relock import line_of_relock
from autograder.checks.signatures import signers
from autograder.facts.image import Distribution, Environment
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="pyproject.toml gives ranges, and what is newest in a range changes from day to day."
    " poetry.lock has the exact versions that the app was tried with. An image that does not obey"
    " it is another image next month, though nobody changed a line.",
    right="step-3-pin-and-split/relock-no-update",
    wrong="step-3-pin-and-split/relock",
    cannot_see="The versions are those that the packages' own dist-info folders tell. A RUN line"
    " can rename such a folder, or put other code under a locked version's name. Versions that"
    " were written down by hand, also in a requirements file copied from the lock, pass here and"
    " fail `lock-change-reinstalls`, which builds with a lock that they do not follow. A forged"
    " folder of a package that is the same in both locks is not seen; the line that forges it"
    " stands in the Dockerfile, and is longer than a COPY of the lock. A package that the lock"
    " names and the app does not need is not missed.",
)

_NEXT = "let the install step read poetry.lock: is it there before that step runs, unchanged?"
_NEXT_BESIDE = "which step installs something beside Poetry? It does not read poetry.lock"
_INSTALLS = frozenset({"install", "sync", "update", "add"})
_RELOCKED = (
    "look at line {line}: what does this command do to poetry.lock?",
    "it solves the ranges anew and takes the newest it finds, such as {name} {have}; the lock that"
    " you were given has the versions already",
    "poetry.lock fits pyproject.toml as it is: take the command out of that line, or tell Poetry"
    " not to update (poetry lock --help)",
)
_NOT_BY_POETRY = (
    "look at what tells {who} which {name} to take: why {have}?",
    "of the installers, only Poetry reads poetry.lock; pip can obey it through a requirements file"
    " that Poetry exported from it",
    "replace that step by one that runs poetry install where poetry.lock is; or let an earlier step"
    " run poetry export, and pip install -r its output",
)
_BESIDE = (
    "look for the step in which {who} installs or upgrades something: which one brings {name}"
    " {have}?",
    "Poetry obeys poetry.lock, and {who} does not read it: what that installs into the same"
    " environment brings all that it needs, in the newest version, over the locked one",
    "take that step out, let it install into an environment of its own, or move it above poetry"
    " install, which puts the locked versions back, in every group that it is told to take",
)
_NO_LOCK = (
    "look at which files are in the image when Poetry installs: is poetry.lock one of them?",
    "where Poetry finds no poetry.lock it solves the ranges of pyproject.toml anew, and says so in"
    " the build's output: Updating dependencies",
    "name poetry.lock in the COPY above the install step, and see that neither .dockerignore nor an"
    " rm takes it away, and no other file takes its name",
)


def dependencies_are_locked(seen: Observation) -> Outcome:
    """Every installed package has its locked version, though newer ones are on offer."""
    image = seen.first.image
    assert image is not None, "checks run on images that were built"
    environments = app_environments(seen, image)
    if not environments:
        return missing_dependencies(seen)
    locked = seen.asked.lock.versions
    for environment in environments:
        installed = third_party(seen, environment)
        other = [
            found for name, found in sorted(installed.items()) if found.version != locked[name]
        ]
        if other:
            return _not_locked(seen, environment, other)
    count = len(third_party(seen, environments[0]))
    return passed(seen=f"{count} packages have the versions of poetry.lock")


def _not_locked(seen: Observation, environment: Environment, other: list[Distribution]) -> Outcome:
    locked = seen.asked.lock.versions
    told = [f"{d.name} {d.version} (the lock says {locked[d.name]})" for d in other[:2]]
    more = f" and {len(other) - 2} more" if len(other) > 2 else ""
    first = other[0]
    line = line_of_relock(seen.dockerfile, _poetry_behind(seen, environment, first))
    if line:
        climb = _RELOCKED
    elif first.installer.startswith("Poetry "):
        climb = _NO_LOCK
    else:
        climb = _BESIDE if _poetry_signed(seen, environment) else _NOT_BY_POETRY
    who = first.installer or "the installer"
    hints = (h.format(line=line, name=first.name, have=first.version, who=who) for h in climb)
    return failed(
        seen=f"installed: {', '.join(told)}{more}",
        try_next=_NEXT_BESIDE if climb is _BESIDE else _NEXT,
        line=line,
        hints=tuple(hints),
    )


def _poetry_behind(seen: Observation, environment: Environment, found: Distribution) -> str:
    """The version of the Poetry that installed a package, or told pip or uv to; `` for none."""
    if found.installer.startswith("Poetry "):
        return found.installer.removeprefix("Poetry ")
    # Where Poetry signed other packages, it installed by itself: what pip signed is pip's.
    commands = {"export"} if _poetry_signed(seen, environment) else {"export", *_INSTALLS}
    runs = (run.version for run in seen.poetry_runs or () if run.command in commands)
    return next(runs, "")


def _poetry_signed(seen: Observation, environment: Environment) -> bool:
    return any(who.startswith("Poetry ") for who in signers(seen, environment))
