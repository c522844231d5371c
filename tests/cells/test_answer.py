"""The `%%dockerfile` cell writes the file, points at mistakes, and never loses other work."""

from pathlib import Path

import pytest

from autograder.cells import answer
from autograder.cells.answer import dockerfile
from autograder.cells.message import CellMessage, FileRefused

FILE = Path("Dockerfile")
CELL = 'FROM python:3.11\nCMD ["python"]\n'
OTHER = "FROM python:3.11-slim\n"
STUB = "# YOUR CODE HERE"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def shown(error: CellMessage) -> str:
    return "\n".join(error._render_traceback_())


def test_it_writes_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    dockerfile("", CELL.rstrip("\n"))
    assert FILE.read_text() == CELL
    told = capsys.readouterr()
    assert told.out == "Dockerfile written.\n"
    assert told.err == ""


def test_running_it_again_with_another_text_is_no_conflict() -> None:
    dockerfile("", CELL)
    dockerfile("", OTHER)
    assert FILE.read_text() == OTHER


def test_what_it_wrote_is_known_after_the_kernel_started_anew() -> None:
    dockerfile("", CELL)
    assert Path(".ipynb_checkpoints", "Dockerfile-cell.json").is_file()
    assert [p.name for p in Path().iterdir() if p.is_file()] == ["Dockerfile"]


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_was_changed_elsewhere_is_kept_and_the_difference_shown(known: bool) -> None:
    if known:
        dockerfile("", CELL)
    FILE.write_text(OTHER)
    with pytest.raises(FileRefused) as error:
        dockerfile("", CELL)
    assert FILE.read_text() == OTHER
    assert "-FROM python:3.11-slim" in shown(error.value)
    assert "+FROM python:3.11" in shown(error.value)
    assert "%%dockerfile --replace" in shown(error.value)
    assert answer.refusal() == (
        "Dockerfile was changed outside this cell, so it was not overwritten."
    )
    FILE.write_text("FROM python:3.11-bookworm\n")
    assert answer.refusal() is None


def test_replace_overwrites_once_the_difference_was_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    FILE.write_text(OTHER)
    with pytest.raises(FileRefused):
        dockerfile("--replace", CELL)
    assert FILE.read_text() == OTHER
    dockerfile("--replace", CELL)
    assert FILE.read_text() == CELL
    assert capsys.readouterr().out == "Dockerfile replaced.\n"
    assert answer.refusal() is None


def test_replace_that_was_left_in_the_cell_does_not_overwrite_the_next_change() -> None:
    FILE.write_text(OTHER)
    with pytest.raises(FileRefused):
        dockerfile("", CELL)
    dockerfile("--replace", CELL)
    FILE.write_text("FROM python:3.11-bookworm\n")
    with pytest.raises(FileRefused):
        dockerfile("--replace", CELL)
    assert FILE.read_text() == "FROM python:3.11-bookworm\n"


@pytest.mark.parametrize("stub", [STUB, "", "\n# still thinking\n"])
def test_an_untouched_cell_leaves_the_file_alone(
    stub: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dockerfile("", stub)
    assert not FILE.exists()
    FILE.write_text(OTHER)
    dockerfile("", stub)
    assert FILE.read_text() == OTHER
    assert "stays as it is" in capsys.readouterr().out


def test_the_same_text_in_an_editor_tab_is_no_conflict() -> None:
    FILE.write_text(CELL)
    dockerfile("", CELL)
    dockerfile("", OTHER)
    assert FILE.read_text() == OTHER


def test_in_grading_the_cell_is_the_hand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    FILE.write_text(OTHER)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    dockerfile("", CELL)
    assert FILE.read_text() == CELL
    dockerfile("", STUB)
    assert FILE.read_text() == CELL


def test_it_points_at_a_line_that_cannot_be_parsed() -> None:
    with pytest.raises(CellMessage) as error:
        dockerfile("", "FROM python:3.11\nRUNN pip install poetry\n")
    assert FILE.exists()
    said = shown(error.value)
    assert "Dockerfile line 2: RUNN is not a Dockerfile instruction" in said
    assert "→   2  RUNN pip install poetry" in said
    assert "Traceback" not in said


def test_another_argument_is_refused() -> None:
    with pytest.raises(FileRefused, match="--replace; it got: -f Dockerfile"):
        dockerfile("-f Dockerfile", CELL)
    assert not FILE.exists()


def test_a_folder_of_that_name_is_told_in_one_line() -> None:
    FILE.mkdir()
    with pytest.raises(FileRefused, match=r"Dockerfile cannot be written: Is a directory"):
        dockerfile("", CELL)
    assert answer.refusal()
