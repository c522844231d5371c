"""What the course adds to nbgrader's own converters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.exercises import EXERCISES
from autograder.feedback import NOT_JUDGED, error_in


class StopWhenNotJudged(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader ships no types
    """Ends the autograding of a submission in which a cell has no verdict.

    nbgrader knows points and nothing else: an engine that died would be the learner's zero. Runs
    after Execute and before anything is written to the gradebook; other submissions go on.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Pass the notebook on. Raises NbGraderException with the first cell's own words."""
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                text = error_in(output)
                if text.startswith(NOT_JUDGED):
                    raise NbGraderException(text)
        return nb, resources


def leftovers(root: Path, slug: str) -> list[str]:
    """What stands in `source/<slug>` and is not the assignment's: paths relative to it, sorted.

    Running the source notebook leaves a Dockerfile, checkpoints and compiled modules behind.
    """
    return _foreign(root / "source" / slug, slug)


def leave_out_leftovers(root: Path) -> Callable[..., None]:
    """A hook for `GenerateAssignment`: only the assignment's own files stay in `release/<slug>`."""

    def hook(*, assignment: str, **_: object) -> None:
        if assignment not in EXERCISES:
            return
        folder = root / "release" / assignment
        for name in _foreign(folder, assignment):
            (folder / name).unlink()
        # Deepest first: a folder is empty once the folders in it are gone.
        for below in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            if not any(below.iterdir()):
                below.rmdir()

    return hook


def _foreign(folder: Path, slug: str) -> list[str]:
    exercise = EXERCISES[slug]
    own = {f"{slug}.ipynb", *exercise.app_files}
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    return sorted(found - own)
