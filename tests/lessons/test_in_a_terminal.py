"""What the lessons say to type into a terminal does what they say, line by line."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.exercises import EXERCISES, find_exercise
from autograder.lessons import Workshop, workshop
from autograder.places import project
from autograder.ready import Ready

pytestmark = pytest.mark.engine

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
FILES = re.compile(r"shop\.(write|remove|restore)\(|\w+ = \"\"\"")
START_SECONDS = 60
SPLIT = "step-3-pin-and-split"


@pytest.fixture(params=EXERCISES)
def lesson(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    return nbformat.read(project() / "notebooks" / f"{request.param}.ipynb", as_version=4)


@pytest.fixture
def shop(
    lesson: nbformat.NotebookNode, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workshop]:
    """The workshop with the files that the lesson's cells leave in it, and nothing built."""
    for name, value in ready.environment.items():
        monkeypatch.setenv(name, value)
    slug = next(s for s in EXERCISES if f'workshop("{s}")' in str(lesson.cells))
    made = workshop(slug)
    names = {"shop": made}
    for cell in lesson.cells:
        if cell.cell_type == "code" and FILES.match(cell.source):
            source = re.sub(r"^\w+ = shop\.build\(.*$", "", cell.source, flags=re.M)
            exec(source, names)
    yield made
    made.clean_up()


def lines_of(lesson: nbformat.NotebookNode) -> list[str]:
    """The lines of the lesson's shell blocks, in order."""
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    return [line for block in BLOCK.findall(text) for line in block.splitlines()]


def typed(line: str, folder: Path) -> str:
    """Type a line in a folder; as a person does, ask again while an app is still starting."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        done = subprocess.run(
            line, shell=True, cwd=folder, capture_output=True, text=True, timeout=300
        )
        if done.returncode == 0:
            return done.stdout + done.stderr
        assert line.startswith("curl "), done.stdout + done.stderr
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.2)


def from_cache(said: str) -> str:
    """The steps that a build took from the cache, a line each, as BuildKit prints them."""
    cached = set(re.findall(r"^(#\d+) CACHED$", said, re.M))
    steps = re.findall(r"^(#\d+) \[.*?\] (.*)$", said, re.M)
    return "\n".join(step for number, step in steps if number in cached)


def test_every_line_of_the_lesson_does_its_work(
    lesson: nbformat.NotebookNode, shop: Workshop
) -> None:
    variant = find_exercise(shop.exercise.slug).variant
    lines = lines_of(lesson)
    try:
        printed = [(line, typed(line, shop.folder)) for line in lines]
    finally:
        for left in ("docker rm -f my-app", "docker compose down", "docker image rm -f my-app"):
            subprocess.run(left, shell=True, cwd=shop.folder, capture_output=True, env=os.environ)
    answers = [said for line, said in printed if line.startswith("curl ")]
    assert answers
    assert all(f'{{"variant":"{variant}"}}' in said for said in answers)
    builds = [said for line, said in printed if line.startswith("docker build ")]
    assert len(builds) == (2 if shop.exercise.slug == SPLIT else 1)
    assert all("poetry install --no-root" in from_cache(said) for said in builds[1:])
    assert not subprocess.run(
        ["docker", "ps", "-aq", "--filter", "name=my-app"], capture_output=True
    ).stdout
