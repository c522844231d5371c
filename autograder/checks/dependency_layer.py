"""A change of the source does not install the dependencies again."""

from autograder.checks.app_environment import app_environments, missing_dependencies, third_party
from autograder.checks.unbuilt import unbuilt
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed


def dependency_layer_is_split(seen: Observation) -> Outcome:
    """After a source file changed, no step that installs third-party packages runs again.

    A package that the rebuild installed has a dist-info folder of its own time; one that came from
    the cache, or that a step found in place, has the one it had. (That it differs is not enough:
    where two builds run the same step at once, the cache keeps either.)
    """
    first, built = seen.first.image, seen.source_changed
    assert first is not None, "checks run on images that were built"
    assert built is not None, "the source was changed for this check"
    if built.image is None:
        return unbuilt(built.build, "after a source file changed, ")
    again = built.image
    before, after = app_environments(seen, first), app_environments(seen, again)
    if not before or not after:
        return missing_dependencies(seen)
    for environment in after:
        match = next((e for e in before if e.path == environment.path), before[0])
        old, new = third_party(seen, match), third_party(seen, environment)
        moved = sorted(
            name
            for name, found in new.items()
            if old.get(name) != found and found.modified_ns >= built.began_ns
        )
        if moved:
            return _installed_again(seen, moved, len(new))
    kept = len(third_party(seen, after[0]))
    return passed(seen=f"after one source file changed, all {kept} packages came from the cache")


def _installed_again(seen: Observation, moved: list[str], total: int) -> Outcome:
    assert seen.source_changed is not None
    ran = [s for s in seen.source_changed.build.steps if not s.cached and s.name.startswith("RUN ")]
    slowest = max(ran, key=lambda step: step.seconds, default=None)
    step = f": {_short(slowest.name)} ran again ({slowest.seconds:.1f} s)" if slowest else ""
    return failed(
        seen=f"after one source file changed, {len(moved)} of {total} packages were installed"
        f" again{step}",
        try_next="which files does the dependency install need? Copy only those before it, and the"
        " rest after it",
        line=slowest.line if slowest else None,
    )


def _short(name: str) -> str:
    flat = " ".join(name.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"
