"""Which environment of an image the app uses: shared by the checks that read packages."""

from collections.abc import Mapping

from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.observation import Observation


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that the app uses; empty when none holds what it needs.

    The running app says where it imports from, in order: what an earlier folder holds hides the
    same package in a later one. Where it does not run, those that hold most of what it needs count,
    so that one missing package does not hide how the others came.
    """
    answer = seen.answer
    told = answer.body.get("imports_from") if answer and answer.body else None
    by_path = {e.path: e for e in image.environments}
    used = [by_path[p] for p in dict.fromkeys(str(told or "").split(":")) if p in by_path]
    if used:
        return (_as_imported(used, seen.asked.needed),)
    held = {
        e.path: sum(n in e.distributions for n in seen.asked.needed) for e in image.environments
    }
    most = max(held.values(), default=0)
    return tuple(e for e in image.environments if most and held[e.path] == most)


def _as_imported(used: list[Environment], needed: tuple[str, ...]) -> Environment:
    """What Python finds in several folders, named after the first that holds what is needed."""
    rows: dict[str, Distribution] = {}
    for environment in reversed(used):
        rows |= environment.distributions
    holding = [e for e in used if any(name in e.distributions for name in needed)]
    return Environment((holding or used)[0].path, rows)


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}
