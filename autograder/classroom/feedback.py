"""The feedback pages of a class, where nbgrader keeps its own, so that it releases these.

`nbgrader release_feedback` takes every `feedback/<learner>/<assignment>/*.html`, and a learner's
`fetch_feedback` finds it by the notebook's name and the secret that was handed in with it.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_solution

from autograder.classroom.page import Checked, Page, render
from autograder.classroom.results import State
from autograder.errors import BadInput
from autograder.exercises import EXERCISES
from autograder.facts.dockerfile import has_instructions
from autograder.feedback import outcome_in, tasks_in
from autograder.hand_in import read_inside
from autograder.submission import Unreadable, refuse_linked

_MEND: dict[State, str] = {
    "not_judged": "This is not a zero. If the reason names something that your Dockerfile asks for,"
    " change that and hand in again. If it does not, the fault is ours: your hand-in will be judged"
    " once more, and you need do nothing.",
    "unreadable": "Nothing was judged, so this is not a zero either. Mend what is named here, then"
    " hand in again.",
}

_POINTS = re.compile(r" \(\d+ points?\)$")  # they have a column of their own


class Pages:
    """Writes pages into the feedback folder of a course."""

    def __init__(self, course: CourseDirectory) -> None:
        self.course = course

    def graded(self, student: str, slug: str, notebook_id: str = "") -> None:
        """Write what the autograded notebook and the gradebook say of one learner.

        Raises nbgrader's MissingEntry for a submission that the gradebook does not know.
        """
        name = notebook_id or slug
        folder = self._folder(self.course.autograded_directory, student, slug)
        text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
        notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        with Gradebook(self.course.db_url, self.course.course_id) as gradebook:
            recorded = gradebook.find_submission_notebook(name, slug, student)
            page = graded_page(notebook, recorded, _title(slug), student, _time(folder))
        self._write(page, folder, student, slug, name)

    def no_verdict(
        self, student: str, slug: str, state: State, reason: str, earlier: float | None = None
    ) -> None:
        """Write why what a learner handed in has no score.

        earlier: the points of an earlier hand-in, which the gradebook still has.
        """
        folder = self._folder(self.course.submitted_directory, student, slug)
        page = Page(
            _title(slug), student, _time(folder), reason=reason, mend=_MEND[state], score=earlier
        )
        self._write(page, folder, student, slug, slug)

    def _folder(self, step: str, student: str, slug: str) -> Path:
        return Path(self.course.format_path(step, student, slug))

    def _write(self, page: Page, source: Path, student: str, slug: str, name: str) -> None:
        """Write the page whole or not at all, and beside it what nbgrader releases it by."""
        folder = self._folder(self.course.feedback_directory, student, slug)
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in _nbgraders_own(source, folder):
            (folder / file).write_text(text, encoding="utf-8")
        part = folder / f".{name}.part"
        part.write_text(render(page), encoding="utf-8")
        part.replace(folder / f"{name}.html")


def graded_page(
    notebook: NotebookNode, recorded: SubmittedNotebook, title: str, student: str, handed_in: str
) -> Page:
    """The page of a graded notebook, with the points and the comments of the gradebook."""
    penalty = recorded.late_submission_penalty or 0
    build, picture, in_words = _looked_at(notebook)
    return Page(
        title,
        student,
        handed_in,
        score=max(0.0, recorded.score - penalty),
        max_score=recorded.max_score,
        penalty=penalty,
        checks=tuple(_checks(notebook, recorded)),
        dockerfile=_answer(notebook),
        build=build,
        picture=picture,
        picture_in_words=in_words,
        comments=tuple(c.manual_comment for c in recorded.comments if c.manual_comment),
    )


def _checks(notebook: NotebookNode, recorded: SubmittedNotebook) -> Iterator[Checked]:
    tasks = tasks_in(notebook.cells)
    grades = {grade.name: grade for grade in recorded.grades}
    for cell in notebook.cells:
        if is_grade(cell):
            name = cell.metadata.nbgrader.grade_id
            grade, outcome = grades[name], outcome_in(_said(cell))
            yield Checked(
                f"{_POINTS.sub('', tasks[name])} ({name})" if name in tasks else name,
                outcome.state,
                None if grade.needs_manual_grade else grade.score,
                grade.max_score,
                outcome.seen,
                outcome.try_next,
                outcome.line,
            )


def _said(cell: NotebookNode) -> str:
    """What a graded cell printed, or else the error that it ended in."""
    outputs: list[Any] = cell.get("outputs", [])
    errors = ["\n".join(o.traceback) for o in outputs if o.output_type == "error"]
    printed = [o.text for o in outputs if o.output_type == "stream"]
    words: str = strip_ansi("\n".join(errors or printed))  # type: ignore[no-untyped-call]
    return words


def _looked_at(notebook: NotebookNode) -> tuple[str, str, str]:
    """What the build cell said, the picture of the layers, and the picture in words."""
    build, picture, in_words = "", "", ""
    for cell in notebook.cells:
        for output in [] if is_grade(cell) else cell.get("outputs", []):
            data = output.get("data", {})
            html, text = data.get("text/html", ""), data.get("text/plain", "")
            begin, end = html.find("<svg"), html.rfind("</svg>")
            if 0 <= begin < end:
                picture, in_words = html[begin : end + len("</svg>")], text
            elif text:
                build = text
    return build, picture, in_words


def _answer(notebook: NotebookNode) -> str:
    """The Dockerfile of the answer cell; `` when there is no instruction in it."""
    answers = [cell.source.partition("\n")[2] for cell in notebook.cells if is_solution(cell)]
    return next((text for text in answers if has_instructions(text)), "")


def _title(slug: str) -> str:
    return EXERCISES[slug].title if slug in EXERCISES else slug


def _time(folder: Path) -> str:
    return re.sub(r"\.\d+", "", _text(folder, "timestamp.txt")[:100]).strip()


def _nbgraders_own(source: Path, dest: Path) -> Iterator[tuple[str, str]]:
    """The files by which nbgrader releases a page.

    A submission without them would end `release_feedback` for the whole class: it gets a secret
    that nobody knows.
    """
    yield "timestamp.txt", _text(source, "timestamp.txt")
    name = "submission_secret.txt"
    yield name, _text(source, name) or _text(dest, name) or secrets.token_hex()


def _text(folder: Path, name: str) -> str:
    """A file of a submission; `` for what is no text, or not to be read."""
    with suppress(BadInput, Unreadable, UnicodeDecodeError):
        refuse_linked(folder)
        return read_inside(Path(os.path.realpath(folder)), name).decode()
    return ""
