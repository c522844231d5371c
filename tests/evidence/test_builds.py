"""The builds of one hand-in on an engine that fails as it is told to: who is to blame for that."""

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.engine.client import RUN_LABEL, Engine
from autograder.engine.offer import Offer
from autograder.engine.request import BuildRequest
from autograder.engine.room import Room
from autograder.errors import BadInput, EngineUnavailable, NoTimeLeft, NotJudged
from autograder.evidence import environments, observe
from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep
from autograder.facts.image import Distribution, Environment
from autograder.facts.observation import Evidence
from autograder.grading import judge, material
from autograder.hand_in import HandIn
from autograder.limits import LIMITS

STEP_1, STEP_3 = find_exercise("step-1-naive"), find_exercise("step-3-pin-and-split")
TEXT = b"FROM python:3.11\nRUN pip install poetry==1.7.0\nRUN poetry export | pip install -r -\n"
STEPS = (BuildStep("RUN pip install poetry==1.7.0", "0", False, 5.0, 2),)
FULL = BuildFailure("disk", "the disk is full", "RUN head", 3)
SLOW = BuildFailure("timeout", "the build was stopped after 600 s", "RUN sleep", 3)
PLENTY = Room(5 * 10**9, 500_000)


class Told(Engine):
    """Builds nothing: `ends` says how each build of a name ends, the last for all that follow."""

    version, own_platform = "26.1.5", "linux/amd64"

    def __init__(self, ends: dict[str, list[BuildFailure | None]], stuck: str = "") -> None:
        self.ends, self.stuck = ends, stuck
        self.built, self.removed = list[str](), list[str]()
        self.at_work, self.beside = set[str](), dict[str, set[str]]()
        self.seconds, self.takes = 0.0, dict[str, float]()
        self.labels = dict[str, dict[str, str]]()

    def build(self, request: BuildRequest) -> BuildFacts:
        which = request.tag.rpartition(":")[2]
        self.at_work.add(which)
        time.sleep(self.takes.get(which, self.seconds))
        self.beside[which] = self.at_work - {which}
        self.at_work.remove(which)
        self.built.append(which)
        self.labels[which] = dict(request.labels)
        ends = self.ends.get(which, [None])
        failure = ends.pop(0) if len(ends) > 1 else ends[0]
        image = None if failure else f"sha256:{which}"
        return BuildFacts("buildkit", STEPS, self.seconds, request.tag, image, failure)

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def layers(self, reference: str) -> Any:
        return (), 0

    def remove_image(self, reference: str) -> None:
        which = reference.rpartition(":")[2]
        if which == self.stuck:
            raise NotJudged(f"removing {reference} failed")
        self.removed.append(which)


