"""The one table of exercises: what each asks for, which checks judge it, for how many points."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.checks import (
    app_answers,
    base_image_is_pinned,
    dependencies_are_locked,
    dependency_layer_is_split,
    lock_change_reinstalls,
    poetry_is_pinned,
)
from autograder.checks.about import About
from autograder.errors import BadInput
from autograder.facts.lock import read_lock
from autograder.facts.observation import Asked, Observation
from autograder.outcome import Outcome
from autograder.places import project

Check = Callable[[Observation], Outcome]


@dataclass(frozen=True)
class Criterion:
    """One line of an exercise's table: the check's id, the check, its points."""

    id: str
    check: Check
    points: int

    @property
    def about(self) -> About:
        """What the file that holds the check says about it, under the name ABOUT."""
        about = sys.modules[self.check.__module__].ABOUT
        assert isinstance(about, About)
        return about


@dataclass(frozen=True)
class Exercise:
    """One step's exercise.

    app_files: the course's own files, relative to `source/<slug>`; laid over every hand-in.
    source_file: the file that the source change edits.
    second_lock: the lock that replaces poetry.lock for `lock-change-reinstalls`.
    base_images: the references that a build may start from.
    """

    slug: str
    title: str
    criteria: tuple[Criterion, ...]
    app_files: tuple[str, ...]
    source_file: str
    variant: str
    direct: tuple[str, ...]
    poetry: str
    second_lock: str
    base_images: tuple[str, ...]

    @property
    def max_score(self) -> int:
        """The sum of the criteria's points."""
        return sum(criterion.points for criterion in self.criteria)

    @property
    def folder(self) -> Path:
        """Where the course's own copy of the app stands."""
        return project() / "source" / self.slug

    def asked(self) -> Asked:
        """What the checks compare with."""
        return Asked(
            variant=self.variant,
            direct=self.direct,
            lock=read_lock((self.folder / "poetry.lock").read_text()),
            second_lock=read_lock((self.folder / self.second_lock).read_text()),
            poetry=self.poetry,
        )

    def app(self) -> dict[str, bytes]:
        """The course's own files, path -> bytes."""
        return {path: (self.folder / path).read_bytes() for path in self.app_files}


_PYTHON_BASES = tuple(
    f"python:{tag}" for tag in ("3.11", "3.11-slim", "3.11-bookworm", "3.11-slim-bookworm")
)

EXERCISES: Mapping[str, Exercise] = {
    exercise.slug: exercise
    for exercise in (
        Exercise(
            slug="step-3-pin-and-split",
            title="Pin Poetry and split the dependency install",
            criteria=(
                Criterion("base-image-pinned", base_image_is_pinned, 1),
                Criterion("poetry-pinned", poetry_is_pinned, 2),
                Criterion("dependencies-locked", dependencies_are_locked, 2),
                Criterion("dependency-layer-split", dependency_layer_is_split, 3),
                Criterion("lock-change-reinstalls", lock_change_reinstalls, 1),
                Criterion("app-answers", app_answers, 1),
            ),
            app_files=(
                "basic_improvements/__init__.py",
                "basic_improvements/main.py",
                "docker-compose.yaml",
                "gunicorn.conf.py",
                "poetry.lock",
                "pyproject.toml",
            ),
            source_file="basic_improvements/main.py",
            variant="basic_improvements",
            direct=("fastapi", "gunicorn", "uvicorn"),
            poetry="1.7.0",
            second_lock="poetry-second.lock",
            base_images=_PYTHON_BASES,
        ),
    )
}


def find_exercise(slug: str) -> Exercise:
    """The exercise of that name. Raises BadInput, naming those there are."""
    if slug not in EXERCISES:
        raise BadInput(f"there is no exercise {slug!r}; there is: {', '.join(EXERCISES)}")
    return EXERCISES[slug]
