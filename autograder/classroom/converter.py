"""nbgrader's Autograde converter on the safe road: what a learner wrote is data, never code.

The autograded notebook is the released one with the learner's Dockerfile in its answer cell and
the outputs of the locked cells, which a kernel of the course's own produced. Every part of
nbgrader that comes after (points, comments, late penalties, feedback, formgrader) is nbgrader's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.apps import api, autogradeapp
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_solution, setenv

from autograder.classroom.grader import Grader, Outputs
from autograder.classroom.log import log_printably
from autograder.classroom.submissions import refuse_odd_time, regular
from autograder.errors import BadInput, CourseError
from autograder.exercises import EXERCISES
from autograder.grading import beside
from autograder.hand_in import NBGRADER_FILES, HandIn
from autograder.submission import Unreadable, read_submission, refuse_linked, refuse_odd_name

Judge = Callable[[str, HandIn | BadInput], Outputs]
"""From an assignment and what was handed in to the outputs of its locked cells, by cell id."""


class _FilesAsData(BaseConverter):  # type: ignore[misc]  # nbgrader ships no types
    """Writes the companion files as they were read: nbgrader would follow links."""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Lay out the files of the submission that are the learner's, and nbgrader's own."""
        dest = Path(self._format_dest(assignment_id, student_id))
        dest.mkdir(parents=True, exist_ok=True)
        hand_in = self.hand_in(assignment_id, student_id)
        app = EXERCISES[assignment_id].app_files if assignment_id in EXERCISES else ()
        ours = (*app, *NBGRADER_FILES, f"{assignment_id}.ipynb", f"{assignment_id}.html")
        files = {} if isinstance(hand_in, BadInput) else beside(ours, hand_in.files)
        # By these nbgrader knows a newer submission, and whom to release feedback to.
        folder = self.submitted(assignment_id, student_id)
        kept = {name: regular(folder, name) for name in NBGRADER_FILES}
        files |= {name: data for name, data in kept.items() if data is not None}
        for name, data in files.items():
            (dest / name).parent.mkdir(parents=True, exist_ok=True)
            (dest / name).write_bytes(data)


class SafeAutograde(Autograde, _FilesAsData):  # type: ignore[misc]
    """Takes every submission as data, and runs the course's own locked cells only."""

    judge: Judge | None = None
    """How hand-ins are judged; by a grader of the converter's own where nobody says."""
    failure: Exception | None = None
    """What last went wrong with a submission: nbgrader logs it and raises another."""

    def start(self) -> None:
        """Grade what is there. Raises NbGraderException when anything could not be graded."""
        if self.judge is not None:
            super().start()
            return
        with Grader(self._released, self.log.info) as grader:
            self.judge = grader.outputs
            try:
                super().start()
            finally:
                self.judge = None

    def init_notebooks(self) -> None:
        """Find the submissions, of each the one notebook that counts. Raises NbGraderException."""
        super().init_notebooks()
        # nbgrader asks the gradebook for every other one as well, be there a hundred thousand.
        name = f"{self.coursedir.assignment_id}.ipynb"
        for found in self.assignments.values():
            found[:] = [path for path in found if Path(path).name == name]

    def convert_notebooks(self) -> None:
        """Grade one after another. Raises NbGraderException when anything could not be graded."""
        # nbgrader's pattern for a folder's path knows no line break: it would end the batch there.
        missed = [folder for folder in self.assignments if "\n" in folder]
        for folder in missed:
            del self.assignments[folder]
            self.log.error("unreadable: there is a line break in the name of %r", folder)
        super().convert_notebooks()
        if missed:
            raise NbGraderException("not graded, for a line break in the folder's name")

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Whether this submission is to be graded now. Raises NbGraderException."""
        with self._noting():
            try:
                refuse_odd_name(student_id)
                refuse_odd_time(self.submitted(assignment_id, student_id))
            except Unreadable as error:
                raise NbGraderException(f"unreadable: {error}") from error
            return bool(super().init_destination(assignment_id, student_id))

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Lay out the submission's files and enter it in the gradebook."""
        with self._noting():
            super().init_assignment(assignment_id, student_id)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.failure = error
            raise

    def hand_in(self, assignment_id: str, student_id: str) -> HandIn | BadInput:
        """What was handed in, or what the learner has to mend. Raises NbGraderException."""
        try:
            return read_submission(self.submitted(assignment_id, student_id), assignment_id)
        except BadInput as error:
            return error
        except Unreadable as error:
            raise NbGraderException(f"unreadable: {error}") from error

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Grade one submission. Raises NbGraderException where there is no verdict."""
        with self._noting():
            self._convert(notebook_filename)

    def _convert(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        slug, student = (resources["nbgrader"][name] for name in ("assignment", "student"))
        hand_in = self.hand_in(slug, student)
        self.log.info("Judging %s of %s as data", slug, student)
        try:
            assert self.judge is not None
            notebook = graded(self._released(slug), hand_in, self.judge(slug, hand_in))
        except CourseError as error:
            raise NbGraderException(f"not judged: {error}") from error
        self._sanitizing = False
        self._init_preprocessors()
        try:
            with setenv(NBGRADER_EXECUTION="autograde"):
                output, resources = self.exporter.from_notebook_node(notebook, resources=resources)
        finally:
            self._sanitizing = True
        self.write_single_notebook(output, resources)

    def _init_preprocessors(self) -> None:
        """Nbgrader's preprocessors, whatever the settings say of running cells."""
        steps: list[type] = getattr(self, "autograde_preprocessors")  # noqa: B009 - has no type
        self.autograde_preprocessors = [step for step in steps if not issubclass(step, Execute)]
        super()._init_preprocessors()

    def submitted(self, slug: str, student: str) -> Path:
        """The folder that a learner handed in. Raises Unreadable where a link leads to it."""
        path = self.coursedir.format_path(self.coursedir.submitted_directory, student, slug)
        folder = Path(self.coursedir.root, path)
        refuse_linked(folder)
        return folder

    def _released(self, slug: str) -> NotebookNode:
        folder = self.coursedir.format_path(self.coursedir.release_directory, ".", slug)
        path = Path(self.coursedir.root, folder, f"{slug}.ipynb")
        if not path.is_file():
            raise NbGraderException(f"{path} is missing: run nbgrader generate_assignment {slug}")
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call, no-any-return]


def take_the_safe_road() -> None:
    """Have nbgrader's command and formgrader's button grade with SafeAutograde, and log printably.

    Both name the class outright, where no setting reaches it.
    """
    log_printably()
    autogradeapp.Autograde = SafeAutograde
    api.Autograde = SafeAutograde


def graded(notebook: NotebookNode, hand_in: HandIn | BadInput, outputs: Outputs) -> NotebookNode:
    """The released notebook with the learner's Dockerfile and the outputs of the locked cells."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kept = outputs.get(cell.id, [])  # plain dicts, where they were read from a file
            cell.outputs, cell.execution_count = nbformat.from_dict(kept), None  # type: ignore[no-untyped-call]
        if is_solution(cell) and not isinstance(hand_in, BadInput):
            text = hand_in.files["Dockerfile"].decode("utf-8", "replace")
            cell.source = f"%%dockerfile\n{text.rstrip()}"
    return notebook
