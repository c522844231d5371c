"""Which environment of an image the app uses: shared by the checks that read packages."""

from collections.abc import Mapping

from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that the app uses; empty when none holds what it needs.

    The running app says where it imports from. Where it does not run, those that hold most of its
    direct dependencies count, so that one missing package does not hide how the others came.
    """
    answer = seen.answer
    told = answer.body.get("imports_from") if answer and answer.body else None
    named = tuple(e for e in image.environments if e.path == told)
    if named:
        return named
    held = {
        e.path: sum(n in e.distributions for n in seen.asked.direct) for e in image.environments
    }
    most = max(held.values(), default=0)
    return tuple(e for e in image.environments if most and held[e.path] == most)


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}


def missing_dependencies(seen: Observation) -> Outcome:
    """The failure when no environment holds any of what the app needs."""
    return failed(
        seen=f"no Python environment in the image holds {', '.join(seen.asked.direct)}",
        try_next="look at which step should install the dependencies, and whether what it installs"
        " is kept in the image (a cache mount is not)",
    )
