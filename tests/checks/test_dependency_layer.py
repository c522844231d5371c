"""dependency-layer-split: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import dependency_layer_is_split
from autograder.facts.build import BuildFailure, BuildStep
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
NEW = 300
STEPS = (
    BuildStep("RUN pip install poetry==1.7.0", "", True, 0.0, 2),
    BuildStep("COPY . .", "", False, 9.0, 4),
    BuildStep("RUN poetry install --with prod", "", False, 7.25, 5),
    BuildStep("RUN echo done", "", False, 0.1, 6),
)
NEXT = "which files does the dependency install need? Copy only those before it"


def test_catches_packages_that_were_installed_again(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    again = built(environment(modified=NEW), steps=STEPS)
    outcome = dependency_layer_is_split(observe(source_changed=again))
    assert (outcome.state, outcome.line) == ("failed", 5)
    assert outcome.seen == (
        "after one source file changed, 4 of 4 packages were installed again:"
        " RUN poetry install --with prod ran again (7.2 s)"
    )
    assert outcome.try_next.startswith(NEXT)


def test_catches_one_package_of_many(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    kept, moved = environment(), environment({"click": "8.1.7"}, modified=NEW)
    mixed = Environment(kept.path, {**kept.distributions, **moved.distributions})
    outcome = dependency_layer_is_split(observe(source_changed=built(mixed)))
    assert (outcome.state, outcome.line) == ("failed", None)
    assert outcome.seen == "after one source file changed, 1 of 4 packages were installed again"
    assert outcome.try_next.startswith(NEXT)


@pytest.mark.parametrize(
    ("kind", "state", "seen"),
    [
        ("step", "failed", "after a source file changed, the build did not succeed at RUN a: no"),
        ("timeout", "failed", "after a source file changed, the build was stopped at RUN a"),
        ("network", "not_judged", "after a source file changed, a step wanted more than"),
        ("base", "not_judged", "after a source file changed, a base image cannot be had"),
    ],
)
def test_a_rebuild_that_fails(
    observe: Observe, built: MakeBuilt, kind: str, state: str, seen: str
) -> None:
    failure = BuildFailure(kind, "the build was stopped", "RUN a", 5, ("no",))  # type: ignore[arg-type]
    outcome = dependency_layer_is_split(observe(source_changed=built(failure=failure)))
    assert outcome.state == state
    assert outcome.seen.startswith(seen)
    assert outcome.try_next


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = dependency_layer_is_split(observe(first=built(), source_changed=built()))
    assert outcome.state == "failed"
    assert "no Python environment" in outcome.seen
    assert "which step should install" in outcome.try_next


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = dependency_layer_is_split(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == "after one source file changed, all 4 packages came from the cache"


def test_catches_not_what_the_lock_does_not_name(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """The app's own project is installed again, as it should be."""
    kept, own = environment(), environment({"app": "0.1.0"}, modified=NEW)
    mixed = Environment(kept.path, {**kept.distributions, **own.distributions})
    assert dependency_layer_is_split(observe(source_changed=built(mixed))).state == "passed"


def test_catches_not_a_step_that_ran_and_found_all_in_place(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    again = built(environment(), steps=STEPS)
    assert dependency_layer_is_split(observe(source_changed=again)).state == "passed"


def test_catches_not_what_another_build_left_in_the_cache(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Another time, but from before the rebuild: the cache had two of the same step."""
    again = built(environment(modified=150))
    assert dependency_layer_is_split(observe(source_changed=again)).state == "passed"
