"""lock-change-reinstalls: catches and catches not."""

from collections.abc import Callable

from autograder.checks import lock_change_reinstalls
from autograder.facts.build import BuildFailure
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}


def test_catches_the_old_version(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    outcome = lock_change_reinstalls(observe(lock_changed=built(environment())))
    assert outcome.state == "failed"
    assert outcome.seen == ("poetry.lock was changed to gunicorn 22.0.0, but the image has 21.2.0")
    assert outcome.try_next.startswith("copy poetry.lock before the step that installs")


def test_catches_a_missing_group(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    without = {name: version for name, version in LOCK.items() if name != "gunicorn"}
    outcome = lock_change_reinstalls(observe(lock_changed=built(environment(without))))
    assert (outcome.state, outcome.seen) == ("failed", "gunicorn is not installed at all")
    assert outcome.try_next == "which option of poetry install adds its group?"


def test_catches_a_build_that_the_second_lock_breaks(observe: Observe, built: MakeBuilt) -> None:
    failure = BuildFailure("step", "exit code 1", "RUN poetry install", 5, ("no", "hash mismatch"))
    outcome = lock_change_reinstalls(observe(lock_changed=built(failure=failure)))
    assert (outcome.state, outcome.line) == ("failed", 5)
    assert outcome.seen == (
        "with another poetry.lock, the build did not succeed at RUN poetry install: hash mismatch"
    )
    assert outcome.try_next.startswith("fix this step first")


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = lock_change_reinstalls(observe(lock_changed=built()))
    assert outcome.state == "failed"
    assert "no Python environment" in outcome.seen
    assert outcome.try_next


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = lock_change_reinstalls(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == "a changed poetry.lock was obeyed: the new image has gunicorn 22.0.0"
