"""Which stage a step that ran again belongs to, and what to build to see the stage before it."""

import pytest

from autograder.evidence.stages import StageAgain, before, is_explained, stages_again, whole
from autograder.facts.build import Builder, BuildFacts, BuildStep
from autograder.facts.dockerfile import parse

TWO = """\
FROM python:3.11 AS Build
COPY . .
RUN poetry install
FROM python:3.11 AS unused
RUN poetry install
FROM python:3.11
COPY --from=build /venv /venv
RUN chown -R 1 /venv
"""
ONBUILD = """\
FROM python:3.11 AS base
ONBUILD RUN poetry install
RUN true
FROM base
RUN echo done
"""


def rebuilt(*steps: BuildStep, builder: Builder = "buildkit") -> BuildFacts:
    return BuildFacts(builder, steps, 1.0, "t", "sha256:1")


def names(text: str, build: BuildFacts) -> list[tuple[int, list[str]]]:
    found = stages_again(parse(text), build)
    return [(row.stage.index, [step.name for step in row.steps]) for row in found]


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (BuildStep("RUN poetry install", "build", False, 2.0, 3), [(0, ["RUN poetry install"])]),
        (BuildStep("RUN poetry install", "", False, 2.0, 3), [(0, ["RUN poetry install"])]),
        (BuildStep("RUN chown -R 1 /venv", "stage-2", False, 1.0), [(2, ["RUN chown -R 1 /venv"])]),
        (BuildStep("run poetry install", "build", False, 2.0, 3), [(0, ["run poetry install"])]),
        (BuildStep("RUN poetry install", "build", True, 0.0, 3), []),
        (BuildStep("COPY . .", "build", False, 0.1, 2), []),
        # A builder tells a step that two stages share once, under either name.
        (BuildStep("RUN poetry install", "unused", False, 2.0, 5), [(2, ["RUN poetry install"])]),
    ],
)
def test_steps_are_told_by_stage(step: BuildStep, wanted: list[tuple[int, list[str]]]) -> None:
    rows = dict(names(TWO, rebuilt(step)))
    assert set(rows) == {0, 2}, "the unused stage is nobody's business"
    assert [(index, steps) for index, steps in rows.items() if steps] == wanted


def test_the_stage_before_the_first_step_that_ran_again() -> None:
    stage = parse(TWO).stages[0]
    again = StageAgain(stage, (BuildStep("RUN poetry install", "build", False, 2.0, 3),))
    assert before(again, parse(TWO), TWO) == "FROM python:3.11 AS Build\nCOPY . ."
    assert whole(stage, TWO) == "FROM python:3.11 AS Build\nCOPY . .\nRUN poetry install"
    assert before(StageAgain(stage, ()), parse(TWO), TWO) == whole(stage, TWO)


def test_an_onbuild_that_ran_again_is_seen_before_by_the_stage_it_stands_in() -> None:
    step = BuildStep("RUN poetry install", "", False, 2.0, 2)  # BuildKit names no stage
    assert names(ONBUILD, rebuilt(step)) == [(0, []), (1, ["RUN poetry install"])]
    again = stages_again(parse(ONBUILD), rebuilt(step))[1]
    wanted = "FROM python:3.11 AS base\nONBUILD RUN poetry install\nRUN true"
    assert before(again, parse(ONBUILD), ONBUILD) == wanted


def test_the_classic_builder_tells_nothing_of_an_onbuild_so_it_is_looked_at() -> None:
    assert names(ONBUILD, rebuilt(builder="classic")) == [(0, []), (1, ["RUN poetry install"])]
    assert names(TWO, rebuilt(builder="classic")) == [(0, []), (2, [])]


def test_before_an_onbuild_of_a_base_image_there_is_nothing_to_see() -> None:
    step = BuildStep("RUN poetry install", "build", False, 2.0, None)
    assert before(StageAgain(parse(TWO).stages[0], (step,)), parse(TWO), TWO) is None


SPLIT = """\
FROM python:3.11 AS build
RUN pip install poetry
COPY pyproject.toml poetry.lock ./
RUN --mount=type=cache,target=/c poetry install --no-root
RUN --mount=target=/src true
RUN --mount=type=bind,source=poetry.lock,target=/l true
COPY {copied} /app/
RUN poetry install
FROM build
RUN true
FROM python:3.11
RUN true
COPY --from={taken} /venv /venv
RUN chown -R 1 /venv
"""


@pytest.mark.parametrize(
    ("again", "copied", "taken", "wanted"),
    [
        ({7, 8, 13, 14}, "app", "build", True),
        ({7, 8, 10, 13, 14}, ". .dockerignore", "1", True),
        ({7, 8, 13, 14}, "ap[p]", "BUILD", True),
        ({7, 8, 13, 14}, "$SOURCE", "0", True),
        ({5, 7, 8}, "./app/", "build", True),
        # What another file explains, or nothing at all, was lost.
        (set(), "app", "build", False),
        ({7, 8}, "apple", "build", False),
        ({7, 8}, "other", "build", False),
        ({8}, "app", "build", False),
        ({2, 3, 4, 7, 8}, "app", "build", False),
        ({3, 4, 7, 8}, "app", "build", False),
        ({6, 7, 8}, "app", "build", False),
        ({7, 8, 12}, "app", "build", False),
        ({7, 8, 13, 14}, "app", "python:3.11", False),
    ],
)
def test_what_the_change_explains(again: set[int], copied: str, taken: str, wanted: bool) -> None:
    dockerfile = parse(SPLIT.format(copied=copied, taken=taken))
    rows = {row.line: row for row in dockerfile.instructions if row.keyword in ("RUN", "COPY")}
    steps = [BuildStep(row.keyword, "", line not in again, 1.0, line) for line, row in rows.items()]
    assert is_explained(dockerfile, rebuilt(*steps), "app/main.py") is wanted


def test_a_step_without_a_line_is_not_explained() -> None:
    build = rebuilt(
        BuildStep("COPY . .", "build", False, 1, 2), BuildStep("RUN true", "", False, 1)
    )
    assert not is_explained(parse(TWO), build, "app/main.py")


def test_what_the_change_explains_of_what_onbuild_runs() -> None:
    text = "FROM x AS a\nONBUILD COPY . .\nONBUILD RUN y\nFROM a\nRUN z\n"
    steps = [
        BuildStep(name, "", False, 1.0, line)
        for name, line in (("COPY . .", 2), ("RUN y", 3), ("RUN z", 5))
    ]
    assert is_explained(parse(text), rebuilt(*steps), "app/main.py")
    assert not is_explained(parse(text.replace("COPY . .", "ENV a=b")), rebuilt(*steps[1:]), "b")
