"""A clock that is set while a hand-in is judged."""

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from autograder.engine.offer import Offer
from autograder.errors import NotJudged
from autograder.evidence.clock import Clock
from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.facts.build import BuildFacts
from autograder.grading import material
from autograder.hand_in import HandIn


def test_an_even_clock_is_steady() -> None:
    assert Clock(time.time_ns).is_steady()


def test_a_clock_that_is_set_is_not() -> None:
    for jump in (-3600, -2, 2, 86_400):
        set_by = [0]
        clock = Clock(lambda told=set_by: time.time_ns() + told[0] * 10**9)
        set_by[0] = jump
        assert not clock.is_steady(), jump


class SetTimes(Observer):
    """Looks at nothing; somebody sets the engine's clock while it looks, as often as told."""

    def __init__(self, times: int) -> None:
        self.looked, self.times, self.ahead = 0, times, 0
        engine = SimpleNamespace(
            now_ns=lambda: time.time_ns() - self.ahead, own_platform="linux/amd64"
        )
        given = material(find_exercise("step-1-naive"), HandIn({"Dockerfile": b"FROM a\n"}))
        super().__init__(Offer(cast("Any", engine), {}), given)

    def _observed(self, first: Any) -> Any:
        self.looked += 1
        self.ahead += 3600 * 10**9 if self.looked <= self.times else 0
        return f"seen {self.looked}"


def test_what_a_set_clock_spoilt_is_looked_at_again() -> None:
    first = BuildFacts("buildkit", (), 1.0, "")
    assert [str(SetTimes(times).observe(first)) for times in (0, 1)] == ["seen 1", "seen 2"]
    with pytest.raises(NotJudged, match="the clock was set"):
        SetTimes(2).observe(first)
