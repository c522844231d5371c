"""A hand-in is built as often as its exercise's checks ask for, and no more."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checks.app_answers import app_answers
from autograder.checks.dependency_layer import dependency_layer_is_split
from autograder.engine.request import Progress
from autograder.evidence.earlier import new_nonce
from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.observation import Evidence
from autograder.grading import material
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


@pytest.mark.engine
def test_the_app_of_an_earlier_rebuild_is_asked_meanwhile(ready: Ready, tmp_path: Path) -> None:
    """Once there is one: its nonce is known, and whatever became of its image is no matter."""
    case = "step-1-naive/reference"
    given = material(find_exercise("step-1-naive"), read_hand_in(CONTEXTS / case))
    offer = replace(ready.offer(), earlier=tmp_path)

    def observed(kind: type[Observer] = Observer) -> tuple[str, bool]:
        with kind(offer, given).images() as observer:
            seen = observer.observe(observer.first_build())
        assert app_answers(seen).state == "passed"
        return seen.nonce, "earlier" in observer.made

    nonce, asked = observed()
    assert not asked
    assert observed() == (nonce, True)
    found, asked = observed(Refusing)
    assert found != nonce
    (kept,) = tmp_path.iterdir()
    assert kept.read_text() == found
    gone = new_nonce()  # as of an image that the engine has dropped since
    kept.write_text(gone)
    assert observed() == (gone, True)
    kept.write_text("garbage")
    assert observed()[1] is False


class Refusing(Observer):
    """Its engine fails to build what it built before."""

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        if which == "earlier":
            return BuildFacts("buildkit", (), 9.0, "", failure=BuildFailure("disk", "full"))
        return super().build(which, files, progress, text)


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
    """Its engine drops all cached steps before the first rebuild, and never again."""

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        text: str | None = None,
    ) -> BuildFacts:
        if which != "source":
            return super().build(which, files, progress, text)
        offer = self.offer  # BuildKit's cache keys hold the names of the extra hosts
        hosts = {**offer.hosts, f"forgotten-{self.run}": "127.0.0.1"}
        self.offer = replace(offer, hosts=hosts)
        try:
            return super().build(which, files, progress, text)
        finally:
            self.offer = offer


@pytest.mark.engine
def test_a_cache_that_lost_a_step_once_costs_no_points(ready: Ready) -> None:
    """The steps that run again every time copy the packages: they are judged, not the lost one."""
    case = "step-3-pin-and-split/copied-then-installed"
    exercise = find_exercise("step-3-pin-and-split")
    with Forgetful(ready.offer(), material(exercise, read_hand_in(CONTEXTS / case))).images() as o:
        seen = o.observe(o.first_build())
    assert "again" in o.made
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
