"""An observation of a hand-in that is right, to be changed in one thing at a time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep
from autograder.facts.dockerfile import parse
from autograder.facts.image import Distribution, Environment, ImageFacts
from autograder.facts.lock import Lock
from autograder.facts.observation import Asked, Built, Observation

VENV = "/root/.cache/pypoetry/virtualenvs/app/lib/python3.11/site-packages"
OLD, REBUILD, NEW = 100, 200, 300
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
SECOND = {**LOCK, "gunicorn": "22.0.0"}
TEXT = """\
FROM python:3.11
RUN pip install poetry==1.7.0
WORKDIR /app
COPY poetry.lock pyproject.toml ./
RUN poetry install --no-root --with prod
COPY . .
RUN poetry install
CMD ["poetry", "run", "gunicorn", "app.main:app"]
"""

MakeEnvironment = Callable[..., Environment]
MakeBuilt = Callable[..., Built]
Observe = Callable[..., Observation]


@pytest.fixture
def environment() -> MakeEnvironment:
    """Makes an environment that holds the given versions, signed by one installer."""

    def make(
        versions: Mapping[str, str] = LOCK,
        *,
        installer: str = "Poetry 1.7.0",
        by: Mapping[str, str] | None = None,
        path: str = VENV,
        modified: int = OLD,
        changed: int | None = None,
    ) -> Environment:
        signers = by or {}
        rows = {
            name: Distribution(
                name,
                version,
                signers.get(name, installer),
                modified,
                modified if changed is None else changed,
            )
            for name, version in versions.items()
        }
        return Environment(path, rows)

    return make


@pytest.fixture
def built(environment: MakeEnvironment) -> MakeBuilt:
    """Makes a build with its image, or with its failure."""

    def make(
        *environments: Environment,
        steps: tuple[BuildStep, ...] = (),
        failure: BuildFailure | None = None,
    ) -> Built:
        image_id = None if failure else "sha256:1"
        image = None if failure else ImageFacts("sha256:1", 1, (), environments)
        return Built(BuildFacts("buildkit", steps, 1.0, "t", image_id, failure), image, REBUILD)

    return make


@pytest.fixture
def observe(environment: MakeEnvironment, built: MakeBuilt) -> Observe:
    """Makes the observation of the reference, but for what is given."""
    right = Observation(
        asked=Asked(
            "app", "app", ("fastapi", "gunicorn", "uvicorn"), Lock(LOCK), Lock(SECOND), "1.7.0"
        ),
        dockerfile=parse(TEXT),
        first=built(environment()),
        source_changed=built(environment()),
        lock_changed=built(environment(SECOND, modified=NEW)),
        answer=AppAnswer(200, {"variant": "app"}, 1.24, nonce="n", imports_from=(VENV,)),
        nonce="n",
    )

    def make(dockerfile: str = TEXT, **changes: Any) -> Observation:
        return replace(right, dockerfile=parse(dockerfile), **changes)

    return make
