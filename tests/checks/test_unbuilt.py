"""A build without an image: what is the learner's to mend fails, what the course lacks does not."""

import pytest

from autograder.checks.unbuilt import OFFER, OTHER_RELEASE, unbuilt
from autograder.facts.build import BuildFacts, BuildFailure


def facts(kind: str, message: str = "m", *log: str) -> BuildFacts:
    failure = BuildFailure(kind, message, "RUN  a \\\n b", 3, log)  # type: ignore[arg-type]
    return BuildFacts("buildkit", (), 1.0, "t", None, failure)


@pytest.mark.parametrize(
    ("build", "seen", "try_next"),
    [
        (facts("step", "exit code 1", "x", "", " "), "succeed at RUN a \\ b: x", "mend this step"),
        (facts("step", "exit code 1"), "succeed at RUN a \\ b: exit code 1", "mend this step"),
        (facts("timeout", "stopped after 9 s"), "stopped after 9 s at RUN a", "a server belongs"),
        (facts("stage", "line 3 names a stage b"), "line 3 names a stage b", "behind AS"),
        (facts("below", "line 3 takes from b"), "line 3 takes from b", "the order of the two"),
    ],
)
def test_the_learner_can_mend_it(build: BuildFacts, seen: str, try_next: str) -> None:
    outcome = unbuilt(build)
    assert (outcome.state, outcome.line) == ("failed", 3)
    assert seen in outcome.seen
    assert try_next in outcome.try_next


@pytest.mark.parametrize(
    ("build", "seen", "try_next"),
    [
        (facts("base", "no such image"), "a base image cannot be had here: no such image", OFFER),
        (facts("network", "m", "Could not resolve"), "wanted more than the course offers", OFFER),
        (facts("index", "the index has no b==2"), "has no b==2 at RUN a \\ b", OTHER_RELEASE),
    ],
)
def test_the_course_does_not_offer_it(build: BuildFacts, seen: str, try_next: str) -> None:
    outcome = unbuilt(build)
    assert (outcome.state, outcome.line) == ("not_judged", None)
    assert seen in outcome.seen
    assert outcome.try_next == try_next


def test_which_build_it_was_is_said_first() -> None:
    assert unbuilt(facts("step"), "with another poetry.lock, ").seen.startswith(
        "with another poetry.lock, the build did not succeed"
    )


def test_a_message_without_end_is_cut() -> None:
    assert len(unbuilt(facts("step", "m", "x" * 10_000)).seen) < 400
