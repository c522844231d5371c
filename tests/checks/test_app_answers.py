"""app-answers: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import app_answers
from autograder.checks.missing import missing_dependencies
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFailure
from autograder.facts.image import Environment
from autograder.facts.lock import Lock
from autograder.facts.observation import Asked, Built, Observation

MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
Observe = Callable[..., Observation]
RUN_IT = (
    "build and run it yourself, and read what it prints: `docker build -t my-app .` and then"
    " `docker run --rm -p 8000:8000 my-app`"
)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (AppAnswer(500, None, 30.0), "GET / answered 500"),
        (
            AppAnswer(404, None, 30.0, logs="start\nboom\n"),
            "GET / answered 404; the container printed: boom",
        ),
        (
            AppAnswer(None, None, 30.0, "Connection refused"),
            "nothing answered on port 8000: Connection refused",
        ),
        (
            AppAnswer(None, None, 2.0, "the container ended with exit code 1", "Error: x\n"),
            "nothing answered on port 8000: the container ended with exit code 1;"
            " the container printed: Error: x",
        ),
    ],
)
def test_catches_silence_and_errors(observe: Observe, answer: AppAnswer, seen: str) -> None:
    outcome = app_answers(observe(answer=answer))
    assert (outcome.state, outcome.seen) == ("failed", seen)
    deaf = "see where the server listens: other containers have to reach it, at port 8000"
    assert outcome.try_next == (deaf if "refused" in seen else RUN_IT)


def test_what_the_container_printed_is_bounded_and_harmless(observe: Observe) -> None:
    answer = AppAnswer(None, None, 1.0, "the container ended", "\x1b]0;owned\x07" + "x" * 5000)
    outcome = app_answers(observe(answer=answer))
    assert outcome.seen.isprintable()
    assert len(outcome.seen) < 400
    assert outcome.try_next == RUN_IT


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "something that is not JSON"),
        ({"variant": "naive"}, "{'variant': 'naive'}"),
        ({"variant": "app", "more": 1}, "{'variant': 'app', 'more': 1}"),
        ({}, "{}"),
        ({"x": "y" * 500}, "yyyy…"),
    ],
)
def test_catches_another_app(observe: Observe, body: dict[str, object] | None, told: str) -> None:
    outcome = app_answers(observe(answer=AppAnswer(200, body, 1.0)))
    assert outcome.state == "failed"
    assert told in outcome.seen
    assert outcome.seen.endswith(", not {'variant': 'app'}")
    assert outcome.try_next == "start the app that the course gives, app.main:app"


@pytest.mark.parametrize("nonce", ["", "old"])
def test_catches_an_answer_that_does_not_come_from_the_source(observe: Observe, nonce: str) -> None:
    answer = AppAnswer(200, {"variant": "app"}, 1.0, nonce=nonce, imports_from=("/x",))
    outcome = app_answers(observe(answer=answer))
    assert outcome.state == "failed"
    assert outcome.seen.startswith("after a source file changed, the rebuilt image still answered")
    assert outcome.try_next == "is the source that the image runs the one that COPY brings?"


def test_catches_a_rebuild_that_fails(observe: Observe, built: Callable[..., Built]) -> None:
    broken = built(failure=BuildFailure("step", "exit code: 1", "RUN false", 3))
    outcome = app_answers(observe(source_changed=broken, answer=None))
    assert (outcome.state, outcome.line) == ("failed", 3)
    assert outcome.seen.startswith("after a source file changed, the build did not succeed")


NO_PROGRAM = 'exec: "gunicorn": executable file not found in $PATH'


@pytest.mark.parametrize(
    ("problem", "logs"),
    [
        (NO_PROGRAM, ""),
        ('exec: "/app/.venv/bin/gunicorn": stat /app/.venv/bin/gunicorn: no such file', ""),
        ("the container ended", "/usr/local/bin/python: No module named gunicorn"),
        ("the container ended", "Command not found: gunicorn"),
        ("the container ended", "sh: 1: gunicorn: not found"),
        ("the container ended", "start.sh: line 2: gunicorn: command not found"),
    ],
)
def test_a_program_that_is_installed_nowhere_is_named_before_any_path(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, problem: str, logs: str
) -> None:
    answer = AppAnswer(None, None, 1.0, problem, logs)
    first = built(environment({"fastapi": "0.104.1", "click": "8.1.7"}))
    hints = app_answers(observe(answer=answer, first=first)).hints
    assert hints[0].startswith("gunicorn is installed nowhere in the image: in which group")
    assert "marked optional" in hints[1]
    assert "--with" in hints[2]
    lock = Lock({"gunicorn": "21.2.0"}, "requirements.txt")
    asked = Asked("app", "app", ("fastapi", "gunicorn"), lock, lock)
    hints = app_answers(observe(answer=answer, first=first, asked=asked)).hints
    assert hints[0].startswith("gunicorn is installed nowhere in the image: which step")
    assert "requirements.txt" in hints[1]


def test_where_nothing_is_installed_the_install_step_is_asked_for(
    observe: Observe, built: MakeBuilt
) -> None:
    seen = observe(answer=AppAnswer(None, None, 0.0, NO_PROGRAM), first=built())
    assert app_answers(seen).hints == missing_dependencies(seen).hints


def test_a_program_that_some_environment_has_is_a_matter_of_paths(observe: Observe) -> None:
    hints = app_answers(observe(answer=AppAnswer(None, None, 0.0, NO_PROGRAM))).hints
    assert "folders of PATH" in hints[1]


def test_what_is_not_installed_and_not_asked_for_is_not_named(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Another server runs the app, and says so."""
    first = built(environment({"fastapi": "0.104.1", "uvicorn": "0.24.0"}))
    logs = "reading gunicorn.conf.py\nNo module named api"
    hints = app_answers(
        observe(answer=AppAnswer(None, None, 1.0, "ended", logs), first=first)
    ).hints
    assert "the module that the message names" in hints[0]


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = app_answers(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == "GET / answered 200 after 1.2 s"


@pytest.mark.parametrize(
    ("problem", "logs"),
    [
        ('the container could not start: exec: "make": executable file not found in $PATH', ""),
        ("the container ended with exit code 127", "/start.sh: line 3: curl: command not found"),
    ],
)
def test_a_program_that_only_the_stand_in_lacks(observe: Observe, problem: str, logs: str) -> None:
    answer = AppAnswer(None, None, 1.0, problem, logs)
    told = app_answers(observe("FROM python:3.11 AS a\nFROM a\nCMD x\n", answer=answer))
    assert told.state == "not_judged"
    assert "; what stands in for it here has only Python" in told.seen
    for base in ("python:3.11-slim", "scratch"):
        assert app_answers(observe(f"FROM {base}\nCMD x\n", answer=answer)).state == "failed"
    answered = AppAnswer(500, None, 1.0, problem, logs)
    assert app_answers(observe("FROM python:3.11\nCMD x\n", answer=answered)).state == "failed"
