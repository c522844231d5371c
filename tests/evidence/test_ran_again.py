"""What a stage had before its steps ran again, as far as nobody has just installed it."""

from collections.abc import Iterable
from typing import Any

from autograder.evidence.ran_again import Files, ran_again
from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import parse
from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.observation import Built

TEXT = """\
FROM python:3.11 AS build
COPY . .
RUN poetry install
FROM python:3.11
COPY --from=build /venv /venv
RUN pip install gunicorn
COPY . .
RUN chown -R 1 /venv /site
"""
REBUILD = 100


class Told:
    """Builds nothing: what would be in each image is written down."""

    material: Any = type("Given", (), {"dockerfile": parse(TEXT)})

    def __init__(self, **holds: tuple[Environment, ...]) -> None:
        self.holds = holds

    def prepared(self) -> str:
        return TEXT

    def surely(self, which: str, files: Files, *, text: str) -> BuildFacts:
        return BuildFacts("buildkit", (), 1.0, which.replace("-", "_"), "sha256:1")

    def environments(self, builds: Iterable[BuildFacts]) -> list[tuple[Environment, ...]]:
        return [self.holds[build.tag] for build in builds]


def holding(path: str, changed: int, *names: str) -> Environment:
    """Packages whose folders have an old time, and were written at another."""
    return Environment(path, {n: Distribution(n, "1", "pip", 1, changed) for n in names})


def test_what_another_stage_has_just_installed_was_not_had_before() -> None:
    steps = (
        BuildStep("RUN poetry install", "build", False, 2.0, 3),
        BuildStep("RUN chown -R 1 /venv /site", "stage-1", False, 0.1, 8),
    )
    venv, site = holding("/venv", REBUILD, "fastapi"), holding("/site", REBUILD, "gunicorn")
    image = ImageFacts("sha256:1", 1, (), (venv, site))
    by = Told(
        end_0=(venv,),
        held_0=(),
        held_1=(holding("/venv", 2, "fastapi"), holding("/site", 2, "gunicorn")),
    )
    changed = Built(BuildFacts("buildkit", steps, 1.0, "t", "sha256:1"), image, REBUILD)
    build, last = ran_again(by, changed, {})
    assert build.held == last.held
    assert [(e.path, list(e.distributions)) for e in last.held] == [
        ("/venv", []),
        ("/site", ["gunicorn"]),
    ]
