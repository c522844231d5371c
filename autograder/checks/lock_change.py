"""A changed lock file reaches the image."""

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments
from autograder.checks.missing import missing_dependencies, mounts_over_installs
from autograder.checks.relock import line_of_relock
from autograder.checks.signatures import BESIDE, poetry_signed
from autograder.checks.step_help import Help
from autograder.checks.unbuilt import unbuilt
from autograder.facts.image import SILENT_INSTALLERS, Distribution, Environment
from autograder.facts.observation import Evidence, Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="A lock file is there to be changed: a fixed security hole is a new line in poetry.lock."
    " An image that looks right today, and takes its versions from elsewhere, keeps the hole.",
    right="step-3-pin-and-split/export-and-pip",
    wrong="step-3-pin-and-split/naive-requirements",
    cannot_see=(
        "What is the same in both locks. They differ in one direct dependency, which has another"
        " version in range.",
        "A Dockerfile made for these two locks. The second one is no secret: a step could ask"
        " whether poetry.lock names that version, and install it by hand. An instructor who doubts"
        " replaces source/…/poetry-second.lock by a third.",
        "As everywhere, a dist-info folder that a step forged after it read the lock.",
    ),
    needs=frozenset({Evidence.LOCK_CHANGED}),
)

_NEXT = "copy poetry.lock before the step that installs the dependencies, and let that step obey it"
_GROUP = (
    "look at pyproject.toml: in which group of dependencies does {name} stand?",
    "Poetry leaves a group out that is marked optional, unless the install asks for it by name",
    "poetry install adds an optional group with --with and its name, which stands above {name} in"
    " pyproject.toml",
)
_STAYED = Help(
    _NEXT,
    (
        "look at your install step: what does it read that differs when poetry.lock does?",
        "the image kept {have} of {name}, so the step took the version from elsewhere, such as a"
        " requirements file of your own or a version in the Dockerfile",
        "let poetry install choose the versions, below a COPY that brings poetry.lock; pip can"
        " install what poetry export writes during the build",
    ),
)
_SOLVED = Help(
    "let the install step read poetry.lock: is it there before that step runs, unchanged?",
    (
        "look at the step that installs: does it read poetry.lock, or does it solve the ranges"
        " anew?",
        "{name} {have} is in neither of the two locks: what installed it found no lock, reads none"
        " (as pip does), or was told to make a new one (lock, update, add)",
        "bring poetry.lock with a COPY above the install, and leave it as it is: no rm, no poetry"
        " lock without --no-update, no line in .dockerignore",
    ),
)
_CHOSEN = Help(
    "take out the command that chooses versions: poetry.lock has them",
    (
        "look at line {line}: which version of {name} does this command ask for?",
        "poetry add and poetry update choose versions and write poetry.lock anew: what the lock"
        " said before no longer counts, and the image has {have}",
        "the app's files name {name} already: take that command out, and let the install alone obey"
        " poetry.lock",
    ),
)
_KEPT = Help(
    "keep no environment in a cache mount: it outlives the lock that made it",
    (
        "look at the cache mount in line {line}: what does the step keep there from one build to"
        " the next?",
        "a cache mount is not emptied when poetry.lock changes: an environment that is kept in it"
        " has the packages of the build that made it, here {name} {have}",
        "keep only downloads in a cache mount, and let the install make the environment anew in the"
        " image: Docker's own cache spares that step while poetry.lock stays the same",
    ),
)


def lock_change_reinstalls(seen: Observation) -> Outcome:
    """Built with the course's second lock, the image holds that lock's versions."""
    built = seen.lock_changed
    assert built is not None, "only exercises with a second lock ask for this check"
    if built.image is None:
        return unbuilt(built.build, "with another poetry.lock, ")
    wanted = seen.asked.second_lock.versions
    changed = seen.asked.second_lock.changed_from(seen.asked.lock)
    environments = app_environments(seen, built.image)
    if not environments:
        return missing_dependencies(seen)
    for environment in environments:
        for name in changed:
            found = environment.distributions.get(name)
            if found is None and name in seen.asked.direct:
                return _not_installed(name)
            if found is None or found.version != wanted[name]:
                return _disobeyed(seen, environment, name, found)
    names = ", ".join(f"{name} {wanted[name]}" for name in changed)
    return passed(seen=f"a changed poetry.lock was obeyed: the new image has {names}")


def _not_installed(name: str) -> Outcome:
    return failed(
        seen=f"{name} is not installed at all",
        try_next="which option of poetry install adds its group?",
        hints=tuple(hint.format(name=name) for hint in _GROUP),
    )


def _disobeyed(
    seen: Observation, environment: Environment, name: str, found: Distribution | None
) -> Outcome:
    have = found.version if found else "not installed"
    stayed = have == seen.asked.lock.versions[name]
    who = found.installer if found else ""
    beside = who in SILENT_INSTALLERS and poetry_signed(seen, environment)
    exported = any(run.command == "export" for run in seen.poetry_runs or ())
    by_hand = beside and not exported and not stayed
    helped, line = (BESIDE, None) if by_hand else _why(seen, stayed)
    return failed(
        seen=f"poetry.lock was changed to {name} {seen.asked.second_lock.versions[name]}, but the"
        f" image has {have}",
        try_next=helped.try_next,
        line=line,
        hints=tuple(h.format(line=line, name=name, have=have, who=who) for h in helped.hints),
    )


def _why(seen: Observation, stayed: bool) -> tuple[Help, int | None]:
    """What helps where the version stayed, or is in neither lock, and the line to look at."""
    if line := line_of_relock(seen.dockerfile, seen.asked.poetry, ("update", "add")):
        return _CHOSEN, line
    line = line_of_relock(seen.dockerfile, seen.asked.poetry)
    if line or not stayed:
        return _CHOSEN if stayed else _SOLVED, line
    rows = (row for stage in seen.dockerfile.needed_stages() for row in stage.instructions)
    for row in rows:
        if row.keyword == "RUN" and mounts_over_installs(row):
            return _KEPT, row.line
    return _STAYED, None
