"""What hand-ins were rebuilt with is remembered, a bounded number of them, or forgotten."""

import json
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
    nonce, file = new_nonce(), tmp_path / "made" / "by-need.json"
    assert recall(file, given) is None
    remember(file, given, nonce)
    assert recall(file, given) == nonce
    assert recall(file, another(given, "a")) is None
    assert recall(file, replace(given, files={**given.files, "kiss/main.py": b""})) is None
    assert recall(None, given) is None
    remember(None, given, nonce)
    remember(file, given, later := new_nonce())
    assert recall(file, given) == later != nonce
    assert [*file.parent.iterdir()] == [file]


def test_the_latest_are_kept(given: Material, tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    hand_ins = [another(given, str(number)) for number in range(MOST_KEPT + 1)]
    for one in (*hand_ins[:-1], hand_ins[0], hand_ins[-1]):
        remember(file, one, new_nonce())
    kept = [recall(file, one) is not None for one in hand_ins]
    assert kept == [True, False] + [True] * (MOST_KEPT - 1)


@pytest.mark.parametrize("text", ["", "0123456789abcde\n", "g" * 16, "0" * 17, "é" * 16, None, 1])
def test_what_is_no_nonce_is_none(given: Material, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "kept.json"
    remember(file, given, new_nonce())
    (key,) = json.loads(file.read_text())
    file.write_text(json.dumps({key: text}))
    assert recall(file, given) is None


@pytest.mark.parametrize("text", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_file_that_holds_something_else_is_written_anew(
    given: Material, tmp_path: Path, text: bytes
) -> None:
    file = tmp_path / "kept.json"
    file.write_bytes(text)
    assert recall(file, given) is None
    remember(file, given, nonce := new_nonce())
    assert recall(file, given) == nonce


def test_what_cannot_be_kept_is_forgotten(given: Material, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "file" / "kept.json", tmp_path / "folder"):
        remember(place, given, new_nonce())
        assert recall(place, given) is None
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}
