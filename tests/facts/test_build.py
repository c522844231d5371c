"""A build, as the builder told it."""

from dataclasses import replace

from autograder.facts.build import BuildFacts, BuildFailure, BuildStep

STEP = BuildStep("RUN pip install poetry", "", cached=False, seconds=0.2, error="exit code: 1")
FAILURE = BuildFailure("step", "exit code: 1", STEP.name)
FACTS = BuildFacts("buildkit", (STEP,), 0.3, "tag", failure=FAILURE)


def test_a_step_that_ended_at_once_and_said_nothing_may_not_have_begun() -> None:
    assert FACTS.failed_unheard()
    told = replace(FAILURE, log=("runc run failed: container does not exist",))
    assert replace(FACTS, failure=told).failed_unheard()


def test_a_step_that_said_something_or_took_its_time_has() -> None:
    spoke = replace(FACTS, failure=replace(FAILURE, log=("no such package",)))
    slow = replace(FACTS, steps=(replace(STEP, seconds=9.0),))
    assert not spoke.failed_unheard()
    assert not slow.failed_unheard()


def test_nor_is_any_other_failure_one_to_try_again() -> None:
    for kind in ("dockerfile", "base", "network", "timeout", "serves", "disk", "filled"):
        assert not replace(FACTS, failure=replace(FAILURE, kind=kind)).failed_unheard()
    assert not replace(FACTS, failure=None, steps=(replace(STEP, error=""),)).failed_unheard()
