"""nbgrader's Validate, which tells what is wrong before it shows where.

Its own shows the source of every graded cell that failed, and of a build that failed nothing.
"""

import json
import sys

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.filters import ansi2html, strip_ansi
from nbformat import NotebookNode
from nbgrader.apps import validateapp
from nbgrader.server_extensions.validate_assignment import handlers
from nbgrader.validator import Validator

from autograder.feedback import NOT_BUILT, tasks_in

Results = dict[str, list[dict[str, str]]]
_NO_IMAGE = "The build cell. Without an image no check can pass."


class CourseValidator(Validator):  # type: ignore[misc]  # nbgrader ships no types
    """Names each failure by its task; a build that failed stands alone, with what it printed."""

    def validate(self, filename: str) -> Results:
        """What nbgrader's own returns, with `source` and `error` in a learner's words."""
        try:
            results: Results = super().validate(filename)
        except (DeadKernelError, CellTimeoutError) as error:
            last = str(error).strip().splitlines()[-1]
            return {"failed": [_entry("The notebook could not be run to its end.", last)]}
        if "failed" in results:
            results["failed"] = self._told()
        return results

    def _preprocess(self, nb: NotebookNode) -> NotebookNode:
        self._ran = super()._preprocess(nb)
        return self._ran  # type: ignore[no-any-return]

    def _told(self) -> list[dict[str, str]]:
        cells = {_name(cell): cell for cell in self._ran.cells if _name(cell)}
        tasks = tasks_in(self._ran.cells)
        failed = [
            (cell, str(self._extract_error(cell))) for cell in self._get_failed_cells(self._ran)
        ]
        told = [
            _entry(tasks.get(_name(cell), _name(cell)), error)
            for cell, error in failed
            if strip_ansi(error) != NOT_BUILT  # type: ignore[no-untyped-call]
        ]
        if len(told) < len(failed):
            told.insert(0, _entry(_NO_IMAGE, _shown(cells.get("build"), "display_data")))
            if stopped := _shown(cells.get("dockerfile"), "error"):
                told.insert(0, _entry("The Dockerfile cell.", stopped))
        return told


def tell_learners_first() -> None:
    """Have `nbgrader validate` and JupyterLab's Validate use CourseValidator.

    Both name nbgrader's own outright, where no setting reaches it.
    """
    validateapp.Validator = CourseValidator
    handlers.Validator = CourseValidator


def _entry(source: str, error: str) -> dict[str, str]:
    html = ansi2html(error)  # type: ignore[no-untyped-call]  # it escapes what it is given
    return {"source": source, "error": html, "raw_error": error}


def _name(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _shown(cell: NotebookNode | None, kind: str) -> str:
    """What a cell shows by outputs of one kind, in words."""
    outputs = [output for output in cell.outputs if output.output_type == kind] if cell else []
    told = [output.get("traceback") or [output.data["text/plain"]] for output in outputs]
    return "\n".join(line for lines in told for line in lines)


def main() -> None:
    """Print what Validate says of the notebook that the command line names, as JSON."""
    config = handlers.ValidateAssignmentHandler.load_config(None)  # nbgrader_config.py's
    print(json.dumps(CourseValidator(config=config).validate(sys.argv[1])))


if __name__ == "__main__":
    main()
