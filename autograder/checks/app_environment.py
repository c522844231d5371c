"""Which environment of an image the app uses: shared by the checks that read packages."""

import re
from collections.abc import Mapping

from autograder.facts.dockerfile import Dockerfile, Instruction
from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed

_INSTALL = re.compile(r"\bpoetry\b[^&;|\n]*\b(?:install|sync)\b|\binstall\b.*\s-r\s*\S", re.S)

_NOWHERE = (
    "look for the step that should install the dependencies: which line of the Dockerfile is it?",
    "an image holds what its RUN steps wrote; Poetry writes the packages that poetry.lock names"
    " when it is told to install, and it has to be in the image itself by then",
    "two RUN lines are missing: one in which pip installs the Poetry that the task names, and,"
    " after a COPY of the files that Poetry reads, one with poetry install",
)
_AT_START = (
    "look at CMD and ENTRYPOINT: what do they do before the app runs?",
    "what a container installs when it starts is lost with the container, and done again in the"
    " next: RUN installs into the image, once",
    "move the install from CMD or ENTRYPOINT to a RUN line; leave there only what starts the app",
)
_CACHED = (
    "look at the cache mount of the install step: which folder does it cover?",
    "a cache mount is there while its step runs, and is no part of the image: what is installed"
    " below it is gone afterwards, and Poetry's virtual environments stand in its cache folder",
    "mount only the folders of downloads, /root/.cache/pypoetry/cache and"
    " /root/.cache/pypoetry/artifacts, or have Poetry make its environment elsewhere",
)
_ELSEWHERE = (
    "look at the last stage: which line brings the packages that an earlier stage installed?",
    "the image is the last stage alone; of the others it has what COPY --from takes, and a virtual"
    " environment works only at the path where it was made",
    "have Poetry make the environment in the project's folder (POETRY_VIRTUALENVS_IN_PROJECT), and"
    " take that folder, .venv, into the last stage, to the same path",
)
_LOST = (
    "look at the options of the install step, and at the steps below it: what is left of what it"
    " installed?",
    "--dry-run, --only and --without leave packages out, and a step that removes a virtual"
    " environment, or Poetry's cache folder with it, takes them away again",
    "let the install take the main group and the group prod, and remove nothing from the folder"
    " that `poetry env info --path` prints",
)


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that the app uses; empty when none holds what it needs.

    The running app says where it imports from. Where it does not run, those that hold most of its
    direct dependencies count, so that one missing package does not hide how the others came.
    Python may import from several folders: what the first lacks is looked for in the others.
    """
    answer = seen.answer
    told = answer.body.get("imports_from") if answer and answer.body else None
    named = tuple(e for e in image.environments if e.path == told)
    if named:
        return tuple(_completed(e, image.environments, seen.asked.direct) for e in named)
    held = {
        e.path: sum(n in e.distributions for n in seen.asked.direct) for e in image.environments
    }
    most = max(held.values(), default=0)
    return tuple(e for e in image.environments if most and held[e.path] == most)


def _completed(
    environment: Environment, others: tuple[Environment, ...], direct: tuple[str, ...]
) -> Environment:
    """The environment, with what only others hold of the direct dependencies and their company."""
    lacking = [name for name in direct if name not in environment.distributions]
    rows: dict[str, Distribution] = {}
    for other in others:
        if any(name in other.distributions for name in lacking):
            rows |= other.distributions
    return Environment(environment.path, {**rows, **environment.distributions})


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}


def missing_dependencies(seen: Observation) -> Outcome:
    """The failure when no environment holds any of what the app needs."""
    return failed(
        seen=f"no Python environment in the image holds {', '.join(seen.asked.direct)}",
        try_next="look at which step should install the dependencies, and whether what it installs"
        " is kept in the image (a cache mount is not)",
        hints=_why_missing(seen.dockerfile),
    )


def _why_missing(dockerfile: Dockerfile) -> tuple[str, ...]:
    """What helps, by what the Dockerfile's install steps look like."""
    stages = dockerfile.needed_stages()
    rows = [row for stage in stages for row in stage.instructions if installs_dependencies(row)]
    runs = [row for row in rows if row.keyword == "RUN"]
    if not runs:
        return _AT_START if rows else _NOWHERE
    if any(name == "mount" and "type=cache" in value for row in runs for name, value in row.flags):
        return _CACHED
    return _LOST if any(row in stages[-1].instructions for row in runs) else _ELSEWHERE


def installs_dependencies(row: Instruction) -> bool:
    """Whether an instruction looks like an install of the dependencies: for hints, no verdict."""
    text = " ".join((row.value, *row.heredocs))
    return row.keyword in ("RUN", "CMD", "ENTRYPOINT") and bool(_INSTALL.search(text))
