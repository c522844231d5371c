"""A class that nobody is in: right, wrong and failing hand-ins, as nbgrader would collect them."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.utils import is_solution

from autograder.exercises import Exercise
from autograder.places import project
from autograder.verify import generate

_BASE = re.compile(r"^FROM .*\n", re.M)
_BEGIN, _END = "### BEGIN SOLUTION\n", "### END SOLUTION"
NOTEBOOK = 4  # nbformat's major version


def _right(solution: str) -> str:
    return solution


def _unsplit(solution: str) -> str:
    return solution.replace("WORKDIR /app\n", "WORKDIR /app\nCOPY . .\n", 1)


def _failing(solution: str) -> str:
    return solution.replace("\nCMD ", "\nRUN exit 7\nCMD ", 1)


KINDS: tuple[Callable[[str], str], ...] = (_right, _right, _unsplit, _failing)
"""In turn: half of a class is right, a quarter is wrong, a quarter cannot be built."""


@dataclass(frozen=True)
class SyntheticClass:
    """A course folder with a class of its own.

    distinct: how many hand-ins differ; each from its first layer on, so that no build of one saves
        another's.
    """

    root: Path
    exercise: Exercise
    distinct: int

    def make(self, submissions: int) -> None:
        """Generate the assignment, and have that many submissions. Raises NotJudged."""
        slug = self.exercise.slug
        self.root.mkdir(parents=True)
        shutil.copytree(project() / "source" / slug, self.root / "source" / slug)
        shutil.copy(project() / "nbgrader_config.py", self.root)
        generate(slug, self.root)
        self.add(submissions)

    def add(self, number: int) -> None:
        """Have that many more submissions, of the same distinct hand-ins."""
        there = len(list((self.root / "submitted").glob("*")))
        for which in range(there, there + number):
            self._submit(f"learner-{which:05}", self.dockerfile(which % self.distinct))

    def dockerfile(self, which: int) -> str:
        """The text of one of the distinct hand-ins, from 0."""
        text = KINDS[which % len(KINDS)](_solution(self.exercise))
        return _BASE.sub(rf"\g<0>ENV HAND_IN={which}\n", text, count=1)

    def _submit(self, student: str, dockerfile: str) -> None:
        slug = self.exercise.slug
        folder = self.root / "submitted" / student / slug
        shutil.copytree(self.root / "release" / slug, folder)
        path = folder / f"{slug}.ipynb"
        notebook = nbformat.read(path, as_version=NOTEBOOK)  # type: ignore[no-untyped-call]
        for cell in notebook.cells:
            if is_solution(cell):
                cell.source = f"%%dockerfile\n{dockerfile}"
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def _solution(exercise: Exercise) -> str:
    """The course's own Dockerfile, from the answer cell of the source notebook."""
    path = exercise.folder / f"{exercise.slug}.ipynb"
    notebook = nbformat.read(path, as_version=NOTEBOOK)  # type: ignore[no-untyped-call]
    (source,) = (str(cell.source) for cell in notebook.cells if is_solution(cell))
    return source.partition(_BEGIN)[2].partition(_END)[0]
