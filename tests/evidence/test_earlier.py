"""What hand-ins were rebuilt with is remembered, a bounded number of them, or forgotten."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.evidence.earlier import MOST_KEPT, new_nonce, recall, remember
from autograder.evidence.material import Material
from autograder.exercises import find_exercise
from autograder.grading import material
from autograder.hand_in import read_hand_in

REFERENCE = Path(__file__).parents[1] / "contexts" / "step-1-naive" / "reference"


@pytest.fixture
def given() -> Material:
    return material(find_exercise("step-1-naive"), read_hand_in(REFERENCE))


def another(given: Material, word: str) -> Material:
    """The same hand-in with another file of the learner's."""
    return replace(given, files={**given.files, "mine": word.encode()}, own=frozenset({"mine"}))


def test_a_hand_in_is_known_again_and_no_other_is(given: Material, tmp_path: Path) -> None:
    nonce, folder = new_nonce(), tmp_path / "made" / "by need"
    assert recall(folder, given) is None
    remember(folder, given, nonce)
    assert recall(folder, given) == nonce
    assert recall(folder, another(given, "a")) is None
    assert recall(None, given) is None
    remember(folder, given, later := new_nonce())
    assert recall(folder, given) == later != nonce


def test_the_latest_are_kept(given: Material, tmp_path: Path) -> None:
    hand_ins = [another(given, str(number)) for number in range(MOST_KEPT + 2)]
    for age, one in enumerate(reversed(hand_ins[:-1])):
        remember(tmp_path, one, new_nonce())
        os.utime(tmp_path / one.fingerprint, (1e9 - age, 1e9 - age))
    assert len([*tmp_path.iterdir()]) == MOST_KEPT
    remember(tmp_path, hand_ins[-1], nonce := new_nonce())
    assert len([*tmp_path.iterdir()]) == MOST_KEPT
    assert recall(tmp_path, hand_ins[-1]) == nonce


@pytest.mark.parametrize("text", ["", "0123456789abcde\n", "g" * 16, "0" * 17, "é" * 16])
def test_what_is_no_nonce_is_none(given: Material, tmp_path: Path, text: str) -> None:
    (tmp_path / given.fingerprint).write_text(text, encoding="latin-1")
    assert recall(tmp_path, given) is None


def test_what_cannot_be_kept_is_forgotten(given: Material, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remember(tmp_path / "file", given, new_nonce())
    assert recall(tmp_path / "file", given) is None
    (tmp_path / given.fingerprint).mkdir()
    remember(tmp_path, given, new_nonce())
    assert recall(tmp_path, given) is None
