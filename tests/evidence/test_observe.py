"""A hand-in is built as often as its exercise's checks ask for, and no more."""

import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checks.app_answers import app_answers
from autograder.checks.dependency_layer import dependency_layer_is_split
from autograder.engine.request import Progress
from autograder.errors import NotJudged
from autograder.evidence.earlier import new_nonce, recall, remember
from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.observation import Evidence, Observation
from autograder.grading import judge, material
from autograder.hand_in import read_hand_in
from autograder.ready import Ready

CONTEXTS = Path(__file__).parents[1] / "contexts"


@pytest.mark.engine
@pytest.mark.parametrize(
    ("case", "built"),
    [
        # Its install runs again after the source changed, and nobody asks what it did.
        ("step-1-naive/reference", {"first", "source"}),
        ("step-2-poetry/reference", {"first", "source"}),
        pytest.param(
            *("step-2-poetry/export-and-pip", {"first", "source", "noted", "lock"}),
            marks=pytest.mark.soak,
        ),
    ],
)
def test_only_what_the_checks_need_is_built(ready: Ready, case: str, built: set[str]) -> None:
    given = material(find_exercise(case.partition("/")[0]), read_hand_in(CONTEXTS / case))
    with Observer(replace(ready.offer(), earlier=None), given).images() as observer:
        seen = observer.observe(observer.first_build())
    assert seen.answer is not None
    assert observer.made == built


class WithEarlier(Observer):
    """Its engine builds nothing of what `fails` names."""

    fails = ""

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        if which == "earlier" == self.fails:
            raise NotJudged("the Docker engine lost a layer of its build cache")
        if which == self.fails:
            return BuildFacts("buildkit", (), 9.0, "", failure=BuildFailure("step", "exit code 1"))
        return super().build(which, files, progress, text)


@pytest.mark.engine
def test_the_app_of_an_earlier_rebuild_is_asked_meanwhile(ready: Ready, tmp_path: Path) -> None:
    """Once there is one: its nonce is known, and what became of its image is no matter."""
    given = material(
        find_exercise("step-1-naive"), read_hand_in(CONTEXTS / "step-1-naive/reference")
    )
    kept = tmp_path / "kept.json"
    offer = replace(ready.offer(), earlier=kept)

    def observed(fails: str = "") -> tuple[Observation, bool]:
        with WithEarlier(offer, given).images() as observer:
            observer.fails = fails
            seen = observer.observe(observer.first_build())
        return seen, "earlier" in observer.made

    first, asked = observed()
    assert (app_answers(first).state, asked) == ("passed", False)
    again, asked = observed()
    assert (app_answers(again).state, asked) == ("passed", True)
    assert again.nonce == first.nonce
    failed, asked = observed(fails="source")
    assert (failed.answer, asked) == (None, True)
    assert app_answers(failed).state == "failed"
    without, asked = observed(fails="earlier")
    assert (app_answers(without).state, asked) == ("passed", False)
    assert without.nonce != first.nonce
    assert recall(kept, given) == without.nonce
    remember(kept, given, gone := new_nonce())  # as of an image that the engine has dropped since
    anew, asked = observed()
    assert (app_answers(anew).state, anew.nonce, asked) == ("passed", gone, True)


@pytest.mark.engine
@pytest.mark.parametrize(
    "case",
    [
        "step-1-naive/answer-recorded-in-the-build",
        "step-1-naive/no-source",
        pytest.param("step-3-pin-and-split/copied-then-installed", marks=pytest.mark.soak),
    ],
)
def test_a_verdict_is_the_same_with_an_earlier_image(
    ready: Ready, tmp_path: Path, case: str
) -> None:
    offer = replace(ready.offer(), earlier=tmp_path / "kept.json")
    exercise, hand_in = find_exercise(case.partition("/")[0]), read_hand_in(CONTEXTS / case)
    once, twice, thrice = (judge(exercise, hand_in, offer) for _ in range(3))
    assert (tmp_path / "kept.json").exists()
    told = [[(row.id, row.outcome.state) for row in one.rows] for one in (once, twice, thrice)]
    expected = tomllib.loads((CONTEXTS / case / "verdict.toml").read_text())["checks"]
    assert told == [[*expected.items()]] * 3


class Slow(Observer):
    """Its engine is too busy for the first try of each build."""

    tried = frozenset[str]()

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        if which in self.tried:
            return super().build(which, files, progress, text)
        self.tried |= {which}
        return BuildFacts("buildkit", (), 9.0, "", failure=BuildFailure("timeout", "stopped"))


@pytest.mark.engine
def test_a_build_that_took_too_long_is_tried_once_more(ready: Ready) -> None:
    case = "step-3-pin-and-split/reference"
    exercise = find_exercise("step-3-pin-and-split")
    offer = replace(ready.offer(), earlier=None)
    with Slow(offer, material(exercise, read_hand_in(CONTEXTS / case))).images() as o:
        seen = o.observe(o.first_build())
    assert o.tried == {"first", "source", "lock"}
    built = (seen.first, seen.source_changed, seen.lock_changed)
    assert all(row and row.build.succeeded for row in built)


class Forgetful(Observer):
    """Its engine drops all cached steps before the first two rebuilds, and never again."""

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        if which not in ("source", "again"):
            return super().build(which, files, progress, text)
        offer = self.offer  # BuildKit's cache keys hold the names of the extra hosts
        hosts = {**offer.hosts, f"forgotten-{which}-{self.run}": "127.0.0.1"}
        self.offer = replace(offer, hosts=hosts)
        try:
            return super().build(which, files, progress, text)
        finally:
            self.offer = offer


@pytest.mark.engine
def test_a_cache_that_lost_a_step_twice_costs_no_points(ready: Ready) -> None:
    """The steps that run again every time copy the packages: they are judged, not the lost one."""
    case = "step-3-pin-and-split/copied-then-installed"
    exercise = find_exercise("step-3-pin-and-split")
    offer = replace(ready.offer(), earlier=None)
    with Forgetful(offer, material(exercise, read_hand_in(CONTEXTS / case))).images() as o:
        seen = o.observe(o.first_build())
    assert {"again", "once-more"} <= o.made
    assert dependency_layer_is_split(seen).state == "passed"


SLOW = """FROM python:3.11
WORKDIR /app
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY . .
# As a learner may have it who wants to hold a grader up: nothing is slow before the source changes.
RUN if grep -q X-Course kiss/main.py; then sleep 20; fi
CMD ["gunicorn", "kiss.main:app"]
"""


@pytest.mark.engine
def test_all_builds_together_have_an_end(ready: Ready, tmp_path: Path) -> None:
    """The rebuild and its second try come within a build's own limit, and not within that."""
    (tmp_path / "Dockerfile").write_text(SLOW)
    exercise = find_exercise("step-1-naive")
    given = material(exercise, read_hand_in(tmp_path))
    given = replace(given, needs=frozenset({Evidence.STEPS_AGAIN}))
    with Observer(ready.offer(), given).images() as observer:
        observer.first_build()  # so that the next one is quick
    with Observer(ready.offer(), given, in_all=12).images() as observer:
        first = observer.first_build()
        began = time.monotonic()
        seen = observer.observe(first)
    assert time.monotonic() - began < 40
    outcome = dependency_layer_is_split(seen)
    assert (outcome.state, outcome.line) == ("failed", 7)
    assert "all builds together were stopped after" in outcome.seen
