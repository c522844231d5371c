"""lock-change-reinstalls: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import lock_change_reinstalls
from autograder.facts.build import BuildFailure
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation, PoetryRun

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


MOUNT = "RUN --mount=type=cache,target={} poetry install"
CHOSEN, KEPT = "take out the command that chooses", "keep no environment in a cache mount"
BESIDE = "which step installs something beside Poetry?"
COPIED, READ = "copy poetry.lock before", "let the install step read poetry.lock"


@pytest.mark.parametrize(
    ("step", "have", "next_", "line"),
    [
        ('RUN poetry add --group prod "gunicorn@~21.2"', "21.2.0", CHOSEN, 3),
        ("RUN poetry install\nRUN poetry update gunicorn", "23.0.0", CHOSEN, 4),
        ("RUN poetry lock && poetry update", "23.0.0", CHOSEN, 3),
        ("RUN poetry add gunicorn@latest", "26.2.0", CHOSEN, 3),
        ("RUN poetry lock && poetry install", "23.0.0", READ, 3),
        ("RUN poetry lock --no-update && poetry install", "21.2.0", COPIED, None),
        ("RUN poetry self add poetry-plugin-export", "21.2.0", COPIED, None),
        (MOUNT.format("/cache"), "21.2.0", KEPT, 3),
        (MOUNT.format("/cache"), "23.0.0", READ, None),
        (MOUNT.format("/root/.cache/pypoetry/artifacts"), "21.2.0", COPIED, None),
    ],
)
def test_the_line_that_chooses_the_version_is_named(
    observe: Observe,
    built: MakeBuilt,
    environment: MakeEnvironment,
    step: str,
    have: str,
    next_: str,
    line: int | None,
) -> None:
    changed = built(environment({**LOCK, "gunicorn": have}))
    text = f"FROM python:3.11\nCOPY poetry.lock pyproject.toml ./\n{step}\n"
    outcome = lock_change_reinstalls(observe(text, lock_changed=changed))
    assert outcome.try_next.startswith(next_)
    assert outcome.line == line
    assert f"line {line}" in outcome.hints[0] or next_ in (COPIED, READ)


@pytest.mark.parametrize(
    ("by", "have", "runs", "next_"),
    [
        ("pip", "26.2.0", (), BESIDE),
        ("uv", "26.2.0", (PoetryRun("1.7.0", "install"),), BESIDE),
        ("pip", "26.2.0", (PoetryRun("1.7.0", "export"),), READ),
        ("pip", "21.2.0", (), COPIED),
        ("Poetry 1.7.0", "23.0.0", (), READ),
    ],
)
def test_what_is_installed_beside_poetry_is_told_as_that(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment,
    by: str, have: str, runs: tuple[PoetryRun, ...], next_: str,
) -> None:  # fmt: skip
    changed = built(environment({**LOCK, "gunicorn": have}, by={"gunicorn": by}))
    outcome = lock_change_reinstalls(observe(lock_changed=changed, poetry_runs=runs))
    assert outcome.try_next.startswith(next_)
    if next_ == BESIDE:
        assert f"the step in which {by} installs" in outcome.hints[0]
        assert "gunicorn 26.2.0" in outcome.hints[0]


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
