"""What is installed is what the lock file says."""

import re

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments, third_party
from autograder.checks.missing import missing_dependencies
from autograder.facts.image import Distribution
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
_RELOCK = re.compile(r"""\bpoetry[\s"',]+(?:-\S+\s+)*(?:lock|update|add)\b""")


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
            return _not_locked(seen, other)
    count = len(third_party(seen, environments[0]))
    return passed(seen=f"{count} packages have the versions of poetry.lock")


def _not_locked(seen: Observation, other: list[Distribution]) -> Outcome:
    locked = seen.asked.lock.versions
    told = [f"{d.name} {d.version} (the lock says {locked[d.name]})" for d in other[:2]]
    more = f" and {len(other) - 2} more" if len(other) > 2 else ""
    line = _line_of_relock(seen)
    return failed(
        seen=f"installed: {', '.join(told)}{more}",
        try_next=_NEXT,
        line=line,
        hints=_hints(other[0], line),
    )


def _hints(first: Distribution, relock: int | None) -> tuple[str, ...]:
    if relock:
        return (
            f"look at line {relock}: what does this command do to poetry.lock?",
            f"it solves the ranges anew and takes the newest it finds, such as {first.name}"
            f" {first.version}; the lock that you were given has the versions already",
            "poetry.lock fits pyproject.toml as it is: take the command out of that line, or tell"
            " Poetry not to update (poetry lock --help)",
        )
    if not first.installer.startswith("Poetry"):
        return (
            f"look at what tells {first.installer or 'the installer'} which {first.name} to take:"
            f" why {first.version}?",
            "of the installers, only Poetry reads poetry.lock; pip can obey it through a"
            " requirements file that Poetry exported from it",
            "replace that step by one that runs poetry install where poetry.lock is; or let an"
            " earlier step run poetry export, and pip install -r its output",
        )
    return (
        "look at which files are in the image when Poetry installs: is poetry.lock one of them?",
        "where Poetry finds no poetry.lock it solves the ranges of pyproject.toml anew, and says so"
        " in the build's output: Updating dependencies",
        "name poetry.lock in the COPY above the install step, and see that neither .dockerignore"
        " nor an rm takes it away, and no other file takes its name",
    )


def _line_of_relock(seen: Observation) -> int | None:
    """Where the Dockerfile has Poetry lock anew: a hint for the reader, not the verdict."""
    for stage in seen.dockerfile.needed_stages():
        for row in stage.instructions:
            if row.keyword == "RUN" and _RELOCK.search(" ".join((row.value, *row.heredocs))):
                return row.line
    return None
