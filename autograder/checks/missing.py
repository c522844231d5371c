"""The failure where nothing that the app needs is installed: shared by the checks of packages."""

import re
from dataclasses import dataclass

from autograder.checks.app_environment import imported_from
from autograder.checks.step_help import Help
from autograder.facts.dockerfile import Dockerfile, Instruction
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed

_COMMAND = re.compile(r"[^&;|\n]++")
_ITS_NAME = re.compile(r"\bpoetry\b")
_BY_POETRY = re.compile(r"\b(?:install|sync)\b")
_INSTALL = re.compile(r"\binstall\b")
_FROM_A_LIST = re.compile(r"""[\s"'](?:-r|--requirement)[\s"',=]*+\S""")
_TARGET = re.compile(r"(?:target|dst|destination)=([^,]+)")
# Where pip, Poetry, uv and apt keep what they downloaded: nothing that a container needs.
_DOWNLOADS = re.compile(r"pypoetry/(?:cache|artifacts)|/(?:pip|uv|apt)(?:/|$)")
# The step succeeds though the install did not, or goes on without it.
_UNHEARD = re.compile(r"\|\|\s*echo\b|(?:\|\||;)\s*(?:true\b|exit\s+0\b|:\s*$)|(?<!&)&\s*$")

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
_AT_START = Help(
    "move the install to a RUN step: what a container installs is lost with it",
    (
        "look at CMD and ENTRYPOINT: what do they do before the app runs? And of several"
        " CMD lines only the last counts",
        "what a container installs when it starts is lost with the container, and done again in the"
        " next: RUN installs into the image, once",
        "move the install from CMD or ENTRYPOINT to a RUN line; leave there only what starts the"
        " app",
    ),
)

_POETRY_NOWHERE = Help(
    "which step should install the dependencies? None does",
    (
        _WHICH_LINE,
        "an image holds what its RUN steps wrote; Poetry writes the packages that poetry.lock names"
        " when it is told to install, and it has to be in the image itself by then",
        "two RUN lines are needed: one in which pip installs Poetry (the version that the task"
        " names, if it names one), and, after a COPY of the files that Poetry reads, one with"
        " poetry install",
    ),
)
_POETRY_CACHED = Help(
    "see that what the install step installs is kept in the image: a cache mount is not",
    (
        _WHICH_MOUNT,
        "a cache mount is there while its step runs, and is no part of the image: what is installed"
        " below it is gone afterwards, and Poetry's virtual environments stand in its cache folder",
        "mount only the folders of downloads, /root/.cache/pypoetry/cache and"
        " /root/.cache/pypoetry/artifacts, or have Poetry make its environment elsewhere",
    ),
)
_POETRY_ELSEWHERE = Help(
    "bring what the earlier stage installed into the last one",
    (
        _WHICH_COPY,
        _LAST_STAGE,
        "have Poetry make the environment in the project's folder (POETRY_VIRTUALENVS_IN_PROJECT),"
        " and take that folder, .venv, into the last stage, to the same path",
    ),
)
_POETRY_LOST = Help(
    "see what is left, at the end, of what the install step installed",
    (
        _WHAT_IS_LEFT,
        "--dry-run, --only and --without leave packages out, and a step that removes a virtual"
        " environment, or Poetry's cache folder with it, takes them away again",
        "let the install take the main group and the group prod, and remove nothing from the folder"
        " that `poetry env info --path` prints",
    ),
)

_PIP_NOWHERE = Help(
    "which step should install the dependencies? None does",
    (
        _WHICH_LINE,
        "an image holds what its RUN steps wrote: the COPY that brings requirements.txt brings a"
        " list, and installs nothing of it",
        "one RUN line is missing, below that COPY: pip reads such a file when it is told to"
        " install, with the option -r and the file's name",
    ),
)
_PIP_CACHED = Help(
    "see that what the install step installs is kept in the image: a cache mount is not",
    (
        _WHICH_MOUNT,
        "a cache mount is there while its step runs, and is no part of the image: what is installed"
        " below it is gone afterwards",
        "mount only the folder of pip's downloads, /root/.cache/pip, and have pip install"
        " elsewhere",
    ),
)
_PIP_ELSEWHERE = Help(
    "bring what the earlier stage installed into the last one",
    (
        _WHICH_COPY,
        _LAST_STAGE,
        "install into a virtual environment (python -m venv and a folder), and take that folder"
        " into the last stage, to the same path",
    ),
)
_PIP_LOST = Help(
    "see what is left, at the end, of what the install step installed",
    (
        _WHAT_IS_LEFT,
        "--dry-run and pip download install nothing, and a step that removes a folder takes away"
        " what was installed in it",
        "let pip install into the Python, or the virtual environment, that CMD uses, and remove"
        " nothing of its folder site-packages",
    ),
)

