"""dependencies-locked: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import dependencies_are_locked
from autograder.facts.answer import AppAnswer
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation, PoetryRun

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
VENV = "/root/.cache/pypoetry/virtualenvs/app/lib/python3.11/site-packages"
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
    assert outcome.try_next.startswith("see what is left, at the end")


def test_the_environment_of_poetry_that_the_app_does_not_use_is_told(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    system = "/usr/local/lib/python3.11/site-packages"
    by_pip = environment({**LOCK, "gunicorn": "23.0.0"}, installer="pip", path=system)
    answer = AppAnswer(200, {"variant": "app"}, 1.0, nonce="n", imports_from=(system,))
    outcome = dependencies_are_locked(observe(first=built(by_pip, environment()), answer=answer))
    assert outcome.try_next.startswith("see in which environment CMD starts the app")
    assert f"{VENV}, and the app imports them from {system}" in outcome.hints[0]
    for others in (environment(by={"gunicorn": "pip"}), environment({"fastapi": "0.104.1"})):
        seen = observe(first=built(by_pip, others), answer=answer)
        assert dependencies_are_locked(seen).try_next.startswith("let ")
    unknown = observe(first=built(by_pip, environment()), answer=None)
    assert dependencies_are_locked(unknown).try_next.startswith("let ")


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


def relock(command: str) -> str:
    return f"FROM python:3.11\nRUN {command} && poetry install\nRUN pip install -U wheel\n"


@pytest.mark.parametrize(
    ("command", "poetry"),
    [
        ("poetry lock", "1.7.0"),
        ("poetry -n lock", "1.8.5"),
        ("poetry lock --regenerate", "2.1.3"),
        ("poetry lock --check && poetry update", "1.7.0"),
        ("poetry add 'gunicorn@^23'", "2.1.3"),
    ],
)
def test_a_lock_that_was_made_anew_is_the_line_to_look_at(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, command: str, poetry: str
) -> None:
    newer = {**LOCK, "click": "8.5.0"}
    first = built(environment(newer, installer=f"Poetry {poetry}"))
    outcome = dependencies_are_locked(observe(relock(command), first=first))
    assert outcome.line == 2
    assert outcome.hints[0] == "look at line 2: what does this command do to poetry.lock?"
    exported = (PoetryRun(poetry, "lock"), PoetryRun(poetry, "export"))
    first = built(environment(newer, installer="pip"))
    outcome = dependencies_are_locked(observe(relock(command), first=first, poetry_runs=exported))
    assert outcome.line == 2


@pytest.mark.parametrize(
    ("command", "poetry"),
    [
        ("poetry lock --check", "1.7.0"),
        ("poetry lock --no-update", "1.7.0"),
        ("poetry lock --no-interaction --no-update", "1.7.0"),
        ("poetry check --lock", "1.7.0"),
        ("poetry update --dry-run", "1.7.0"),
        ("poetry self lock", "1.7.0"),
        ("poetry lock", "2.0.0"),
        ("poetry lock -n", "2.1.3"),
    ],
)
def test_a_command_that_keeps_the_versions_is_not_blamed(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, command: str, poetry: str
) -> None:
    first = built(environment({**LOCK, "click": "8.5.0"}, installer=f"Poetry {poetry}"))
    outcome = dependencies_are_locked(observe(relock(command), first=first))
    assert (outcome.state, outcome.line) == ("failed", None)
    assert "is poetry.lock one of them?" in outcome.hints[0]


@pytest.mark.parametrize("command", ["poetry lock --check", "poetry lock"])
@pytest.mark.parametrize(
    "runs", [None, (PoetryRun("1.7.0", "lock"), PoetryRun("1.7.0", "install"))]
)
def test_what_pip_put_over_the_locked_version_is_put_down_to_pip(
    observe: Observe,
    built: MakeBuilt,
    environment: MakeEnvironment,
    command: str,
    runs: tuple[PoetryRun, ...] | None,
) -> None:
    mixed = environment({**LOCK, "click": "8.5.0"}, by={"click": "pip"})
    outcome = dependencies_are_locked(
        observe(relock(command), first=built(mixed), poetry_runs=runs)
    )
    assert (outcome.state, outcome.line) == ("failed", None)
    assert outcome.try_next.startswith("which step installs something beside Poetry?")
    assert outcome.hints[0].startswith("look for the step in which pip installs or upgrades")
    assert "click 8.5.0" in outcome.hints[0]


def test_pip_alone_reads_no_lock(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """The lock is made anew for nothing: pip takes what it is named."""
    first = built(environment({**LOCK, "click": "8.5.0"}, installer="pip"))
    seen = observe(relock("poetry lock"), first=first, poetry_runs=(PoetryRun("1.7.0", "lock"),))
    outcome = dependencies_are_locked(seen)
    assert (outcome.line, outcome.try_next) == (None, NEXT)
    assert outcome.hints[0] == "look at what tells pip which click to take: why 8.5.0?"
