"""`hint()` climbs with the learner, and says plainly when there is nothing to climb."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.cells import Build, build_exercise, building, hint, hints, require
from autograder.cells.message import CheckFailed, CheckNotJudged, NotBuilt
from autograder.outcome import Outcome, failed, not_judged, passed

Told = Callable[[], str]


def failure(word: str) -> Outcome:
    climb = (f"look at the {word}", f"the idea of the {word}", f"nearly the {word}")
    return failed(seen=f"{word}!", try_next="think", hints=climb)


BASE, LAYER = failure("base"), failure("layer")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_climb", hints._Climb())


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Asks for a hint; the one line that is printed, and nothing on stderr."""

    def ask() -> str:
        capsys.readouterr()
        hint()
        said = capsys.readouterr()
        assert said.err == ""
        return " ".join(said.out.split())

    return ask


def stop(outcome: Outcome) -> None:
    with pytest.raises(CheckFailed):
        require(outcome)


def build() -> None:
    hints.build_began()
    hints.build_succeeded()


def test_it_climbs_and_keeps_the_last(told: Told) -> None:
    stop(BASE)
    assert told() == "hint 1 of 3: look at the base"
    assert told() == "hint 2 of 3: the idea of the base"
    assert told() == "hint 3 of 3: nearly the base"
    for _ in range(2):
        assert told() == "there are no more hints for this. The last one was: nearly the base"


def test_another_failure_starts_at_the_first(told: Told) -> None:
    stop(BASE)
    told()
    stop(LAYER)
    assert told() == "hint 1 of 3: look at the layer"
    stop(BASE)
    assert told() == "hint 1 of 3: look at the base"


def test_the_same_failure_of_the_next_image_goes_on(told: Told) -> None:
    """What was seen may differ, such as the seconds of a step: the way to fail is the same."""
    stop(BASE)
    told()
    build()
    stop(failed(seen="other seconds", try_next="think", hints=BASE.hints))
    assert told() == "hint 2 of 3: the idea of the base"


def test_a_check_that_passes_does_not_hide_one_that_failed(told: Told) -> None:
    stop(BASE)
    require(passed(seen="well"))
    assert told() == "hint 1 of 3: look at the base"


def test_before_anything_failed(told: Told) -> None:
    assert told().startswith("nothing has failed yet: run the build cell")


def test_when_all_passed(told: Told) -> None:
    stop(BASE)
    build()
    assert told().startswith("nothing has failed yet")
    require(passed(seen="well"))
    assert told() == "nothing to hint at: what you have run since the last build has passed"


def test_when_it_was_not_judged(told: Told) -> None:
    stop(BASE)
    with pytest.raises(CheckNotJudged):
        require(not_judged(seen="the disk is full"))
    assert told().startswith("nothing to hint at: it was not judged")


def test_when_the_build_failed(told: Told) -> None:
    stop(BASE)
    hints.build_began()
    hints.judged(LAYER)
    assert told() == "hint 1 of 3: look at the layer"


def test_when_nothing_was_built(
    told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(building, "_latest", Build())
    stop(BASE)
    made = build_exercise("step-3-pin-and-split")
    assert isinstance(made.problem, NotBuilt)
    assert told() == "there is no image yet: the build cell says why"


def test_a_check_without_hints(told: Told) -> None:
    stop(failed(seen="no", try_next="think"))
    assert told().startswith("there are no hints for this check")


def test_lines_are_short_and_tracebacks_never_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop(failed(seen="no", try_next="think", hints=("word " * 50, "b", "c")))
    hint()
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
