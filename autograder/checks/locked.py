"""What is installed is what the lock file says."""

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments, third_party
from autograder.checks.missing import missing_dependencies
from autograder.checks.relock import line_of_relock
from autograder.checks.signatures import BESIDE, UNUSED, poetry_signed, unused
from autograder.checks.step_help import Help
from autograder.facts.image import Distribution, Environment
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="pyproject.toml gives ranges, and what is newest in a range changes from day to day."
    " poetry.lock has the exact versions that the app was tried with. An image that does not obey"
    " it is another image next month, though nobody changed a line.",
    right="step-3-pin-and-split/relock-no-update",
    wrong="step-3-pin-and-split/relock",
    cannot_see=(
        "A forged version. The versions are those that the packages' own dist-info folders tell."
        " A RUN line can rename such a folder, or put other code under a locked version's name. If"
        " that package is the same in both locks, it passes; the line that forges it stands in the"
        " Dockerfile, and is longer than a COPY of the lock.",
        "Versions that were written down by hand, also in a requirements file copied from the"
        " lock. They pass here and fail `lock-change-reinstalls`, which builds with a lock that"
        " they do not follow.",
        "A package that is not installed, or whose dist-info folder was removed: `app-answers`"
        " misses what the app imports, and `lock-change-reinstalls` what its second lock changes.",
    ),
)

_NEXT = "let the install step read poetry.lock: is it there before that step runs, unchanged?"
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
    helped = Help(_NEXT, _RELOCKED) if line else _what_helps(seen, environment, first)
    gaps = {"line": line, "name": first.name, "have": first.version}
    gaps |= {"unused": unused(seen, environment), "used": environment.path}
    gaps["who"] = first.installer or "the installer"
    return failed(
        seen=f"installed: {', '.join(told)}{more}",
        try_next=helped.try_next,
        line=line,
        hints=tuple(hint.format(**gaps) for hint in helped.hints),
    )


def _what_helps(seen: Observation, environment: Environment, found: Distribution) -> Help:
    """What helps, by who installed a package in another version than the lock's."""
    if found.installer.startswith("Poetry "):
        return Help(_NEXT, _NO_LOCK)
    if poetry_signed(seen, environment):
        return BESIDE
    return UNUSED if unused(seen, environment) else Help(_NEXT, _NOT_BY_POETRY)


def _poetry_behind(seen: Observation, environment: Environment, found: Distribution) -> str:
    """The version of the Poetry that installed a package, or told pip or uv to; `` for none."""
    if found.installer.startswith("Poetry "):
        return found.installer.removeprefix("Poetry ")
    # Where Poetry signed other packages, it installed by itself: what pip signed is pip's.
    commands = {"export"} if poetry_signed(seen, environment) else {"export", *_INSTALLS}
    runs = (run.version for run in seen.poetry_runs or () if run.command in commands)
    return next(runs, "")
