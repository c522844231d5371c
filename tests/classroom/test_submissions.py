"""The submissions of a class: who is there, what is equal, what cannot be read."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.classroom.submissions import edition, handed_in, submissions
from autograder.errors import BadInput
from autograder.exercises import find_exercise
from autograder.hand_in import MOST_FILES

SLUG = "step-3-pin-and-split"


def submit(root: Path, student: str, source: str, **files: str) -> Path:
    folder = root / "submitted" / student / SLUG
    folder.mkdir(parents=True)
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (folder / f"{SLUG}.ipynb").write_text(json.dumps(notebook))
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_equal_hand_ins_have_equal_keys_however_they_came(tmp_path: Path) -> None:
    submit(tmp_path, "cell", "%%dockerfile\nFROM a\n")
    submit(tmp_path, "file", "# nothing", Dockerfile="FROM a\n")
    submit(tmp_path, "other", "%%dockerfile\nFROM b\n")
    keys = {one.student: one.key for one in submissions(tmp_path, SLUG, "1")}
    assert keys["cell"] == keys["file"] != keys["other"]
    assert len({one.key for one in submissions(tmp_path, SLUG, "2")} & set(keys.values())) == 0


def test_nothing_to_build_is_one_hand_in(tmp_path: Path) -> None:
    for student in ("a", "b"):
        submit(tmp_path, student, "%%dockerfile\n# YOUR CODE HERE\n")
    found = [*submissions(tmp_path, SLUG, "1")]
    assert all(isinstance(handed_in(one.folder, SLUG), BadInput) for one in found)
    assert len({one.key for one in found}) == 1


def test_what_is_refused_is_one_hand_in_wherever_it_stands(tmp_path: Path) -> None:
    """Its reason stands on the learner's page, and names no folder of the instructor's."""
    for student in ("a", "b"):
        folder = submit(tmp_path, student, "%%dockerfile\nFROM a\n")
        for number in range(MOST_FILES):
            (folder / str(number)).touch()
    found = [*submissions(tmp_path, SLUG, "1")]
    assert len({one.key for one in found}) == 1
    assert str(tmp_path) not in str(handed_in(found[0].folder, SLUG))


def test_a_disk_that_fails_names_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(folder: Path, *_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))

    submit(tmp_path, "ann", "%%dockerfile\nFROM a\n")
    monkeypatch.setattr("autograder.classroom.submissions.read_submission", fails)
    (one,) = submissions(tmp_path, SLUG, "1")
    assert (one.key, one.unreadable) == ("", "the folder cannot be read: Input/output error")


def test_one_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    (submit(tmp_path, "cut", "") / f"{SLUG}.ipynb").write_text('{"cells": [')
    submit(tmp_path, "whole", "%%dockerfile\nFROM a\n")
    cut, whole = submissions(tmp_path, SLUG, "1")
    assert (cut.student, cut.key) == ("cut", "")
    assert "is not JSON" in cut.unreadable
    assert (len(whole.key), whole.unreadable) == (64, "")


@pytest.mark.parametrize("link", [f"eve/{SLUG}", "eve"])
def test_a_folder_that_is_a_link_is_no_submission(tmp_path: Path, link: str) -> None:
    """Neither another learner's nor the instructor's, whichever of the two folders is the link."""
    ann = submit(tmp_path, "ann", "%%dockerfile\nFROM a\n")
    at = tmp_path / "submitted" / link
    at.parent.mkdir(exist_ok=True)
    at.symlink_to(ann if link.endswith(SLUG) else ann.parent)
    one, eve = submissions(tmp_path, SLUG, "1")
    assert (len(one.key), eve.student, eve.key) == (64, "eve", "")
    assert eve.unreadable == "the submission's folder is a link: put the files themselves there"


def test_the_class_may_be_reached_through_a_link(tmp_path: Path) -> None:
    submit(tmp_path / "disk", "ann", "%%dockerfile\nFROM a\n")
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "submitted").symlink_to(tmp_path / "disk" / "submitted")
    (one,) = submissions(tmp_path / "course", SLUG, "1")
    assert (len(one.key), one.unreadable) == (64, "")


TIME = "timestamp.txt"
NO_TIME = f"{TIME} holds no time"
NO_FILE = f"{TIME} is not a regular file of the submission, or too large"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"never", NO_TIME),
        (b"2026-13-01 00:00:00 UTC", NO_TIME),
        (b"0001-01-01 00:00:00 +99999999", NO_TIME),
        (b"\xff\xfe", NO_TIME),
        ("\ufeff2026-01-01 00:00:00 UTC".encode(), NO_TIME),  # as nbgrader has it
        (b"9" * 101, NO_TIME),
        (b" " * 1_000_001, NO_FILE),
    ],
)
def test_a_time_that_nbgrader_cannot_take(tmp_path: Path, data: bytes, words: str) -> None:
    """It is told before anything is built."""
    (submit(tmp_path, "ann", "%%dockerfile\nFROM a\n") / TIME).write_bytes(data)
    (one,) = submissions(tmp_path, SLUG, "1")
    assert (one.key, one.unreadable) == ("", words)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_time_that_is_no_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(submit(tmp_path, "ann", "%%dockerfile\nFROM a\n") / TIME)
    (one,) = submissions(tmp_path, SLUG, "1")
    assert (one.key, one.unreadable) == ("", NO_FILE)


@pytest.mark.parametrize(
    "text", ["", "\n", "2026-01-02 03:04:05.000000 UTC\n", "2026-01-02 03:04:05 +0200"]
)
def test_a_time(tmp_path: Path, text: str) -> None:
    (submit(tmp_path, "ann", "%%dockerfile\nFROM a\n") / TIME).write_text(text)
    (one,) = submissions(tmp_path, SLUG, "1")
    assert (len(one.key), one.unreadable) == (64, "")


def test_only_those_who_are_asked_for(tmp_path: Path) -> None:
    for student in ("a", "b", "c"):
        submit(tmp_path, student, "")
    assert [one.student for one in submissions(tmp_path, SLUG, "1", ["c", "a"])] == ["a", "c"]
    with pytest.raises(BadInput, match="was submitted by: d, e"):
        list(submissions(tmp_path, SLUG, "1", ["e", "a", "d"]))


def test_an_empty_class_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"run \.venv/bin/nbgrader collect"):
        list(submissions(tmp_path, SLUG, "1"))


def test_another_released_notebook_is_another_edition() -> None:
    exercise = find_exercise(SLUG)
    assert edition(exercise, b"1") == edition(exercise, b"1") != edition(exercise, b"2")
