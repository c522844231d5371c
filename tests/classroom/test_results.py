"""What a batch keeps on disk survives a kill at any moment."""

import json
from pathlib import Path

import pytest

from autograder.classroom.results import Results, Verdict

GRADED = Verdict("graded", 1.5, {"app-answers": [{"output_type": "stream", "text": "passed"}]})


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "batch")


def test_a_verdict_comes_back_as_it_was(results: Results) -> None:
    results.keep("k", GRADED)
    assert results.verdict("k") == GRADED
    assert results.verdict("other") is None


def test_what_was_not_judged_is_judged_again(results: Results) -> None:
    results.keep("k", Verdict("not_judged", 1.0, {}, "the disk is full"))
    assert results.verdict("k") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "graded"}', '{"a": 1}', "7"])
def test_a_damaged_verdict_counts_for_nothing(results: Results, text: str) -> None:
    results.keep("k", GRADED)
    (results.folder / "k.json").write_text(text)
    assert results.verdict("k") is None


def test_a_verdict_that_is_half_written_is_not_there(results: Results) -> None:
    results.folder.mkdir()
    (results.folder / ".k.part").write_text(json.dumps({"state": "graded"})[:9])
    assert results.verdict("k") is None
    results.keep("k", GRADED)
    assert results.verdict("k") == GRADED


def test_the_last_record_of_a_learner_counts_and_a_cut_line_does_not(results: Results) -> None:
    results.keep("k", GRADED)
    for student, key in (("ada", "old"), ("bob", "k"), ("ada", "k")):
        results.record(student, key)
    with (results.folder / "recorded.jsonl").open("a") as file:
        file.write('["eve", "k')
    assert results.recorded() == {"ada": "k", "bob": "k"}


def test_a_new_batch_forgets_everything(results: Results) -> None:
    results.keep("k", GRADED)
    results.record("ada", "k")
    results.clear()
    assert (results.verdict("k"), results.recorded()) == (None, {})
    results.clear()
