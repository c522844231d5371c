"""Which environment of an image the app uses: shared by the checks that read packages."""

from collections.abc import Mapping

from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.observation import Observation


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that the app uses; empty when none holds what it needs.

    The running app says where it imports from. Where it does not run, those that hold most of what
    it needs count, so that one missing package does not hide how the others came.
    Python may import from several folders: what the first lacks is looked for in the others.
    """
    answer = seen.answer
    told = answer.body.get("imports_from") if answer and answer.body else None
    named = tuple(e for e in image.environments if e.path == told)
    if named:
        return tuple(_completed(e, image.environments, seen.asked.needed) for e in named)
    held = {
        e.path: sum(n in e.distributions for n in seen.asked.needed) for e in image.environments
    }
    most = max(held.values(), default=0)
    return tuple(e for e in image.environments if most and held[e.path] == most)


def _completed(
    environment: Environment, others: tuple[Environment, ...], needed: tuple[str, ...]
) -> Environment:
    """The environment, with what only others hold of what is needed, and its company."""
    lacking = [name for name in needed if name not in environment.distributions]
    rows: dict[str, Distribution] = {}
    for other in others:
        if any(name in other.distributions for name in lacking):
            rows |= other.distributions
    return Environment(environment.path, {**rows, **environment.distributions})


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}
