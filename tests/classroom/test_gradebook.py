"""The one writer: what it writes is of that learner and that hand-in, and harms no other's."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder.classroom.converter import SafeAutograde
from autograder.classroom.gradebook import CHANGED, Writer
from autograder.classroom.submissions import handed_in, key_of
from autograder.errors import NotJudged
from autograder.hand_in import NBGRADER_FILES

from .course_folder import SLUG, gradebook, make_course, submit

EDITION = "1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    make_course(root)
    return root


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Path:
    root = tmp_path / "course"
    shutil.copytree(made, root)
    submit(root, {"ada": "FROM a\n"})
    return root


def write(root: Path, student: str, judged: str) -> float:
    """Write the verdict on what `judged` handed in for `student`."""
    key = key_of(handed_in(root / "submitted" / judged / SLUG, SLUG), EDITION)
    return Writer(root, SLUG, EDITION, None).write(student, key, {})


def safe_autograde(root: Path, submitted: str = "submitted") -> SafeAutograde:
    """What `nbgrader autograde` runs, with a judge that needs no engine."""
    config = PyFileConfigLoader("nbgrader_config.py", str(root)).load_config()
    config.CourseDirectory.submitted_directory = submitted
    course = CourseDirectory(config=config, assignment_id=SLUG)
    converter = SafeAutograde(coursedir=course, config=config)
    converter.judge = lambda *_: {}
    return converter


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["ada ", " ada", "ada  "])
def test_a_name_with_an_outer_blank_costs_nobody_their_notebook(course: Path, name: str) -> None:
    submit(course, {name: "FROM b\n"})
    write(course, "ada", "ada")
    there = files(course / "autograded")
    with pytest.raises(NotJudged, match="for another learner"):
        write(course, name, name)
    assert files(course / "autograded") == there
    assert set(gradebook(course)) == {"ada"}


def test_another_hand_in_than_was_judged_removes_nothing(course: Path) -> None:
    submit(course, {"bob": "FROM b\n"})
    write(course, "ada", "ada")
    there = files(course / "autograded")
    with pytest.raises(NotJudged) as error:
        write(course, "ada", "bob")
    assert str(error.value) == CHANGED
    assert files(course / "autograded") == there
    assert Writer(course, SLUG, EDITION, None).score("ada") == sum(
        gradebook(course)["ada"].values()
    )


@pytest.mark.parametrize("name", sorted(NBGRADER_FILES))
def test_no_folder_stands_where_nbgrader_has_a_file(course: Path, name: str) -> None:
    """It would stumble over that when the submission is graded again, and remove what is there."""
    submit(course, {"bob": "FROM b\n"})
    folder = course / "submitted" / "bob" / SLUG
    notebook = nbformat.read(folder / f"{SLUG}.ipynb", as_version=4)
    notebook.cells.append(new_code_cell(f"%%writefile {name}/x\nx\n"))
    nbformat.write(notebook, folder / f"{SLUG}.ipynb")
    assert write(course, "bob", "bob") > 0
    there = files(course / "autograded" / "bob" / SLUG)
    assert not [path for path in there if path.startswith(name)]
    safe_autograde(course).start()
    assert files(course / "autograded" / "bob" / SLUG) == there


@pytest.mark.parametrize(
    ("command", "folder"), [("autograde", "submitted"), ("generate_feedback", "autograded")]
)
def test_no_name_of_a_learners_moves_the_terminals_cursor(
    course: Path, command: str, folder: str
) -> None:
    hostile = "a\x1b]0;pwned\x07\x1b[2J\x9b2Jb"
    for student in ("ada", hostile):
        below = course / folder / student / SLUG
        below.mkdir(parents=True, exist_ok=True)
        (below / f"{SLUG}.ipynb").write_text("{")
    (course / folder / "ada" / SLUG / f"{hostile}.ipynb").write_text("{")
    run = [sys.executable, "-m", "nbgrader", command, SLUG]
    done = subprocess.run(run, cwd=course, capture_output=True, text=True, timeout=120)
    told = done.stdout + done.stderr
    assert "a\ufffd]0;pwned" in told
    assert not [c for c in told if not c.isprintable() and c != "\n"]


def test_other_notebooks_cost_the_gradebook_nothing(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nbgrader asks it for each: a hand-in of thousands held the one writer up for minutes."""
    folder = course / "submitted" / "ada" / SLUG
    for number in range(100):
        (folder / f"{number}.ipynb").touch()
    asked: list[str] = []
    find = Gradebook.find_notebook

    def found(book: Gradebook, name: str, assignment: str) -> object:
        asked.append(name)
        return find(book, name, assignment)

    monkeypatch.setattr(Gradebook, "find_notebook", found)
    write(course, "ada", "ada")
    assert set(asked) == {SLUG}
    assert not (course / "autograded" / "ada" / SLUG / "0.ipynb").exists()


def test_a_verdict_that_cannot_be_written_says_why(course: Path) -> None:
    """Be it that the submission is read no more when its turn comes."""
    (course / "submitted" / "ada" / SLUG / "timestamp.txt").write_text("never")
    with pytest.raises(NotJudged, match=r"timestamp\.txt holds no time"):
        write(course, "ada", "ada")


@pytest.mark.parametrize("link", [f"eve/{SLUG}", "eve"])
@pytest.mark.parametrize("collected", ["submitted", "handed in"])
def test_nbgrader_follows_no_link_to_a_submission(course: Path, link: str, collected: str) -> None:
    """Be the class's own folder another one, or a link as well."""
    (course / "submitted").rename(course / "disk")
    (course / collected).symlink_to("disk")
    at = course / collected / link
    at.parent.mkdir(exist_ok=True)
    at.symlink_to(Path("../ada", SLUG) if link.endswith(SLUG) else "ada")
    converter = safe_autograde(course, collected)
    with pytest.raises(NbGraderException):
        converter.start()
    assert "the submission's folder is a link" in str(converter.failure)
    assert set(gradebook(course)) == {"ada"}
