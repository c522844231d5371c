"""The one table of exercises: what each asks for, which checks judge it, for how many points."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.checks import (
    app_answers,
    base_image_is_pinned,
    dependencies_are_installed,
    dependencies_are_locked,
    dependency_layer_is_split,
    lock_change_reinstalls,
    poetry_installs_dependencies,
    poetry_is_pinned,
)
from autograder.checks.about import About
from autograder.errors import BadInput
from autograder.facts.lock import Lock, read_lock, read_requirements
from autograder.facts.observation import Asked, Evidence, Observation
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

    package: the folder of the app's source; its main.py is what the source change edits.
    variant: what the app answers.
    settings: the course's own files besides the source, relative to `source/<slug>`. They are laid
        over every hand-in, as the source is.
    lock: the one of them that names the versions of everything that gets installed.
    kept_back: the course's own files that no learner gets: another lock, or nothing.
    poetry: the version that must install the dependencies; `` where any may, or none.
    """

    slug: str
    title: str
    criteria: tuple[Criterion, ...]
    package: str
    variant: str
    settings: tuple[str, ...]
    lock: str
    kept_back: tuple[str, ...] = ()
    poetry: str = ""
    direct: tuple[str, ...] = ("fastapi", "gunicorn", "uvicorn")

    @property
    def max_score(self) -> int:
        """The sum of the criteria's points."""
        return sum(criterion.points for criterion in self.criteria)

    @property
    def needs(self) -> frozenset[Evidence]:
        """What has to be observed for one check or another."""
        return frozenset[Evidence]().union(*(c.about.needs for c in self.criteria))

    @property
    def source_file(self) -> str:
        """The file that the source change edits."""
        return f"{self.package}/main.py"

    @property
    def app_files(self) -> tuple[str, ...]:
        """The course's own files that a learner gets, relative to `source/<slug>`, sorted."""
        return tuple(sorted((f"{self.package}/__init__.py", self.source_file, *self.settings)))

    @property
    def second_lock(self) -> str:
        """The lock for a second build; the first again where there is no other."""
        return (self.lock, *self.kept_back)[-1]

    @property
    def folder(self) -> Path:
        """Where the course's own copy of the app stands."""
        return project() / "source" / self.slug

    def asked(self) -> Asked:
        """What the checks compare with."""
        return Asked(
            package=self.package,
            variant=self.variant,
            direct=self.direct,
            lock=_versions(self.folder / self.lock),
            second_lock=_versions(self.folder / self.second_lock),
            poetry=self.poetry,
        )

    def app(self) -> dict[str, bytes]:
        """The course's own files that a learner gets, path -> bytes."""
        return {path: (self.folder / path).read_bytes() for path in self.app_files}


def _versions(path: Path) -> Lock:
    read = read_lock if path.suffix == ".lock" else read_requirements
    return read(path.read_text())


_POETRY_SETTINGS = ("docker-compose.yaml", "gunicorn.conf.py", "poetry.lock", "pyproject.toml")

EXERCISES: Mapping[str, Exercise] = {
    exercise.slug: exercise
    for exercise in (
        Exercise(
            slug="step-1-naive",
            title="Put the app into an image",
            criteria=(
                Criterion("base-image-pinned", base_image_is_pinned, 2),
                Criterion("dependencies-installed", dependencies_are_installed, 4),
                Criterion("app-answers", app_answers, 4),
            ),
            package="kiss",
            variant="kiss",
            settings=("docker-compose.yaml", "gunicorn.conf.py", "requirements.txt"),
            lock="requirements.txt",
        ),
        Exercise(
            slug="step-2-poetry",
            title="Let Poetry install the dependencies",
            criteria=(
                Criterion("base-image-pinned", base_image_is_pinned, 1),
                Criterion("poetry-installs-dependencies", poetry_installs_dependencies, 3),
                Criterion("dependencies-locked", dependencies_are_locked, 3),
                Criterion("app-answers", app_answers, 3),
            ),
            package="kiss",
            variant="kiss_poetry",
            settings=_POETRY_SETTINGS,
            lock="poetry.lock",
            kept_back=("poetry-second.lock",),
        ),
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
            package="basic_improvements",
            variant="basic_improvements",
            settings=_POETRY_SETTINGS,
            lock="poetry.lock",
            kept_back=("poetry-second.lock",),
            poetry="1.7.0",
        ),
    )
}


def find_exercise(slug: str) -> Exercise:
    """The exercise of that name. Raises BadInput, naming those there are."""
    if slug not in EXERCISES:
        raise BadInput(f"there is no exercise {slug!r}; there is: {', '.join(EXERCISES)}")
    return EXERCISES[slug]
