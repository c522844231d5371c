"""Containers on a private network: nothing stays behind, whatever happened."""

from collections.abc import Iterator

import docker
import pytest

from autograder.engine.client import RUN_LABEL, Engine
from autograder.engine.request import BuildRequest
from autograder.engine.sandbox import Sandbox
from autograder.facts.dockerfile import parse
from autograder.ready import Ready

pytestmark = pytest.mark.engine
ASK = [
    "python3",
    "-c",
    "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 2)\n"
    "except OSError as error: print(type(error).__name__)",
]


@pytest.fixture
def engine(engine_client: docker.DockerClient) -> Engine:
    return Engine(engine_client)


@pytest.fixture
def image(ready: Ready, engine: Engine) -> Iterator[str]:
    """An image that ends at once, saying so."""
    text = 'FROM python:3.11\nCMD ["sh", "-c", "echo a; echo b; exit 7"]\n'
    tag = "course-run-test-sandbox:ends"
    assert engine.build(BuildRequest({"Dockerfile": text.encode()}, parse(text), tag)).succeeded
    yield tag
    engine.remove_image(tag)


def left(engine: Engine, sandbox: Sandbox) -> list[object]:
    marked = {"label": f"{RUN_LABEL}={sandbox.labels[RUN_LABEL]}"}
    return [*engine.api.containers(all=True, filters=marked), *engine.api.networks(filters=marked)]


def test_there_is_no_way_out_and_nothing_stays(ready: Ready, engine: Engine) -> None:
    with Sandbox(engine) as sandbox:
        assert sandbox.run(ready.offer().helper, ASK, 30).strip() in ("OSError", "TimeoutError")
        assert len(left(engine, sandbox)) == 2
    assert left(engine, sandbox) == []


def test_nothing_stays_after_an_error(ready: Ready, engine: Engine) -> None:
    sandbox = Sandbox(engine)

    def interrupted() -> None:
        with sandbox:
            sandbox.run(ready.offer().helper, ["true"], 30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert left(engine, sandbox) == []


def test_a_container_that_ends_says_why(engine: Engine, image: str) -> None:
    with Sandbox(engine) as sandbox:
        sandbox.serve(image, "app")
        engine.api.wait(sandbox.containers["app"], timeout=30)
        assert sandbox.problem_of("app") == ("the container ended with exit code 7", "a\nb\n")


def test_an_image_that_cannot_start_is_not_our_error(ready: Ready, engine: Engine) -> None:
    text = 'FROM python:3.11\nCMD ["/no/such/program"]\n'
    tag = "course-run-test-sandbox:no-program"
    assert engine.build(BuildRequest({"Dockerfile": text.encode()}, parse(text), tag)).succeeded
    try:
        with Sandbox(engine) as sandbox:
            sandbox.serve(tag, "app")
            problem, logs = sandbox.problem_of("app")
    finally:
        engine.remove_image(tag)
    assert problem.startswith("the container could not start: ")
    assert "/no/such/program" in problem
    assert logs == ""