_NOT_HEARD = Help(
    "let the build stop where the install fails, and read there what the install says",
    (
        "look at the end of the install step: what follows the install?",
        "a step succeeds when its last command does: after || true, or || echo,"
        " nobody hears that the install failed; and a command that ends in & is cut off when its"
        " step ends",
        "take that ending away: the step then waits for the install; and if the build stops there,"
        " what the install printed says why",
    ),
)


@dataclass(frozen=True)
class _Climbs:
    """What helps where the install step is missing, covered, in another stage, or in vain."""

    nowhere: Help
    cached: Help
    elsewhere: Help
    lost: Help


_POETRY = _Climbs(_POETRY_NOWHERE, _POETRY_CACHED, _POETRY_ELSEWHERE, _POETRY_LOST)
_PIP = _Climbs(_PIP_NOWHERE, _PIP_CACHED, _PIP_ELSEWHERE, _PIP_LOST)


def missing_dependencies(seen: Observation) -> Outcome:
    """The failure when no environment that the app uses holds any of what it needs."""
    image, direct = seen.first.image, seen.asked.direct
    used = imported_from(seen, image) if image else None
    runs = bool(seen.answer and seen.answer.imported)
    unused = runs if used is None else not any(name in used.distributions for name in direct)
    helped, line = _why_missing(seen.dockerfile, _POETRY if seen.asked.by_poetry else _PIP)
    return failed(
        seen=f"no {_NOT_USED if unused else _NOWHERE} {', '.join(direct)}",
        try_next=helped.try_next,
        line=line,
        hints=helped.hints,
    )


def _why_missing(dockerfile: Dockerfile, climbs: _Climbs) -> tuple[Help, int | None]:
    """What helps, by what the Dockerfile's install steps look like, and the line to look at."""
    stages = dockerfile.needed_stages()
    rows = [row for stage in stages for row in stage.instructions if installs_dependencies(row)]
    runs = [row for row in rows if row.keyword == "RUN"]
    if not runs:
        return (_AT_START, rows[0].line) if rows else (climbs.nowhere, None)
    for row in runs:
        if _UNHEARD.search(row.text, _end_of_install(row.text)):
            return _NOT_HEARD, row.line
        if mounts_over_installs(row):
            return climbs.cached, row.line
    here = any(row in stages[-1].instructions for row in runs)
    return climbs.lost if here else climbs.elsewhere, None


def mounts_over_installs(row: Instruction) -> bool:
    """Whether a step has a cache mount elsewhere than over a folder of downloads: for hints."""
    targets = (
        _TARGET.search(value)
        for name, value in row.flags
        if name == "mount" and "type=cache" in value
    )
    return any(target and not _DOWNLOADS.search(target[1]) for target in targets)


def installs_dependencies(row: Instruction) -> bool:
    """Whether an instruction looks like an install of the dependencies: for hints, no verdict."""
    return row.keyword in ("RUN", "CMD", "ENTRYPOINT") and _end_of_install(row.text) > 0


def _end_of_install(text: str) -> int:
    """Where the words end that install the dependencies, or 0 where there are none."""
    found = dict[int, int]()  # where they begin -> where they end
    for command in _COMMAND.finditer(text):
        if poetry := _ITS_NAME.search(text, *command.span()):
            ends = [m.end() for m in _BY_POETRY.finditer(text, poetry.end(), command.end())]
            if ends:
                found[poetry.start()] = ends[-1]
                break
    if install := _INSTALL.search(text):
        ends = [m.end() for m in _FROM_A_LIST.finditer(text, install.end())]
        if ends:
            found[install.start()] = ends[-1]
    return found[min(found)] if found else 0
