"""nbgrader's `generate_feedback` and formgrader's button write the course's own safe pages.

nbgrader's page is the autograded notebook as it is, scripts of strangers' servers included.
"""

import shutil
from pathlib import Path

from nbgrader.apps import api, generatefeedbackapp
from nbgrader.converters import GenerateFeedback

from autograder.classroom.feedback import Pages
from autograder.classroom.log import log_printably


class SafeFeedback(GenerateFeedback):  # type: ignore[misc]  # nbgrader ships no types
    """Writes for each autograded notebook a page that anybody can open without danger."""

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Whether a page is to be written now; one that is older than the verdict is."""
        dest = Path(self._format_dest(assignment_id, student_id))
        source = Path(self._format_source(assignment_id, student_id))
        pages = ((file, dest / f"{file.stem}.html") for file in source.glob("*.ipynb"))
        if any(p.exists() and p.stat().st_mtime < file.stat().st_mtime for file, p in pages):
            shutil.rmtree(dest)
        return bool(super().init_destination(assignment_id, student_id))

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy nothing: a page of the learner's among the files would be released as well."""

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Write one page."""
        about = self.init_single_notebook_resources(notebook_filename)["nbgrader"]
        Pages(self.coursedir).graded(about["student"], about["assignment"], about["notebook"])


def write_safe_pages() -> None:
    """Have nbgrader's command and formgrader's button write these pages, and log printably.

    Both name the class outright, where no setting reaches it.
    """
    log_printably()
    generatefeedbackapp.GenerateFeedback = SafeFeedback
    api.GenerateFeedback = SafeFeedback
