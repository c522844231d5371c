"""Facts as a build of the course's app would give them."""

import pytest

from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import Dockerfile, parse
from autograder.facts.image import ImageFacts, Layer

SPLIT = """\
FROM python:3.11
RUN pip install poetry==1.7.0
WORKDIR /app
COPY poetry.lock pyproject.toml ./
RUN poetry install --no-root --with prod
COPY . .
RUN poetry install
CMD ["poetry", "run", "gunicorn", "basic_improvements.main:app"]
"""


@pytest.fixture
def dockerfile() -> Dockerfile:
    return parse(SPLIT)


@pytest.fixture
def image() -> ImageFacts:
    """As BuildKit's history tells it: the base's rows first, and a label that the builder added."""
    rows = [
        ("", 148_000_000),
        ('CMD ["python3"]', 0),
        ("RUN pip install poetry==1.7.0", 94_000_000),
        ("WORKDIR /app", 0),
        ("COPY poetry.lock pyproject.toml ./", 26_000),
        ("RUN poetry install --no-root --with prod", 27_000_000),
        ("COPY . .", 27_000),
        ("RUN poetry install", 1_800),
        ('CMD ["poetry" "run" "gunicorn" "basic_improvements.main:app"]', 0),
        ("LABEL org.container-course.run=1", 0),
    ]
    return ImageFacts("sha256:1", 269_000_000, tuple(Layer(*row) for row in rows), ())


def built(*steps: tuple[str, bool, float], seconds: float = 10.0) -> BuildFacts:
    """A build that succeeded, from (name, cached, seconds) of each step."""
    facts = tuple(BuildStep(name, "", cached, spent) for name, cached, spent in steps)
    return BuildFacts("buildkit", facts, seconds, "app:1", "sha256:1")


@pytest.fixture
def before() -> BuildFacts:
    return built(
        ("FROM python:3.11", True, 0.0),
        ("RUN pip install poetry", False, 6.0),
        ("COPY . .", False, 0.1),
        ("RUN poetry install", False, 3.0),
    )


@pytest.fixture
def after() -> BuildFacts:
    return built(
        ("FROM python:3.11", True, 0.0),
        ("RUN pip install poetry", True, 0.0),
        ("COPY . .", False, 0.1),
        ("RUN poetry install", False, 3.0),
        seconds=3.5,
    )
