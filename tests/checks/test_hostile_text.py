"""Every check of every exercise, on text that is made to be searched for long.

A new pattern meets these words too: one that takes more than a text's length in time is seen here.
"""

import time

import pytest

from autograder.checks.unbuilt import unbuilt
from autograder.engine.failure import LONGEST_LINE, classify
from autograder.evidence.material import prepared
from autograder.evidence.wanting import wanting
from autograder.exercises import EXERCISES
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import parse
from autograder.facts.observation import RanAgain

from .conftest import NEW, MakeBuilt, MakeEnvironment, Observe

WORDS = (
    *("poetry", "poetry ", "poetry -", "poetry -poetry ", "poetry install ", "poetry -lock "),
    *("install poetry==$V;", "poetry install || ", "pip -r ", "-r", "install -r", "-r poetry "),
    *("apt ", "apt install ", "curl ", "curl https://a ", "urlopen ", "$a", "${a} ", "; :", "|| "),
    *('exec: "a ', 'exec: "', 'chdir to cwd ("a") ', ".venv", "--mount=", "--mount=from=", "-"),
    *("manifest for ", "1", ".", " .", " #", "'", '"', "No module named ", "Because 1-"),
)
SECONDS = 5
"""For all that looks through 300,000 characters, on a machine that does other things as well."""


def dockerfile(word: str) -> str:
    """A Dockerfile of the word, in lines that are nearly as long as a line may be."""
    line = word * (60_000 // len(word))
    runs = f"RUN --mount=from=python:3.11 {line}\n" + f"RUN x {line}\n" * 4
    return f"FROM python:3.11\nENV a=https://a b=1\n{runs}CMD y {line}\n"


def logs(word: str) -> tuple[str, ...]:
    return (word * (LONGEST_LINE // len(word)),) * 15


@pytest.mark.parametrize("word", WORDS)
def test_a_hostile_dockerfile_is_soon_judged(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, word: str
) -> None:
    other = environment(installer="Poetry 1.8.5", by={"click": "pip"}, modified=NEW)
    answer = AppAnswer(None, None, 1.0, "the container ended with code 1", "\n".join(logs(word)))
    again = (RanAgain((BuildStep("RUN x", "", False, 1.0, 5),), (other,)),)
    nothing = observe(dockerfile(word), first=built(), answer=answer)
    wrong = {"first": built(other), "source_changed": built(other), "lock_changed": built(other)}
    much = observe(dockerfile(word), **wrong, answer=answer, ran_again=again)
    began = time.monotonic()
    for check in {c.check for exercise in EXERCISES.values() for c in exercise.criteria}:
        for seen in (nothing, much):
            check(seen)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("keyword", ["RUN", "COPY --from=a", ""])
def test_a_hostile_build_that_failed_is_soon_explained(keyword: str, word: str) -> None:
    read = parse(dockerfile(word))
    step = f"{keyword} {word * (60_000 // len(word))}".lstrip()
    began = time.monotonic()
    prepared(read, {"python:3.11": "course/python:3.11"})
    said = f'process "{step}" did not complete successfully: exit code: 1'
    failure = classify(said, step=step if keyword else "", line=7, log=logs(word))
    facts = wanting(BuildFacts("buildkit", (), 1.0, "t", failure=failure), read)
    unbuilt(facts)
    assert time.monotonic() - began < SECONDS
