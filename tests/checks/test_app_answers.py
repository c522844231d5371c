"""app-answers: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import app_answers
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFailure
from autograder.facts.observation import Built, Observation

Observe = Callable[..., Observation]
RUN_IT = "run the image yourself and read what it prints: docker run --rm -p 8000:8000 IMAGE"


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (AppAnswer(500, None, 30.0), "GET / answered 500"),
        (
            AppAnswer(404, None, 30.0, logs="start\nboom\n"),
            "GET / answered 404; the container last printed: boom",
        ),
        (
            AppAnswer(None, None, 30.0, "Connection refused"),
            "nothing answered on port 8000: Connection refused",
        ),
        (
            AppAnswer(None, None, 2.0, "the container ended with exit code 1", "Error: x\n"),
            "nothing answered on port 8000: the container ended with exit code 1;"
            " the container last printed: Error: x",
        ),
    ],
)
def test_catches_silence_and_errors(observe: Observe, answer: AppAnswer, seen: str) -> None:
    outcome = app_answers(observe(answer=answer))
    assert (outcome.state, outcome.seen, outcome.try_next) == ("failed", seen, RUN_IT)


def test_what_the_container_printed_is_bounded_and_harmless(observe: Observe) -> None:
    answer = AppAnswer(None, None, 1.0, "it ended", "\x1b]0;owned\x07" + "x" * 5000)
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


@pytest.mark.parametrize("more", [{}, {"nonce": "old"}, {"nonce": "old", "imports_from": "/x"}])
def test_catches_an_answer_that_does_not_come_from_the_source(
    observe: Observe, more: dict[str, str]
) -> None:
    outcome = app_answers(observe(answer=AppAnswer(200, {"variant": "app", **more}, 1.0)))
    assert outcome.state == "failed"
    assert outcome.seen.startswith("after a source file changed, the rebuilt image still answered")
    assert outcome.try_next == "is the source that the image runs the one that COPY brings?"


def test_catches_a_rebuild_that_fails(observe: Observe, built: Callable[..., Built]) -> None:
    broken = built(failure=BuildFailure("step", "exit code: 1", "RUN false", 3))
    outcome = app_answers(observe(source_changed=broken, answer=None))
    assert (outcome.state, outcome.line) == ("failed", 3)
    assert outcome.seen.startswith("after a source file changed, the build did not succeed")


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = app_answers(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == "GET / answered 200 after 1.2 s"
