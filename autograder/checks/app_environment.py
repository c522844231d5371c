"""Which environment of an image the app uses: shared by the checks that read packages."""

from collections.abc import Mapping

from autograder.facts.image import Distribution, Environment, ImageFacts, as_imported
from autograder.facts.observation import Observation


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that the app uses; empty when none holds what it needs.

    The running app says where it imports from. Where it does not run, those that hold most of what
    it needs count, so that one missing package does not hide how the others came.
    """
    folders = seen.answer.imports_from if seen.answer else ()
    imported = as_imported(image.environments, folders, seen.asked.needed)
    if imported:
        needed = any(name in imported.distributions for name in seen.asked.needed)
        return (imported,) if needed else ()
    held = {
        e.path: sum(n in e.distributions for n in seen.asked.needed) for e in image.environments
    }
    most = max(held.values(), default=0)
    return tuple(e for e in image.environments if most and held[e.path] == most)


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}
