"""Which line a step of BuildKit's is: it counts them stage by stage."""

import pytest

from autograder.engine.buildkit import line_of, line_of_trigger
from autograder.facts.dockerfile import parse

TEXT = """\
FROM python:3.11 AS stage-1
RUN a
FROM stage-1
RUN b
COPY . .
FROM scratch AS files
COPY c c
FROM python:3.11
RUN d
FROM python:3.11 AS template
ONBUILD RUN e
FROM template
RUN f
"""


@pytest.mark.parametrize(
    ("stage", "number", "total", "name", "line"),
    [
        pytest.param("stage-1", 2, 2, "RUN a", 2, id="FROM an image is step 1"),
        pytest.param("stage-1", 1, 2, "FROM python:3.11", None, id="and has no line"),
        pytest.param("stage-1", 1, 2, "RUN b", 4, id="FROM a stage is no step"),
        pytest.param("stage-1", 2, 2, "COPY . .", 5, id="of two stages with one name"),
        pytest.param("files", 1, 1, "COPY c c", 7, id="FROM scratch is no step"),
        pytest.param("stage-3", 2, 2, "RUN d", 9, id="a stage without a name"),
        pytest.param("stage-5", 1, 1, "RUN e", None, id="an ONBUILD has a number and no total"),
        pytest.param("stage-5", 2, 1, "RUN f", 13, id="what comes after it"),
        pytest.param("stage-5", 9, 1, "RUN f", None, id="a number too high"),
        pytest.param("stage-3", 2, 5, "RUN d", None, id="numbers that do not fit"),
    ],
)
def test_the_line_of_a_step(
    stage: str, number: int, total: int, name: str, line: int | None
) -> None:
    assert line_of(parse(TEXT), stage, number, total, name) == line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("RUN a  b", 2),
        ("RUN --mount=type=bind,target=/c a b", 3),
        ('RUN --Mount="type=bind,target=/d" a b', 4),
        ("RUN --mount=type=bind,target=/e a b", None),
        ("run --network=none --mount=type=tmpfs,target=/f a b", 5),
        ("COPY --link . .", 6),
        ("COPY . .", None),
    ],
)
def test_the_line_of_what_onbuild_runs(name: str, line: int | None) -> None:
    text = """FROM x AS y
ONBUILD RUN a b
ONBUILD RUN --mount=type=bind,target=/c a b
ONBUILD RUN --mount=type=bind,target="/d" a b
ONBUILD run --network=none --mount=type=tmpfs,target=/f a   b
ONBUILD COPY --link . .
FROM y
"""
    assert line_of_trigger(parse(text), name) == line
