"""A gradebook that cannot be had is one clear line, without its password."""

from pathlib import Path

import pytest

from autograder.classroom.database import GradebookGone, answering, require_answer, short
from autograder.errors import BadInput


@pytest.mark.parametrize("url", ["", "nonsense", "nosuch://host/db", "postgresql://host:x/db"])
def test_what_is_no_database_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="is no database for a gradebook"):
        require_answer(url)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    url = f"postgresql://ada:s3cret@/grades?host={tmp_path}"
    with pytest.raises(GradebookGone) as error:
        require_answer(url)
    told = str(error.value)
    assert "ada:***@" in told
    assert "s3cret" not in told
    assert "No such file or directory" in told
    assert "--resume" in told
    assert "\n" not in told
    assert error.value.exit_code == 3


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").mkdir()
    with pytest.raises(GradebookGone, match="unable to open database file"):
        require_answer(f"sqlite:///{tmp_path}/gradebook.db")


def test_one_that_answers(tmp_path: Path) -> None:
    require_answer(f"sqlite:///{tmp_path}/gradebook.db")
    with pytest.raises(KeyError), answering("sqlite://"):
        raise KeyError


def test_what_a_disk_said_names_no_folder(tmp_path: Path) -> None:
    """It stands on a learner's page."""
    with pytest.raises(OSError, match=str(tmp_path)) as error:
        (tmp_path / "none").read_text()
    assert short(error.value) == "No such file or directory"
    assert short(OSError("no number")) == "no number"
