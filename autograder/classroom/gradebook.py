"""The one writer to the gradebook: nbgrader's own converter, given verdicts that are there."""

import logging
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from nbgrader import api
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.classroom.converter import SafeAutograde
from autograder.classroom.database import require_answer, short
from autograder.classroom.grader import Outputs
from autograder.classroom.submissions import handed_in, key_of
from autograder.errors import BadInput, NotJudged
from autograder.hand_in import HandIn
from autograder.submission import Unreadable

CHANGED = "the submission was changed while it was graded: run it again with --resume"


def course_directory(root: Path, db_url: str | None) -> CourseDirectory:
    """The course's folders and gradebook, as its settings or `db_url` have them."""
    return CourseDirectory(config=_settings(root, db_url))


def _settings(root: Path, db_url: str | None) -> Config:
    config: Config = PyFileConfigLoader("nbgrader_config.py", str(root)).load_config()
    if db_url:
        config.CourseDirectory.db_url = db_url
    return config


class Writer:
    """Writes verdicts of one assignment into autograded/ and the gradebook, one at a time."""

    def __init__(self, root: Path, slug: str, edition: str, db_url: str | None) -> None:
        self.root, self.slug, self.edition = root, slug, edition
        self.config = _settings(root, db_url)
        self.db_url = str(self.config.CourseDirectory.db_url)
        self._log = logging.getLogger("autograder.gradebook")
        self._log.addHandler(logging.NullHandler())
        self._log.propagate = False
        api.create_engine = _database

    def require_assignment(self) -> None:
        """Raise BadInput where the gradebook does not know the assignment, as in a fresh clone."""
        with Gradebook(self.db_url, self.config.CourseDirectory.course_id) as gradebook:
            try:
                gradebook.find_assignment(self.slug)
            except MissingEntry as error:
                raise BadInput(
                    f"the gradebook does not know {self.slug} yet: run"
                    f" .venv/bin/nbgrader generate_assignment {self.slug} --force"
                ) from error

    def write(self, student: str, key: str, outputs: Outputs) -> float:
        """Write one learner's verdict and return their score.

        Writing it again changes nothing. Raises NotJudged where the gradebook cannot be written, or
        where the submission is not the one that the verdict is of.

        key: that of the hand-in which was judged.
        """

        def known(_: str, hand_in: HandIn | BadInput) -> Outputs:
            if key_of(hand_in, self.edition) != key:
                raise NotJudged(CHANGED)
            return outputs

        course = CourseDirectory(
            config=self.config, assignment_id=self.slug, student_id=student, log=self._log
        )
        converter = SafeAutograde(coursedir=course, config=self.config, log=self._log)
        self._require(converter, student, key)
        converter.judge = known
        converter.force = True
        try:
            converter.start()
        except NbGraderException as error:
            require_answer(self.db_url)
            reason = short(converter.failure or error)
            raise NotJudged(f"the gradebook could not be written: {reason}") from error
        score = self.score(student)
        if score is None:
            raise NotJudged("the gradebook did not take the verdict")
        return score

    def _require(self, converter: SafeAutograde, student: str, key: str) -> None:
        """Raise NotJudged unless the converter takes this very hand-in of this very learner.

        Asked first: the converter removes what it wrote for the learner before it reads anything.
        """
        if converter.coursedir.student_id != student:
            raise NotJudged(f"nbgrader would take “{student}” for another learner")
        try:
            folder = converter.submitted(self.slug, student)
            converter.init_notebooks()
            judged = key_of(handed_in(folder, self.slug), self.edition) == key
        except (NbGraderException, Unreadable, OSError) as error:
            raise NotJudged(CHANGED) from error
        if not judged or [*map(Path, converter.assignments)] != [folder]:
            raise NotJudged(CHANGED)

    def score(self, student: str) -> float | None:
        """What the gradebook has for a learner, in points, less what being late costs.

        None when it has nothing, or when the notebook that goes with it is gone.
        """
        course = CourseDirectory(config=self.config)
        folder = course.format_path(course.autograded_directory, student, self.slug)
        if not Path(folder, f"{self.slug}.ipynb").is_file():
            return None
        with Gradebook(self.db_url, self.config.CourseDirectory.course_id) as gradebook:
            try:
                found = gradebook.find_submission(self.slug, student)
                return max(0.0, float(found.score - (found.late_submission_penalty or 0)))
            except MissingEntry:
                return None


@cache
def _database(url: str, **settings: Any) -> sqlalchemy.Engine:
    """One SQLAlchemy engine for one database.

    nbgrader makes eight for each submission, and each compiles every statement anew: that was a
    third of the time that writing a verdict took.
    """
    return sqlalchemy.create_engine(url, **settings)
