"""The variables that a step sees."""

import time

import pytest

from autograder.facts.dockerfile import parse
from autograder.facts.variables import runs_with_variables


@pytest.mark.parametrize(
    ("above", "wanted"),
    [
        ("FROM a\nARG V=1.7.0\n", "1.7.0"),
        ("FROM a\nARG V='1.7.0'\n", "1.7.0"),
        ("FROM a\nENV V=1.7.0 W=2\n", "1.7.0"),
        ("FROM a\nENV V 1.7.0\n", "1.7.0"),
        ("FROM a\nARG V=1.7.0\nENV V=1.8.5\n", "1.8.5"),
        ("FROM a\nENV V=1.8.5\nARG V=1.7.0\n", "1.8.5"),
        ("FROM a\nARG W=7 V=1.$W.0\n", "1.7.0"),
        ("ARG V=1.7.0\nFROM a\n", None),
        ("ARG V=1.7.0\nFROM a\nARG V\n", "1.7.0"),
        ("ARG V=1.7.0\nFROM a\nARG V\nENV V=$V\n", "1.7.0"),
        ("ARG V=1.7.0\nFROM a\nARG V=1.8.5\n", "1.8.5"),
        ("FROM a AS b\nARG V=1.7.0\nFROM a\n", None),
        ("FROM a AS b\nARG V=1.7.0\nFROM b\n", "1.7.0"),
        ("FROM a AS b\nENV V=1.7.0\nFROM b\n", "1.7.0"),
        ("FROM a\nARG V\n", None),
    ],
)
def test_what_a_step_sees(above: str, wanted: str | None) -> None:
    dockerfile = parse(f"{above}RUN x\nARG V=later\n")
    assert [known.get("V") for _, known in runs_with_variables(dockerfile)] == [wanted]


@pytest.mark.parametrize(
    ("part", "times", "runs"),
    [
        ("ARG A=$A$Axx\nENV B=$A\n", 12, 0),
        ("RUN x\nENV A=1\n", 4_000, 4_000),
        ("FROM a AS b\nFROM b AS a\n", 240, 0),
    ],
)
def test_it_takes_no_time(part: str, times: int, runs: int) -> None:
    dockerfile = parse("FROM a AS a\n" + part * times)
    began = time.process_time()
    assert len(list(runs_with_variables(dockerfile))) == runs
    assert time.process_time() - began < 5