@pytest.fixture(autouse=True)
def _looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image holds what pip installed; no app is asked."""
    rows = {name: Distribution(name, "1", "pip", 0, 0) for name in STEP_3.asked().direct}
    found = (Environment("/usr/lib", rows),)
    monkeypatch.setattr(observe, "read_environments", lambda _, tags, *__: [found for _ in tags])
    monkeypatch.setattr(observe, "answer_of", lambda *_: None)
    monkeypatch.setattr(observe, "in_helper", lambda *_, **__: ("1.7.0 export",))


def on(engine: Engine, room: Room | None = PLENTY) -> Offer:
    return Offer(engine, {}, for_many=False, room=(lambda: room) if room else None)


def observer(engine: Engine, *needs: Evidence, **more: Any) -> Observer:
    given = replace(material(STEP_3, HandIn({"Dockerfile": TEXT})), needs=frozenset(needs))
    return Observer(on(engine), given, **more)


def test_a_disk_that_a_rebuild_fills_twice_was_filled_by_the_hand_in() -> None:
    engine = Told({"source": [FULL]})
    by = observer(engine)
    seen = by.observe(by.first_build())
    assert seen.source_changed is not None
    failure = seen.source_changed.build.failure
    assert failure is not None
    assert failure.kind == "filled"
    assert "which had 5.0 GB" in failure.message
    assert engine.built.count("source") == 2


def test_a_rebuild_is_tried_again_alone() -> None:
    engine = Told({"source": [FULL, None]})
    engine.takes = {"source": 0.2, "noted": 0.6, "lock": 0.6}
    by = observer(engine, Evidence.LOCK_CHANGED, Evidence.POETRY_RUNS)
    seen = by.observe(by.first_build())
    assert seen.source_changed is not None
    assert seen.source_changed.build.succeeded
    assert engine.built.count("source") == 2
    assert engine.beside["source"] == set(), "of the second try"
    assert {"lock", "noted"} <= set(engine.built)


def test_nobody_begins_beside_who_is_alone() -> None:
    by, order = observer(Told({})), list[str]()
    begun = threading.Event()

    def another() -> None:
        begun.set()
        by.build("other", {})
        order.append("other")

    with by.turns.alone():
        thread = threading.Thread(target=another)
        thread.start()
        begun.wait()
        time.sleep(0.1)
        by.build("mine", {})
        order.append("mine")
    thread.join(5)
    assert order == ["mine", "other"]


def test_who_gives_up_waiting_to_be_alone_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a learner does who interrupts the build cell."""
    by = observer(Told({}))

    def interrupted(_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(by.turns._changed, "wait_for", interrupted)
    with pytest.raises(KeyboardInterrupt), by.turns.alone():
        pass
    monkeypatch.undo()
    thread = threading.Thread(target=by.build, args=("other", {}), daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()


NETWORK = BuildFailure("network", "Could not resolve host", "RUN", 3)
MISSED = ("ERROR: No matching distribution found for poetry==1.4.2",)


@pytest.mark.parametrize(
    "failure",
    [SLOW, NETWORK, BuildFailure("step", "exit code: 1", "RUN pip", 3, MISSED)],
    ids=lambda failure: failure.kind,
)
def test_where_no_notes_could_be_taken_nothing_is_judged(failure: BuildFailure) -> None:
    engine = Told({"noted": [failure]})
    by = observer(engine, Evidence.POETRY_RUNS)
    with pytest.raises(NotJudged, match="which Poetry ran could not be noted"):
        by.observe(by.first_build())
    assert engine.built.count("noted") == (2 if failure == SLOW else 1)


def test_notes_are_taken_at_the_second_try() -> None:
    by = observer(Told({"noted": [SLOW, None]}), Evidence.POETRY_RUNS)
    assert [run.version for run in by.observe(by.first_build()).poetry_runs or ()] == ["1.7.0"]


def test_a_hand_in_that_fills_the_disk_while_notes_are_taken_is_failed() -> None:
    report = judge(STEP_3, HandIn({"Dockerfile": TEXT}), on(Told({"noted": [FULL]})))
    assert {row.outcome.state for row in report.rows} == {"failed"}
    assert all("filled the disk" in row.outcome.seen for row in report.rows)


def test_the_time_of_all_builds_begins_with_the_first() -> None:
    """A first build that is slow takes of what the others have."""
    engine = Told({"first": [SLOW, None]})
    engine.seconds = 0.4
    by = observer(engine, in_all=0.7)
    seen = by.observe(by.first_build())
    assert seen.source_changed is not None
    failure = seen.source_changed.build.failure
    assert failure is not None
    assert failure.message == "all builds together were stopped after 1 s"
    assert engine.built == ["first", "first"]


def test_without_time_for_the_notes_the_hand_in_is_too_slow_and_not_unjudged() -> None:
    engine = Told({"noted": [SLOW]})
    engine.seconds = 0.4
    by = observer(engine, Evidence.POETRY_RUNS, in_all=0.7)
    first = by.observe(by.first_build()).first.build
    assert first.failure is not None
    assert first.failure.kind == "timeout"
    assert (first.failure.step, first.failure.line) == (STEPS[0].name, 2)


def test_an_engine_that_is_gone_is_nobodys_slowness(monkeypatch: pytest.MonkeyPatch) -> None:
    by = observer(Told({}), in_all=0.01)
    first = by.first_build()
    time.sleep(0.05)

    def gone(*_: object) -> None:
        raise EngineUnavailable("the Docker engine stopped answering")

    monkeypatch.setattr(observe, "read_environments", gone)
    with pytest.raises(EngineUnavailable):
        by.observe(first)


def test_an_engine_that_hangs_is_nobodys_slowness(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails when the time is up is not what the time was short for."""
    by = observer(Told({}), in_all=0.01)
    first = by.first_build()
    time.sleep(0.05)

    def hung(*_: object) -> None:
        raise NotJudged("reading the image failed: Read timed out.")

    monkeypatch.setattr(observe, "read_environments", hung)
    with pytest.raises(NotJudged, match="Read timed out"):
        by.observe(first)


@pytest.mark.parametrize("left", [-1.0, 60.0])
def test_a_look_that_was_cut_short_is_the_hand_ins_slowness_when_its_time_is_up(
    left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = observer(Told({}))
    first = by.first_build()

    def cut(*_: object) -> None:
        by.until = time.monotonic() + left
        raise NoTimeLeft("the image could not be read in 60 s")

    monkeypatch.setattr(observe, "read_environments", cut)
    if left > 0:
        with pytest.raises(NotJudged, match="in 60 s"):
            by.observe(first)
        return
    failure = by.observe(first).first.build.failure
    assert failure is not None
    assert failure.kind == "timeout"


@pytest.mark.parametrize(("kind", "error"), [("timeout", NoTimeLeft), ("step", NotJudged)])
def test_a_look_that_is_stopped_says_so(kind: Any, error: type[NotJudged]) -> None:
    failure = BuildFailure(kind, "the build was stopped after 60 s")
    engine = Told({"look": [failure]})
    with pytest.raises(NotJudged) as caught:
        environments.in_helper(engine, ["image"], "python:3.11", "run:look", "true")
    assert type(caught.value) is error
    assert engine.removed == ["look"]


def test_what_a_killed_check_looked_with_is_known_as_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the run's label it would stay for ever."""
    monkeypatch.undo()
    monkeypatch.setattr(observe, "answer_of", lambda *_: None)
    monkeypatch.setattr(Told, "architecture", lambda *_: "amd64")
    monkeypatch.setattr(Told, "on_build", lambda *_: False)
    engine = Told({})
    by = observer(engine)
    with pytest.raises(NotJudged, match="the helper printed nothing"):
        by.observe(by.first_build())
    assert engine.labels["first-look"] == {RUN_LABEL: by.run}
    assert engine.built.count("first-look") > 1, "the quick way, and the slow one"


def test_a_stage_that_time_was_short_for_is_the_hand_ins_slowness() -> None:
    text = b"FROM python:3.11 AS a\nRUN pip install fastapi\nFROM python:3.11\nCOPY --from=a / /\n"
    engine = Told({"end-0": [SLOW]})
    engine.takes = {"end-0": 0.8}
    given = replace(
        material(STEP_3, HandIn({"Dockerfile": text})), needs=frozenset({Evidence.STEPS_AGAIN})
    )
    by = Observer(on(engine), given, in_all=0.7)
    failure = by.observe(by.first_build()).first.build.failure
    assert failure is not None
    assert failure.message == "all builds together were stopped after 1 s"


def test_a_look_never_takes_longer_than_what_is_left_or_a_minute() -> None:
    by = observer(Told({}))
    assert by._to_look() == 120
    for left, least in ((100.0, 99), (-5.0, 60)):
        by.until = time.monotonic() + left
        assert least <= by._to_look() <= max(left, 60)


def test_a_cell_has_more_time_than_all_that_is_done_in_it() -> None:
    assert LIMITS.cell_seconds >= LIMITS.hand_in_seconds + 600


def test_an_image_that_cannot_be_removed_costs_no_verdict() -> None:
    bad = BuildFailure("step", "exit code: 1", "RUN false", 2)
    engine = Told({"first": [bad]}, stuck="first")
    report = judge(STEP_1, HandIn({"Dockerfile": TEXT}), on(engine))
    assert report.score == 0
    engine = Told({}, stuck="first")
    with observer(engine).images() as by:
        by.observe(by.first_build())
    assert engine.removed == ["source"]


def test_a_build_that_is_run_again_has_what_time_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = list[float]()

    def unheard(_: object, request: BuildRequest) -> BuildFacts:
        given.append(request.timeout)
        time.sleep(0.2)
        step = BuildStep("RUN a", "0", False, 0.1, 2, "exit code: 1")
        failure = BuildFailure("step", "exit code: 1", "RUN a", 2)
        return BuildFacts("buildkit", (step,), 0.2, request.tag, None, failure)

    monkeypatch.setattr("autograder.engine.buildkit.build", unheard)
    engine = Engine(SimpleNamespace(api=None))  # type: ignore[arg-type]
    request = BuildRequest({}, material(STEP_1, HandIn({"Dockerfile": TEXT})).dockerfile, "t")
    engine.build(replace(request, timeout=10))
    assert given[0] == 10
    assert 9 < given[1] <= 9.8
    engine.build(replace(request, timeout=0.1))
    assert given[2:] == [0.1]


def test_nothing_is_built_for_another_platform_or_judged() -> None:
    engine = Told({})
    text = b"FROM --platform=linux/arm64 python:3.11\nRUN true\n"
    report = judge(STEP_1, HandIn({"Dockerfile": text}), on(engine))
    assert {row.outcome.state for row in report.rows} == {"not_judged"}
    assert engine.built == []


@pytest.mark.parametrize(("flag", "state"), [("unpack", "not_judged"), ("unpacked", "bad input")])
def test_what_the_engine_lacks_is_not_judged(flag: str, state: str) -> None:
    text = f"FROM python:3.11\nADD --{flag}=true a.tar /\n".encode()
    unknown = BuildFailure("dockerfile", f"unknown flag: {flag}", line=2)
    offer = on(Told({"first": [unknown]}))
    if state == "bad input":
        with pytest.raises(BadInput, match="line 2: unknown flag: unpacked"):
            judge(STEP_1, HandIn({"Dockerfile": text}), offer)
        return
    report = judge(STEP_1, HandIn({"Dockerfile": text}), offer)
    for row in report.rows:
        assert row.outcome.state == "not_judged"
        assert "line 2 uses ADD --unpack, which the buildkit builder" in row.outcome.seen


def test_a_stage_that_fills_the_disk_when_it_is_looked_at_was_filled_by_the_hand_in() -> None:
    text = b"FROM python:3.11 AS a\nRUN pip install fastapi\nFROM python:3.11\nCOPY --from=a / /\n"
    engine = Told({"end-0": [FULL]})
    given = replace(
        material(STEP_3, HandIn({"Dockerfile": text})), needs=frozenset({Evidence.STEPS_AGAIN})
    )
    by = Observer(on(engine), given)
    first = by.observe(by.first_build()).first.build
    assert first.failure is not None
    assert first.failure.kind == "filled"
    assert engine.built.count("end-0") == 2
