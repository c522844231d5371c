"""The table of exercises: its points, its files, and what is observed for it."""

import re

import pytest

from autograder.exercises import EXERCISES, Exercise
from autograder.facts.observation import Evidence

every = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
POINTS = {
    "step-1-naive": [2, 4, 4],
    "step-2-poetry": [1, 3, 3, 3],
    "step-3-pin-and-split": [1, 2, 2, 3, 1, 1],
}


def test_the_points_are_those_of_the_design() -> None:
    assert {s: [c.points for c in e.criteria] for s, e in EXERCISES.items()} == POINTS


@every
def test_an_exercise_is_worth_10_points(exercise: Exercise) -> None:
    assert exercise.max_score == 10


@every
def test_every_file_of_the_folder_is_accounted_for(exercise: Exercise) -> None:
    """A file that is forgotten here would reach no hand-in, or be taken for a leftover."""
    ours = {*exercise.app_files, *exercise.kept_back, f"{exercise.slug}.ipynb"}
    left = re.compile(r"(^|/)(Dockerfile|__pycache__|\.ipynb_checkpoints)")
    there = {p.relative_to(exercise.folder).as_posix() for p in exercise.folder.rglob("*.*")}
    assert {path for path in there if not left.search(path)} == ours


@every
def test_the_app_answers_with_its_variant(exercise: Exercise) -> None:
    asked = exercise.asked()
    assert f'"variant": "{asked.variant}"' in exercise.app()[exercise.source_file].decode()
    assert set(asked.direct) <= set(asked.lock.versions)


def test_the_variants_differ() -> None:
    """What one step's app answers never passes for another's."""
    assert len({exercise.variant for exercise in EXERCISES.values()}) == len(EXERCISES)


def test_only_what_a_check_looks_at_is_gathered() -> None:
    assert EXERCISES["step-1-naive"].needs == set()
    assert EXERCISES["step-2-poetry"].needs == {Evidence.POETRY_RUNS}
    assert EXERCISES["step-3-pin-and-split"].needs == set(Evidence)


def test_a_second_lock_is_kept_back_or_is_the_first() -> None:
    for exercise in EXERCISES.values():
        assert exercise.second_lock == (*exercise.kept_back, exercise.lock)[0]
        assert not {*exercise.kept_back} & {*exercise.app_files}
