"""Which environment of an image the app uses: shared by the checks that read packages."""

from collections.abc import Mapping

from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that hold every direct dependency of the app.

    The running app says where it imports from; where it does not run, each environment that could
    be the app's counts, so that a check which demands something demands it of all of them.
    """
    answer = seen.answer_after_change
    if answer and answer.body and isinstance(answer.body.get("imports_from"), str):
        folder = str(answer.body["imports_from"])
        told = tuple(e for e in image.environments if e.path == folder)
        if told:
            return told
    return tuple(e for e in image.environments if e.holds(seen.asked.direct))


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}


def missing_dependencies(seen: Observation, image: ImageFacts) -> Outcome:
    """The failure when no environment holds what the app needs, saying what is missing."""
    best = max(
        image.environments,
        key=lambda e: sum(name in e.distributions for name in seen.asked.direct),
        default=Environment("", {}),
    )
    gone = [name for name in seen.asked.direct if name not in best.distributions]
    if set(gone) == {"gunicorn", "uvicorn"}:
        return failed(
            seen="fastapi is installed, but gunicorn and uvicorn are not",
            try_next="they are in the optional group prod: which option of poetry install adds it?",
        )
    return failed(
        seen=f"no Python environment in the image holds {', '.join(gone)}",
        try_next="look at which step should install the dependencies, and whether what it installs"
        " is kept in the image (a cache mount is not)",
    )
