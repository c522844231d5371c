"""The cells in a real kernel on a real engine: the build cell, and what every later cell says."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert.filters import strip_ansi
from traitlets.config import Config

from autograder.engine.client import RUN_LABEL
from autograder.engine.runs import new_run, remove_abandoned
from autograder.exercises import find_exercise
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT
from autograder.ready import Ready

pytestmark = pytest.mark.engine

SLUG = "step-3-pin-and-split"
PREPARE = "from autograder.cells import build, build_exercise, look"
BUILD = f'build = build_exercise("{SLUG}")'
GRADED = """\
import docker
from autograder import observe, require
from autograder.checks import base_image_is_pinned

image = docker.from_env().images.get(build.tag)
require(base_image_is_pinned(observe(image, build)))"""
# Quick to build, though nearly every check fails.
QUICK = 'FROM python:3.11-slim\nCOPY . .\nCMD ["python3", "-m", "http.server", "8000"]\n'
Said = Callable[..., list[str]]


def words(cell: nbformat.NotebookNode) -> str:
    """All that a cell shows, as a person reads it; stderr is marked."""
    told = []
    for output in cell.outputs:
        if output.output_type == "error":
            told.append(strip_ansi("\n".join(output.traceback)))
        elif output.output_type == "stream":
            told.append(f"stderr! {output.text}" if output.name == "stderr" else output.text)
        else:
            told.append(output.data["text/plain"])
    return "\n".join(told)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A learner's folder, with the course's app."""
    for name, data in find_exercise(SLUG).app().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.fixture
def run(folder: Path, ready: Ready) -> Said:
    """Runs cells from top to bottom in one kernel; what each says."""

    def cells(*sources: str, **variables: str) -> list[str]:
        made = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=made)
        client = NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            allow_errors=True,
            extra_arguments=["--log-level=ERROR"],
            config=Config({"KernelManager": {"shutdown_wait_time": 60.0}}),
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute(env={**os.environ, **ready.environment, **variables})
        return [words(cell) for cell in notebook.cells]

    return cells


@pytest.fixture(autouse=True)
def _tidy(folder: Path, engine_client: docker.DockerClient) -> Iterator[None]:
    yield
    assert images(engine_client, folder) == [], "a kernel that ended has removed its images"


def images(client: docker.DockerClient, folder: Path) -> list[str]:
    """The images that notebooks in the folder have on the engine."""
    mark = new_run(folder).rsplit("-", 2)[0]
    found = client.images.list(filters={"label": RUN_LABEL})
    return [tag for i in found if i.labels[RUN_LABEL].startswith(mark) for tag in i.tags]


def test_from_dockerfile_to_verdict(run: Said) -> None:
    said = run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, "look(build)", GRADED)
    assert said[1] == "Dockerfile written.\n"
    assert f"Built {SLUG}:first-" in said[2]
    assert "COPY . ." in said[2]
    assert "FROM python:3.11-slim" in said[3]
    assert said[4] == "passed: the image is built from python:3.11-slim\n"


def test_writefile_is_understood_too(run: Said) -> None:
    said = run(PREPARE, f"%%writefile Dockerfile\n{QUICK}", BUILD, GRADED)
    assert said[3].startswith("passed: ")


def test_every_run_has_a_tag_of_its_own_and_removes_the_last_one(run: Said) -> None:
    gone = "import docker\ndocker.from_env().images.list(name=first)"
    again = ("first = build.tag", BUILD, "first == build.tag", gone)
    said = run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, *again)
    assert said[5:] == ["False", "[]"]


def test_without_a_dockerfile_every_later_cell_says_one_sentence(run: Said) -> None:
    said = run(PREPARE, "%%dockerfile\n# YOUR CODE HERE", BUILD, "look(build)", GRADED)
    assert NO_DOCKERFILE in said[2]
    assert said[3:] == [NOT_BUILT, NOT_BUILT]


def test_a_failed_build_shows_step_line_and_last_words(run: Said) -> None:
    broken = "FROM python:3.11-slim\nRUN echo some words && false\n"
    said = run(PREPARE, f"%%dockerfile\n{broken}", BUILD, "look(build)", GRADED)
    assert "The build did not succeed at line 2." in said[2]
    assert "→   2  RUN echo some words && false" in said[2]
    assert "  some words" in said[2]
    assert said[3:] == [NOT_BUILT, NOT_BUILT]


