"""`./course bench`: three roads with the smallest class, which come to the same scores."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.bench.synthetic import KINDS, SyntheticClass
from autograder.cli.bench import Asked, measure
from autograder.exercises import EXERCISES, find_exercise
from autograder.facts.dockerfile import parse
from autograder.ready import Ready

SLUG = "step-3-pin-and-split"


@pytest.mark.parametrize("slug", EXERCISES)
def test_distinct_hand_ins_share_no_layer(slug: str, tmp_path: Path) -> None:
    made = SyntheticClass(tmp_path, find_exercise(slug), 8)
    texts = [made.dockerfile(which) for which in range(8)]
    first = [text.split("FROM ", 1)[1].splitlines()[1] for text in texts]
    assert first == [f"ENV HAND_IN={which}" for which in range(8)]
    changed = [text.replace(f"ENV HAND_IN={n}\n", "") for n, text in enumerate(texts)]
    assert len(set(changed)) >= len(KINDS) - 1  # two kinds are right
    for text in texts:
        assert parse(text).stages


@pytest.mark.roundtrip
@pytest.mark.timeout(900)
def test_three_roads(tmp_path: Path, ready: Ready) -> None:
    found = measure(Asked(SLUG, 1, 1, workers=1, plain=True), tmp_path / "place", print)
    told = json.loads(json.dumps(asdict(found)))
    assert told["bare_build_seconds"] > 0
    assert told["over_bare"] == pytest.approx(told["course_seconds"] / told["bare_build_seconds"])
    assert told["speedup"] == pytest.approx(told["plain_seconds"] / told["course_seconds"])
    assert told["at_most"] == pytest.approx(told["plain_seconds"] / told["bare_build_seconds"])
    assert told["peak_rss_mb"] > 50
    assert [*told["grown"]] == ["2", "4"]
    course, plain = (scores(tmp_path / "place" / road) for road in ("course", "plain"))
    assert set(plain.values()) == {10.0}
    assert plain.items() < course.items()  # which has grown since


def scores(root: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{root}/gradebook.db", "container-course") as book:
        return {one.student_id: one.score for one in book.assignment_submissions(SLUG)}
