"""What is installed is what the lock file says."""

from autograder.checks.app_environment import app_environments, missing_dependencies, third_party
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed


def dependencies_are_locked(seen: Observation) -> Outcome:
    """Every installed package has its locked version, though newer ones are on offer."""
    image = seen.first.image
    assert image is not None, "checks run on images that were built"
    environments = app_environments(seen, image)
    if not environments:
        return missing_dependencies(seen)
    for environment in environments:
        installed = third_party(seen, environment)
        other = [
            f"{name} {found.version} (the lock says {seen.asked.lock.versions[name]})"
            for name, found in sorted(installed.items())
            if found.version != seen.asked.lock.versions[name]
        ]
        if other:
            more = f" and {len(other) - 2} more" if len(other) > 2 else ""
            return failed(
                seen=f"installed: {', '.join(other[:2])}{more}",
                try_next="let the install step read poetry.lock: is it there before that step runs,"
                " unchanged?",
            )
    count = len(third_party(seen, environments[0]))
    return passed(seen=f"{count} packages have the versions of poetry.lock")