def test_hints_climb_for_a_build_and_for_a_check(run: Said) -> None:
    ask = "from autograder.cells import hint\nhint()"
    broken = "FROM python:3.11-slim\nRUN no-such-program\n"
    loose = QUICK.replace("3.11-slim", "3")
    said = run(
        PREPARE, ask, f"%%dockerfile\n{broken}", BUILD, GRADED, ask, ask,
        f"%%dockerfile\n{loose}", BUILD, ask, GRADED, ask, ask, ask, ask,
    )  # fmt: skip
    assert said[1].startswith("nothing has failed yet")
    assert said[5].startswith("hint 1 of 3: look at the first word of the command")
    assert said[6].startswith("hint 2 of 3: ")
    assert said[9].startswith("nothing has failed yet")
    assert [text.partition(":")[0] for text in said[11:14]] == [f"hint {n} of 3" for n in (1, 2, 3)]
    assert "look at line 1" in said[11]
    assert said[14].startswith("there are no more hints for this.")


def test_a_syntax_error_builds_nothing_old(run: Said) -> None:
    said = run(
        PREPARE, f"%%dockerfile\n{QUICK}", BUILD, "%%dockerfile\nFORM python:3.11", BUILD, GRADED
    )
    assert "Dockerfile line 1: FORM is not a Dockerfile instruction" in " ".join(said[3].split())
    assert "Dockerfile line 1: FORM is not a Dockerfile instruction" in said[4]
    assert said[5] == NOT_BUILT


def test_a_refused_dockerfile_cell_stops_the_build_cell(run: Said, folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM python:3.11\n")
    said = run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, GRADED)
    assert "+FROM python:3.11-slim" in said[1]
    assert "the Dockerfile cell stopped, so nothing was built" in said[2]
    assert said[3] == NOT_BUILT


def test_a_dead_engine_is_not_judged(run: Said) -> None:
    dead = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    said = run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, "look(build)", GRADED, **dead)
    assert said[2].startswith("not judged: DOCKER_HOST is unix:///nowhere/docker.sock")
    assert said[3].startswith("not judged: DOCKER_HOST is")
    assert said[4].startswith("not judged: the Docker engine does not answer.")
    assert max(len(text.splitlines()) for text in said[2:]) <= 3


def test_an_engine_that_dies_after_the_build_is_told_in_one_line(run: Said) -> None:
    die = 'import os; os.environ["DOCKER_HOST"] = "unix:///nowhere/docker.sock"'
    said = run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, die, GRADED)
    assert said[4].startswith("not judged: the Docker engine does not answer.")


def test_other_errors_of_the_sdk_are_shown_in_full(run: Said) -> None:
    said = run(PREPARE, 'import docker\ndocker.from_env().images.get("no-such-image:1")')
    assert "ImageNotFound" in said[1]
    assert "line 2" in said[1]


def test_what_the_course_does_not_offer_is_not_judged(run: Said) -> None:
    wants = "FROM python:3.11-slim\nRUN python3 -c 'import urllib.request as r; " + (
        'r.urlopen("https://example.invalid/")\'\n'
    )
    said = run(PREPARE, f"%%dockerfile\n{wants}", BUILD, "look(build)", GRADED)
    assert said[3].startswith("not judged: ")
    assert "a build sees only the exercise's base images and the package index" in said[3]
    assert said[3] == said[4]


def test_a_killed_kernel_leaves_nothing_after_the_next_build(
    run: Said, folder: Path, engine_client: docker.DockerClient
) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(RuntimeError, match="Kernel died"):
        run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, kill)
    assert len(images(engine_client, folder)) == 1
    run(PREPARE, BUILD)
    assert images(engine_client, folder) == []


def test_stop_removes_what_killed_kernels_left(
    run: Said, folder: Path, engine_client: docker.DockerClient
) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(RuntimeError, match="Kernel died"):
        run(PREPARE, f"%%dockerfile\n{QUICK}", BUILD, kill)
    remove_abandoned(engine_client)
    assert images(engine_client, folder) == []


def test_importing_the_package_is_cheap(run: Said) -> None:
    said = run("import autograder, sys; 'docker' in sys.modules")
    assert said == ["False"]
