from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import parse
from autograder.lessons.as_written import as_written

TEXT = "FROM python:3.11 AS base\nRUN a\nCOPY . .\nFROM base\nCOPY  --from=base  /a /b\nCOPY . .\n"


def facts(*steps: BuildStep) -> BuildFacts:
    return BuildFacts("buildkit", steps, 1.0, "app:1", "sha256:1")


def test_steps_stand_in_the_dockerfiles_order_under_its_own_names() -> None:
    steps = [
        BuildStep("COPY . .", "stage-1", True, 0.0, 6),
        BuildStep("COPY --from=base /a /b", "stage-1", True, 0.0, 5),
        BuildStep("RUN a", "base", True, 0.0, None),
        BuildStep("FROM docker.io/library/stands-for-it@sha256:0", "base", True, 0.0),
    ]
    written = as_written(facts(*steps), parse(TEXT)).steps
    assert [(step.line, step.name) for step in written] == [
        (1, "FROM python:3.11"),
        (2, "RUN a"),
        (5, "COPY --from=base /a /b"),
        (6, "COPY . ."),
    ]


def test_a_place_lent_by_another_build_is_mended() -> None:
    steps = [BuildStep("COPY . .", "", False, 0.1, 7), BuildStep("RUN b", "", False, 0.1, None)]
    steps.insert(0, BuildStep("FROM python:3.11", "", True, 0.0, None))
    written = as_written(facts(*steps), parse("FROM python:3.11\nCOPY . .\nRUN b\n")).steps
    assert [step.line for step in written] == [1, 2, 3]


def test_a_base_that_the_builder_did_not_tell_of_is_there() -> None:
    steps = [BuildStep("COPY . .", "stage-1", False, 0.1, 6), BuildStep("RUN a", "base", True, 0.0)]
    written = as_written(facts(*steps), parse(TEXT)).steps
    assert [(step.line, step.name, step.cached) for step in written] == [
        (1, "FROM python:3.11", True),
        (2, "RUN a", True),
        (6, "COPY . .", False),
    ]
