"""dependencies-locked: catches and catches not."""

from collections.abc import Callable

from autograder.checks import dependencies_are_locked
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
NEXT = "let the install step read poetry.lock: is it there before that step runs, unchanged?"


def test_catches_a_newer_version(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment({**LOCK, "gunicorn": "22.0.0"}))
    outcome = dependencies_are_locked(observe(first=first))
    assert outcome.state == "failed"
    assert outcome.seen == "installed: gunicorn 22.0.0 (the lock says 21.2.0)"
    assert outcome.try_next == NEXT


def test_catches_many_and_names_two(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    outcome = dependencies_are_locked(observe(first=built(environment(dict.fromkeys(LOCK, "9")))))
    assert outcome.seen == (
        "installed: click 9 (the lock says 8.1.7), fastapi 9 (the lock says 0.104.1) and 2 more"
    )
    assert outcome.try_next == NEXT


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = dependencies_are_locked(observe(first=built()))
    assert outcome.state == "failed"
    assert "no Python environment in the image holds" in outcome.seen
    assert "which step should install the dependencies" in outcome.try_next


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = dependencies_are_locked(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == "4 packages have the versions of poetry.lock"


def test_catches_not_what_the_lock_does_not_name(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment({**LOCK, "poetry": "1.7.0", "pip": "99"}))
    assert dependencies_are_locked(observe(first=first)).state == "passed"


def test_catches_not_a_locked_package_that_is_not_needed(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Such as colorama, which the lock names for Windows only."""
    without = {name: version for name, version in LOCK.items() if name != "click"}
    outcome = dependencies_are_locked(observe(first=built(environment(without))))
    assert outcome.seen == "3 packages have the versions of poetry.lock"
