"""Every folder under tests/contexts is a hand-in with the verdict that it must get.

Those that say `soak` are left to `./course test --full`. The course's engine judges the others,
chosen by coverage: 44 of them took 99 % of the branches of the checks and their evidence that 110
took. The other engines and builders judge a sample that covers every kind of evidence.
"""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autograder.engine.find import answering
from autograder.engine.offer import Offer
from autograder.engine.own import compat_engines
from autograder.exercises import find_exercise
from autograder.facts.build import Builder
from autograder.grading import judge
from autograder.hand_in import read_hand_in
from autograder.ready import Ready, equip

Record = Callable[[str, object], None]
CONTEXTS = Path(__file__).parent / "contexts"
CASES = sorted(
    f"{path.parent.parent.name}/{path.parent.name}" for path in CONTEXTS.glob("*/*/verdict.toml")
)


def expected_of(case: str) -> dict[str, Any]:
    """What the folder's verdict.toml says: why, needs, soak, checks, told.

    told: for a check, words that the learner reads or is hinted at.
    """
    return tomllib.loads((CONTEXTS / case / "verdict.toml").read_text())


OTHERS: tuple[tuple[str, Builder], ...] = (
    ("docker-28.5", "buildkit"),
    ("docker-28.5-containerd", "buildkit"),
    ("debian-20.10", "buildkit"),
    ("debian-20.10", "classic"),
)
STEP_3 = "step-3-pin-and-split"
# Each of them is judged where it is likeliest to come out otherwise: how a builder tells of steps
# (classic, 20.10), how a store keeps files and their times (containerd), what is new (28.5).
SAMPLE = {
    f"{STEP_3}/reference": (0, 1, 2, 3),
    f"{STEP_3}/pinned-not-split": (1, 3),
    f"{STEP_3}/venv-from-builder": (0, 1, 2, 3),
    f"{STEP_3}/heredoc": (2, 3),
    f"{STEP_3}/bind-mounts": (2, 3),
    f"{STEP_3}/failing-step": (0, 1, 2, 3),
}
SOAK = pytest.mark.soak
JUDGED = [
    pytest.param(case, marks=SOAK if expected_of(case).get("soak", False) else ()) for case in CASES
]
EVERYWHERE = [
    # One worker for each engine, so that none is started twice.
    pytest.param(
        case,
        *other,
        marks=(
            pytest.mark.xdist_group(other[0]),
            *(() if number in SAMPLE.get(case, ()) else (SOAK,)),
        ),
    )
    for case in CASES
    for number, other in enumerate(OTHERS)
]


def assert_verdict(case: str, offer: Offer, engine: str, record: Record) -> None:
    """The hand-in gets the verdict that its folder states; both are recorded."""
    slug, offer = case.partition("/")[0], replace(offer, earlier=None)  # whatever was judged before
    expected = expected_of(case)
    hand_in = read_hand_in(CONTEXTS / case)
    features = hand_in.dockerfile.features()
    lacking = offer.engine.lacks(features, offer.builder)
    if lacking:
        assert lacking in expected.get("needs", []), "a need that the folder does not declare"
    want = dict.fromkeys(expected["checks"], "not_judged") if lacking else expected["checks"]
    record("engine", f"{engine}, {offer.builder}")
    record("expected", json.dumps(want))
    report = judge(find_exercise(slug), hand_in, offer)
    got = {row.id: row.outcome.state for row in report.rows}
    record("got", json.dumps(got))
    assert got == want, {row.id: (row.outcome.seen, row.outcome.try_next) for row in report.rows}
    for row in report.rows:
        assert row.outcome.seen
        assert bool(row.outcome.try_next) or row.outcome.state != "failed"
        told = (row.outcome.seen, row.outcome.try_next, *row.outcome.hints)
        assert lacking or expected.get("told", {}).get(row.id, "") in " ".join(told)


@pytest.mark.parametrize("case", CASES)
def test_what_it_needs_of_an_engine_is_declared(case: str) -> None:
    features = read_hand_in(CONTEXTS / case).dockerfile.features()
    assert set(features) == set(expected_of(case).get("needs", []))


@pytest.mark.engine
@pytest.mark.parametrize("case", JUDGED)
def test_verdict_on_the_course_engine(case: str, ready: Ready, record_property: Record) -> None:
    offer = ready.offer()
    assert_verdict(case, offer, f"docker {offer.engine.version}", record_property)


@pytest.fixture(scope="module")
def equipped() -> Callable[[str], Ready]:
    """Starts an engine of another version once; tests/conftest.py stops them all."""

    @cache
    def start(name: str) -> Ready:
        own = compat_engines()[name]
        own.start(print)
        found = answering(own.host, ours=True)
        assert found is not None
        return equip(found, own, print)

    return start


@pytest.mark.engine_matrix
@pytest.mark.parametrize(("case", "engine", "builder"), EVERYWHERE)
def test_verdict_on_another_engine(
    case: str,
    engine: str,
    builder: Builder,
    equipped: Callable[[str], Ready],
    record_property: Record,
) -> None:
    assert_verdict(case, equipped(engine).offer(builder=builder), engine, record_property)
