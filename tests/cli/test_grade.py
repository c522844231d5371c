"""`./course grade` without an engine: bad input, the table, the CSV."""

import csv
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import places
from autograder.classroom.batch import Row, exit_code
from autograder.cli.grade import _console, _line, _summarise, write_sheet

Done = subprocess.CompletedProcess[str]
SLUG = "step-3-pin-and-split"
RIGHT = Row("ada", "graded", 10.0, 10, 3.5)
DEAD = Row("bob", "not_judged", None, 10, 1.0, "the disk is full")
CUT = Row("eve", "unreadable", None, 10, 0.0, "is not JSON")


@pytest.mark.parametrize(
    ("rows", "code"),
    [([RIGHT], 0), ([RIGHT, CUT], 1), ([RIGHT, DEAD], 3), ([CUT, DEAD, RIGHT], 3), ([], 0)],
)
def test_the_exit_code_is_that_of_the_worst(rows: list[Row], code: int) -> None:
    assert exit_code(rows) == code


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_of_the_sheet_is_a_formula(name: str, tmp_path: Path) -> None:
    write_sheet([Row(name, "unreadable", None, 10, 0.0, name)], tmp_path / "sheet.csv")
    header, row = csv.reader((tmp_path / "sheet.csv").open(newline=""))
    assert header == ["student", "state", "score", "max_score", "seconds", "reason"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row)
    assert row[2] == ""


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("before", ["", " ", "a;", 'a;"', "a; ", "a;;", "a\n"])
def test_no_formula_whatever_a_spreadsheet_takes_for_the_separator(
    tmp_path: Path, before: str, separator: str
) -> None:
    texts = [f"{before}{sign}1+1;b" for sign in SIGNS]
    rows = [Row(text, "unreadable", None, 10, 0.0, text) for text in texts]
    write_sheet(rows, tmp_path / "sheet.csv")
    read = csv.reader((tmp_path / "sheet.csv").open(newline=""), delimiter=separator)
    cells = [cell for row in read for cell in row]
    assert len(cells) > len(texts)
    assert not [cell for cell in cells if cell.lstrip(' "').startswith(tuple(SIGNS))]


def test_a_text_that_is_no_formula_stays_as_it_is(tmp_path: Path) -> None:
    text = "a-b=c; d is larger than 1 MB: hand in only what the build needs"
    write_sheet([Row("a-b@c", "unreadable", None, 10, 0.0, text)], tmp_path / "sheet.csv")
    (_, row) = csv.reader((tmp_path / "sheet.csv").open(newline=""))
    assert (row[0], row[-1]) == ("a-b@c", text)


def test_a_name_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = Row(":bomb:", "unreadable", None, 10, 0.0, "a :bomb: is missing")
    _summarise([row])
    _console(stderr=True).print(_line(row))
    told = capsys.readouterr()
    for text in (told.out, told.err):
        assert text.count(":bomb:") == 2


def test_the_sheet_has_tenths_of_seconds_and_the_very_score(tmp_path: Path) -> None:
    write_sheet([Row("a", "graded", 7.25, 10, 83.48133, "")], tmp_path / "sheet.csv")
    assert (tmp_path / "sheet.csv").read_text().splitlines()[1] == "a,graded,7.25,10,83.5,"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["step-9"], "there is no exercise 'step-9'"),
        ([SLUG], "is missing: run .venv/bin/nbgrader generate_assignment"),
    ],
)
def test_bad_input_is_one_line(
    course: Callable[..., Done],
    one_clear_line: Callable[[Done], str],
    tmp_path: Path,
    arguments: list[str],
    words: str,
) -> None:
    done = course("grade", *arguments, "--course", tmp_path)
    assert done.returncode == 2
    assert words in one_clear_line(done)


def test_a_class_of_nobody_is_one_line(
    course: Callable[..., Done], one_clear_line: Callable[[Done], str], tmp_path: Path
) -> None:
    (tmp_path / "release" / SLUG).mkdir(parents=True)
    (tmp_path / "release" / SLUG / f"{SLUG}.ipynb").write_text("{}")
    done = course("grade", SLUG, "--course", tmp_path)
    assert done.returncode == 2
    assert "run .venv/bin/nbgrader collect" in one_clear_line(done)


def test_a_gradebook_that_is_new_is_one_line(
    course: Callable[..., Done], one_clear_line: Callable[[Done], str], tmp_path: Path
) -> None:
    """As in a fresh clone, which has no gradebook and all of release/."""
    shutil.copytree(places.project() / "release" / SLUG, tmp_path / "release" / SLUG)
    shutil.copytree(places.project() / "release" / SLUG, tmp_path / "submitted" / "ada" / SLUG)
    shutil.copy(places.project() / "nbgrader_config.py", tmp_path)
    done = course("grade", SLUG, "--course", tmp_path)
    assert done.returncode == 2
    words = f"run .venv/bin/nbgrader generate_assignment {SLUG} --force"
    assert words in one_clear_line(done)
