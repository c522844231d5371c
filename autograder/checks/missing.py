"""The failure where nothing that the app needs is installed: shared by the checks of packages."""

import re
from dataclasses import dataclass

from autograder.checks.app_environment import imported_from
from autograder.facts.dockerfile import Dockerfile, Instruction
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed

_INSTALL = re.compile(r"\bpoetry\b[^&;|\n]*\b(?:install|sync)\b|\binstall\b.*\s-r\s*\S", re.S)

_NOT_USED = "folder that the app imports from records an install of"
_NOWHERE = "Python environment in the image holds"
_WHICH_LINE = (
    "look for the step that should install the dependencies: which line of the Dockerfile is it?"
)
_WHICH_MOUNT = "look at the cache mount of the install step: which folder does it cover?"
_WHICH_COPY = (
    "look at the last stage: which line brings the packages that an earlier stage installed?"
)
_LAST_STAGE = (
    "the image is the last stage alone; of the others it has what COPY --from takes, and a virtual"
    " environment works only at the path where it was made"
)
_WHAT_IS_LEFT = (
    "look at the options of the install step, and at the steps below it: what is left of what it"
    " installed?"
)
_AT_START = (
    "look at CMD and ENTRYPOINT: what do they do before the app runs?",
    "what a container installs when it starts is lost with the container, and done again in the"
    " next: RUN installs into the image, once",
    "move the install from CMD or ENTRYPOINT to a RUN line; leave there only what starts the app",
)

_POETRY_NOWHERE = (
    _WHICH_LINE,
    "an image holds what its RUN steps wrote; Poetry writes the packages that poetry.lock names"
    " when it is told to install, and it has to be in the image itself by then",
    "two RUN lines are needed: one in which pip installs Poetry (the version that the task names,"
    " if it names one), and, after a COPY of the files that Poetry reads, one with poetry install",
)
_POETRY_CACHED = (
    _WHICH_MOUNT,
    "a cache mount is there while its step runs, and is no part of the image: what is installed"
    " below it is gone afterwards, and Poetry's virtual environments stand in its cache folder",
    "mount only the folders of downloads, /root/.cache/pypoetry/cache and"
    " /root/.cache/pypoetry/artifacts, or have Poetry make its environment elsewhere",
)
_POETRY_ELSEWHERE = (
    _WHICH_COPY,
    _LAST_STAGE,
    "have Poetry make the environment in the project's folder (POETRY_VIRTUALENVS_IN_PROJECT), and"
    " take that folder, .venv, into the last stage, to the same path",
)
_POETRY_LOST = (
    _WHAT_IS_LEFT,
    "--dry-run, --only and --without leave packages out, and a step that removes a virtual"
    " environment, or Poetry's cache folder with it, takes them away again",
    "let the install take the main group and the group prod, and remove nothing from the folder"
    " that `poetry env info --path` prints",
)

_PIP_NOWHERE = (
    _WHICH_LINE,
    "an image holds what its RUN steps wrote: the COPY that brings requirements.txt brings a list,"
    " and installs nothing of it",
    "one RUN line is missing, below that COPY: pip reads such a file when it is told to install,"
    " with the option -r and the file's name",
)
_PIP_CACHED = (
    _WHICH_MOUNT,
    "a cache mount is there while its step runs, and is no part of the image: what is installed"
    " below it is gone afterwards",
    "mount only the folder of pip's downloads, /root/.cache/pip, and have pip install elsewhere",
)
_PIP_ELSEWHERE = (
    _WHICH_COPY,
    _LAST_STAGE,
    "install into a virtual environment (python -m venv and a folder), and take that folder into"
    " the last stage, to the same path",
)
_PIP_LOST = (
    _WHAT_IS_LEFT,
    "--dry-run and pip download install nothing, and a step that removes a folder takes away what"
    " was installed in it",
    "let pip install into the Python, or the virtual environment, that CMD uses, and remove nothing"
    " of its folder site-packages",
)


@dataclass(frozen=True)
class _Climbs:
    """What helps where the install step is missing, covered, in another stage, or in vain."""

    nowhere: tuple[str, ...]
    cached: tuple[str, ...]
    elsewhere: tuple[str, ...]
    lost: tuple[str, ...]


_POETRY = _Climbs(_POETRY_NOWHERE, _POETRY_CACHED, _POETRY_ELSEWHERE, _POETRY_LOST)
_PIP = _Climbs(_PIP_NOWHERE, _PIP_CACHED, _PIP_ELSEWHERE, _PIP_LOST)


def missing_dependencies(seen: Observation) -> Outcome:
    """The failure when no environment that the app uses holds any of what it needs."""
    image, direct = seen.first.image, seen.asked.direct
    used = imported_from(seen, image) if image else None
    runs = bool(seen.answer and seen.answer.imported)
    unused = runs if used is None else not any(name in used.distributions for name in direct)
    return failed(
        seen=f"no {_NOT_USED if unused else _NOWHERE} {', '.join(direct)}",
        try_next="look at which step should install the dependencies, and whether what it installs"
        " is kept in the image (a cache mount is not)",
        hints=_why_missing(seen.dockerfile, _POETRY if seen.asked.by_poetry else _PIP),
    )


def _why_missing(dockerfile: Dockerfile, climbs: _Climbs) -> tuple[str, ...]:
    """What helps, by what the Dockerfile's install steps look like."""
    stages = dockerfile.needed_stages()
    rows = [row for stage in stages for row in stage.instructions if installs_dependencies(row)]
    runs = [row for row in rows if row.keyword == "RUN"]
    if not runs:
        return _AT_START if rows else climbs.nowhere
    if any(name == "mount" and "type=cache" in value for row in runs for name, value in row.flags):
        return climbs.cached
    here = any(row in stages[-1].instructions for row in runs)
    return climbs.lost if here else climbs.elsewhere


def installs_dependencies(row: Instruction) -> bool:
    """Whether an instruction looks like an install of the dependencies: for hints, no verdict."""
    text = " ".join((row.value, *row.heredocs))
    return row.keyword in ("RUN", "CMD", "ENTRYPOINT") and bool(_INSTALL.search(text))
