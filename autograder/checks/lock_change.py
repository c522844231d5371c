"""A changed lock file reaches the image."""

from autograder.checks.app_environment import app_environments, missing_dependencies
from autograder.checks.unbuilt import unbuilt
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed


def lock_change_reinstalls(seen: Observation) -> Outcome:
    """Built with the course's second lock, the image holds that lock's versions."""
    built = seen.lock_changed
    assert built is not None, "only exercises with a second lock ask for this check"
    if built.image is None:
        return unbuilt(built.build, "with another poetry.lock, ")
    changed = seen.asked.second_lock.changed_from(seen.asked.lock)
    environments = app_environments(seen, built.image)
    if not environments:
        return missing_dependencies(seen)
    for environment in environments:
        for name in changed:
            found = environment.distributions.get(name)
            wanted = seen.asked.second_lock.versions[name]
            if found is None or found.version != wanted:
                have = found.version if found else "not installed"
                if found is None and name in seen.asked.direct:
                    hint = "which option of poetry install adds its group?"
                    return failed(seen=f"{name} is not installed at all", try_next=hint)
                return failed(
                    seen=f"poetry.lock was changed to {name} {wanted}, but the image has {have}",
                    try_next="copy poetry.lock before the step that installs the dependencies, and"
                    " let that step obey it",
                )
    names = ", ".join(f"{name} {seen.asked.second_lock.versions[name]}" for name in changed)
    return passed(seen=f"a changed poetry.lock was obeyed: the new image has {names}")
