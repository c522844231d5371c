"""Containers on a private network: nothing stays behind, whatever happened."""

from collections.abc import Iterator

import docker
import pytest
import requests
from docker.errors import APIError

from autograder.engine.client import RUN_LABEL, Engine
from autograder.engine.request import BuildRequest
from autograder.engine.sandbox import Sandbox
from autograder.facts.dockerfile import parse
from autograder.ready import Ready

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


@pytest.mark.engine
def test_there_is_no_way_out_and_nothing_stays(ready: Ready, engine: Engine) -> None:
    with Sandbox(engine) as sandbox:
        assert sandbox.run(ready.offer().helper, ASK, 30).strip() in ("OSError", "TimeoutError")
        assert len(left(engine, sandbox)) == 2
    assert left(engine, sandbox) == []


@pytest.mark.engine
def test_nothing_stays_after_an_error(ready: Ready, engine: Engine) -> None:
    sandbox = Sandbox(engine)

    def interrupted() -> None:
        with sandbox:
            sandbox.run(ready.offer().helper, ["true"], 30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert left(engine, sandbox) == []


@pytest.mark.engine
def test_a_container_that_ends_says_why(engine: Engine, image: str) -> None:
    with Sandbox(engine) as sandbox:
        sandbox.serve(image, "app")
        engine.api.wait(sandbox.containers["app"], timeout=30)
        assert sandbox.problem_of("app") == ("the container ended with exit code 7", "a\nb\n")


@pytest.mark.engine
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


class _Network:
    name = "n"

    def __init__(self) -> None:
        self.asked = 0

    def remove(self) -> None:
        self.asked += 1
        raise APIError("403 Forbidden", explanation="it has active endpoints")


class _Keeps:
    """A client and API of an engine on which nothing can be removed."""

    def __init__(self, error: Exception) -> None:
        self.error, self.network = error, _Network()
        self.api = self.networks = self
        self.removed: list[str] = []

    def create(self, *_: object, **__: object) -> _Network:
        return self.network

    def containers(self, **_: object) -> list[dict[str, str]]:
        return [{"Id": "a"}, {"Id": "b"}]

    def remove_container(self, container: str, **_: object) -> None:
        self.removed.append(container)
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        APIError("409 Conflict", explanation="removal of container a is already in progress"),
        requests.exceptions.ReadTimeout("no answer in 120 s"),
    ],
)
def test_an_engine_that_keeps_a_container_costs_no_verdict(error: Exception) -> None:
    keeps = _Keeps(error)
    with Sandbox(Engine(keeps)) as sandbox:  # type: ignore[arg-type]
        assert sandbox.network is keeps.network
    assert sorted(keeps.removed) == ["a", "b"]
    assert keeps.network.asked == 1
