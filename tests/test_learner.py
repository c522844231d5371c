"""Where the learner stands: read from their folder, from the last verdict and from the hand-ins."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.learner import Standing, Verdict, note, standing

SLUG = "step-3-pin-and-split"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SLUG).mkdir()
    return tmp_path / SLUG


def test_who_has_no_dockerfile_has_not_begun(folder: Path, tmp_path: Path) -> None:
    nothing = Standing(begun=False, last=None, changed=False, handed_in=None)
    assert standing(folder, SLUG, [tmp_path / "none"]) == nothing
    assert standing(tmp_path / "none", SLUG, []) == nothing


def test_a_verdict_holds_until_the_dockerfile_changes(folder: Path) -> None:
    file = folder / "Dockerfile"
    file.write_bytes(b"FROM python:3.11\n")
    assert standing(folder, SLUG, []) == Standing(True, None, False, None)
    note(folder, file.read_bytes(), 7, built=True)
    stands = standing(folder, SLUG, [])
    assert stands.last == Verdict(7, True, stands.last.dockerfile if stands.last else "")
    assert not stands.changed
    file.write_bytes(b"FROM python:3.11-slim\n")
    assert standing(folder, SLUG, []).changed
    file.unlink()
    assert standing(folder, SLUG, []).changed


def test_a_dockerfile_in_small_letters_is_a_beginning(folder: Path) -> None:
    (folder / "dockerfile").write_bytes(b"FROM python:3.11\n")
    assert standing(folder, SLUG, []).begun


@pytest.mark.parametrize("text", ["", "7", "{}", '{"points": 3, "more": 1}'])
def test_a_record_that_cannot_be_read_is_none(folder: Path, text: str) -> None:
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints/last-check.json").write_text(text)
    assert standing(folder, SLUG, []).last is None


def test_a_verdict_that_cannot_be_written_stops_nobody(folder: Path) -> None:
    (folder / ".ipynb_checkpoints").write_text("a file of that name")
    note(folder, b"", 7, built=True)
    assert standing(folder, SLUG, []).last is None


def test_the_last_hand_in_of_the_learners_own_counts(folder: Path, tmp_path: Path) -> None:
    me = getpass.getuser()
    for name in (
        f"{me}+{SLUG}+2026-01-02 10:00:00.000000 UTC",
        f"{me}+{SLUG}+2026-01-03 10:00:00.000000 UTC+c2FsdA==",
        f"{me}+step-1-naive+2026-01-04 10:00:00.000000 UTC",
        f"other+{SLUG}+2026-01-05 10:00:00.000000 UTC",
        f"{me}+{SLUG}+yesterday",
        f"{me}+{SLUG}",
    ):
        (tmp_path / "inbound" / name).mkdir(parents=True)
    when = standing(folder, SLUG, [tmp_path / "none", tmp_path / "inbound"]).handed_in
    assert when == datetime(2026, 1, 3, 10, tzinfo=UTC)
