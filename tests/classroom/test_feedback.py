"""Where a learner's page is put, and that nbgrader can release it whatever was handed in."""

import shutil
from pathlib import Path

import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeReleaseFeedback
from traitlets.config import Config

from autograder.classroom.feedback import Pages

SLUG = "step-3-pin-and-split"
SECRET, TIME = "submission_secret.txt", "timestamp.txt"
# What stands in for the two files by which nbgrader releases a page; None for no file.
HANDED_IN: dict[str, tuple[bytes | None, bytes | None]] = {
    "ada": (b"s3cret", b"2026-01-01 10:00:00.000000 UTC"),
    "bob": (None, None),
    "cyd": (b"\xff\xfe", b"\xff"),
    "dan": (b"", b"<script>1</script>"),
    "eve <b>": (b"x" * 2_000_000, b"y" * 2_000_000),
}


@pytest.fixture
def course(tmp_path: Path) -> CourseDirectory:
    config = Config()
    config.CourseDirectory.root = str(tmp_path / "course")
    config.CourseDirectory.course_id = "container-course"
    config.Exchange.root = str(tmp_path / "exchange")
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange").chmod(0o777)
    for student, files in HANDED_IN.items():
        folder = tmp_path / "course" / "submitted" / student / SLUG
        folder.mkdir(parents=True)
        for name, data in zip((SECRET, TIME), files, strict=True):
            if data is not None:
                (folder / name).write_bytes(data)
    return CourseDirectory(config=config, assignment_id=SLUG)


def test_every_page_can_be_released(course: CourseDirectory) -> None:
    pages = Pages(course)
    for student in HANDED_IN:
        pages.no_verdict(student, SLUG, "unreadable", "it is <i>cut off</i>")
    release = ExchangeReleaseFeedback(
        coursedir=course, authenticator=Authenticator(config=course.config), config=course.config
    )
    release.start()
    released = Path(course.config.Exchange.root, "container-course", "feedback")
    assert len([*released.glob("*.html")]) == len(HANDED_IN)


def test_a_page_without_a_verdict_says_why(course: CourseDirectory) -> None:
    Pages(course).no_verdict("ada", SLUG, "not_judged", "the disk is <i>full</i>")
    folder = Path(course.root, "feedback", "ada", SLUG)
    page = (folder / f"{SLUG}.html").read_text()
    assert "the disk is &lt;i&gt;full&lt;/i&gt;" in page
    assert "This is not a zero." in page
    assert "handed in 2026-01-01 10:00:00 UTC" in page
    assert (folder / SECRET).read_text() == "s3cret"
    assert {path.name for path in folder.iterdir()} == {f"{SLUG}.html", SECRET, TIME}


def test_points_of_before_still_count(course: CourseDirectory) -> None:
    def told(earlier: float | None) -> str:
        Pages(course).no_verdict("ada", SLUG, "not_judged", "x", earlier)
        return Path(course.root, "feedback", "ada", SLUG, f"{SLUG}.html").read_text()

    assert "Until then your earlier verdict counts: 0 points." in told(0)
    assert "Until then your earlier verdict counts: 7.5 points." in told(7.5)
    assert "earlier" not in told(None)


def test_a_folder_that_is_a_link_gives_no_secret_away(course: CourseDirectory) -> None:
    """By another's secret their page would be released in place of this one, or this as theirs."""
    eve = Path(course.root, "submitted", "eve")
    eve.symlink_to("ada")
    Pages(course).no_verdict("eve", SLUG, "unreadable", "x")
    folder = Path(course.root, "feedback", "eve", SLUG)
    assert (folder / TIME).read_text() == ""
    assert len((folder / SECRET).read_text()) == 64


def test_a_link_is_not_followed(course: CourseDirectory, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key of the instructor's")
    link = Path(course.root, "submitted", "ada", SLUG, SECRET)
    link.unlink()
    link.symlink_to(tmp_path / "key")
    Pages(course).no_verdict("ada", SLUG, "unreadable", "x")
    made = Path(course.root, "feedback", "ada", SLUG, SECRET).read_text()
    assert len(made) == 64
    Pages(course).no_verdict("ada", SLUG, "unreadable", "y")
    assert Path(course.root, "feedback", "ada", SLUG, SECRET).read_text() == made
    shutil.rmtree(Path(course.root, "feedback"))
