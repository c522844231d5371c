"""Who installed what the app uses, as the packages are signed: shared by the checks of Poetry."""

from autograder.checks.app_environment import app_environments
from autograder.checks.step_help import Help
from autograder.facts.image import SILENT_INSTALLERS, Environment
from autograder.facts.lock import Lock
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed

_LET_POETRY = (
    "look at the step that installs the dependencies: which program does it run?",
    "the task wants Poetry to do it, or to tell pip what to install (poetry export): then"
    " poetry.lock decides, and one tool reads it",
    "pip is for Poetry itself; below the COPY of the files that it reads, run poetry install, with"
    " the group that the app needs and without the project",
)
_NEXT = "let Poetry install them from poetry.lock"

BESIDE = Help(
    "which step installs something beside Poetry? It does not read poetry.lock",
    (
        "look for the step in which {who} installs or upgrades something: which one brings {name}"
        " {have}?",
        "Poetry obeys poetry.lock, and {who} does not read it: what that installs into the same"
        " environment brings all that it needs, in the newest version, over the locked one",
        "take that step out, let it install into an environment of its own, or move it above poetry"
        " install, which puts the locked versions back, in every group that it is told to take",
    ),
)

UNUSED = Help(
    "see in which environment CMD starts the app: it is not the one that Poetry made",
    (
        "Poetry installed all of them in {unused}, and the app imports them from {used}: which"
        " program does CMD start, and where is that found?",
        "a bare name is looked for in the folders of PATH; a virtual environment of Poetry's counts"
        " where Poetry runs the program, or where PATH or CMD leads to its bin folder",
        "let CMD start the program by poetry run, or ENV put that environment's bin folder at the"
        " front of PATH; then no step has to install the same packages by other means",
    ),
)


def signers(seen: Observation, environment: Environment) -> frozenset[str]:
    """Who signed the app's direct dependencies, as far as they are there.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    here = environment.distributions
    return frozenset(here[name].installer for name in seen.asked.direct if name in here)


def poetry_signed(seen: Observation, environment: Environment) -> bool:
    """Whether a Poetry signed any of the app's direct dependencies: it installs by itself there."""
    return any(who.startswith("Poetry ") for who in signers(seen, environment))


def unused(seen: Observation, environment: Environment) -> str:
    """The folder in which Poetry installed all direct dependencies, and the app uses others; or ``.

    It is known where the app tells from which folders it imports.
    """
    image, answer = seen.first.image, seen.answer
    if not image or not answer or environment.path not in answer.imports_from:
        return ""
    for other in image.environments:
        by_poetry = all(who.startswith("Poetry ") for who in signers(seen, other))
        if other.path not in answer.imports_from and other.holds(seen.asked.direct) and by_poetry:
            return other.path
    return ""


def told(seen: Observation, environment: Environment) -> tuple[str, frozenset[str]]:
    """What a Poetry did for pip or uv, `exported` or `chose`, and the versions of those that did.

    There are none where no Poetry told them what to install, though one may have run: then what is
    installed stays as it was with the first lock, or what Poetry installs is not what is used.
    """
    runs = seen.poetry_runs or ()
    exports = frozenset(run.version for run in runs if run.command == "export")
    if exports:
        fixed = _follows(seen, environment, seen.asked.lock) and _follow(seen, seen.asked.lock)
        return "exported", frozenset() if fixed else exports
    chose = frozenset(run.version for run in runs if run.command in ("install", "update"))
    if not chose:  # Poetry 2 has no export of its own: some make a list of what this prints
        chose = frozenset(run.version for run in runs if run.command == "show")
    return "chose", chose if _follow(seen, seen.asked.second_lock) else frozenset()


def _follow(seen: Observation, lock: Lock) -> bool:
    """Whether an environment that was made with the second lock has the versions of this one."""
    image = seen.lock_changed.image if seen.lock_changed else None
    after = app_environments(seen, image) if image else ()
    return any(_follows(seen, environment, lock) for environment in after)


def _follows(seen: Observation, environment: Environment, lock: Lock) -> bool:
    """Whether what differs between the two locks has the versions of this one."""
    have = {name: row.version for name, row in environment.distributions.items()}
    changed = seen.asked.second_lock.changed_from(seen.asked.lock)
    return all(have.get(name) == lock.versions[name] for name in changed)


def not_by_poetry(seen: Observation, environment: Environment) -> Outcome:
    """The failure where pip or uv installed dependencies, and no Poetry had a hand in it."""
    there = [name for name in seen.asked.direct if name in environment.distributions]
    by = {name: environment.distributions[name].installer for name in there}
    named = [name for name in there if by[name] in SILENT_INSTALLERS]
    what = "the dependencies" if named == there else " and ".join(named)
    verb = "was" if len(named) == 1 < len(there) else "were"
    who = " and ".join(sorted({by[name] for name in named}))
    image = seen.first.image
    paths = {row.path for row in image.environments} if image else set[str]()
    its_own = seen.answer.places.get(named[0], ()) if seen.answer else ()
    place = next((path for path in its_own if path in paths), environment.path)
    elsewhere = unused(seen, environment)
    beside = BESIDE if poetry_signed(seen, environment) else Help(_NEXT, _LET_POETRY)
    helped = UNUSED if elsewhere else beside
    have = environment.distributions[named[0]].version
    filled = {"unused": elsewhere, "used": place, "who": who, "name": named[0], "have": have}
    return failed(
        seen=f"{what} in {place} {verb} installed by {who}, not by Poetry"
        + (f"; the app does not use what Poetry installed in {elsewhere}" if elsewhere else ""),
        try_next=helped.try_next,
        hints=tuple(hint.format(**filled) for hint in helped.hints),
    )


def by_a_stranger(installer: str) -> Outcome:
    """The failure where the packages are signed by neither Poetry nor pip, or by nobody."""
    return failed(
        seen=f"“{installer or 'nothing'}” installed the dependencies, not Poetry",
        try_next=_NEXT,
        hints=_LET_POETRY,
    )
