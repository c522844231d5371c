"""Which environment of an image the app uses: shared by the checks that read packages."""

from collections.abc import Mapping

from autograder.facts.image import Distribution, Environment, ImageFacts, as_imported
from autograder.facts.observation import Observation


def app_environments(seen: Observation, image: ImageFacts) -> tuple[Environment, ...]:
    """The environments of an image that the app uses; empty when none holds what it needs.

    The running app says where it imports from. Where it does not run, those that hold most of what
    it needs count, so that one missing package does not hide how the others came; and where it
    imports from a folder that the image does not have, those in the versions that it imported.
    """
    imported = imported_from(seen, image)
    if imported:
        needed = any(name in imported.distributions for name in seen.asked.needed)
        return (imported,) if needed else ()
    first = seen.first.image.environments if seen.first.image else ()
    others = {e.path for e in first if not _could_be(seen, e)}
    there = [e for e in image.environments if e.path not in others]
    held = {e.path: sum(n in e.distributions for n in seen.asked.needed) for e in there}
    most = max(held.values(), default=0)
    return tuple(e for e in there if most and held[e.path] == most)


def imported_from(seen: Observation, image: ImageFacts) -> Environment | None:
    """What the running app finds in its folders as one environment; None where there is none."""
    answer = seen.answer
    if answer is None:
        return None
    folders, needed = answer.imports_from, seen.asked.needed
    return as_imported(image.environments, folders, needed, answer.places)


def _could_be(seen: Observation, environment: Environment) -> bool:
    """Whether the running app's packages may be copies of these: their versions are the same."""
    told = seen.answer.imported.items() if seen.answer else ()
    here = environment.distributions
    return all(here[n].version == told.version for n, told in told if n in here and told.version)


def third_party(seen: Observation, environment: Environment) -> Mapping[str, Distribution]:
    """The locked packages that an environment holds."""
    return {n: d for n, d in environment.distributions.items() if n in seen.asked.lock.versions}
