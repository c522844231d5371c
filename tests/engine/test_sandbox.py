"""Containers on a private network: nothing stays behind, whatever happened."""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Network

import docker
import pytest
import requests
from docker.errors import APIError

from autograder.engine.client import RUN_LABEL, Engine
from autograder.engine.request import BuildRequest
from autograder.engine.sandbox import Sandbox
from autograder.facts.dockerfile import parse
from autograder.ready import Ready

TRY = """\
import socket, sys
for where in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        socket.create_connection(where, 3).close()
        print("REACHED", *where)
    except OSError as error:
        print("FAILED", *where, error)
"""


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


def gateway_of(engine: Engine) -> str:
    """The host's address on the engine's default bridge."""
    config = engine.api.inspect_network("bridge")["IPAM"]["Config"][0]
    return str(config.get("Gateway") or IPv4Network(config["Subnet"])[1])


@pytest.mark.engine
def test_there_is_no_way_out_and_nothing_stays(ready: Ready, engine: Engine) -> None:
    """A container on the default bridge reaches the host and the index; one of ours does not."""
    helper, gateway = ready.offer().helper, gateway_of(engine)
    with socket.create_server((gateway, 0)) as server:
        there = [(gateway, str(server.getsockname()[1])), (ready.index.addresses["now"], "443")]
        ask = ["python3", "-c", TRY, *(word for where in there for word in where)]
        beside = engine.client.containers.run(helper, ask, remove=True).decode()
        assert beside.splitlines() == [f"REACHED {address} {port}" for address, port in there]
        server.settimeout(5)
        server.accept()[0].close()
        with Sandbox(engine) as sandbox:
            assert engine.api.inspect_network(sandbox.network.id)["Internal"] is True
            printed = sandbox.run(helper, ask, 30).splitlines()
            assert [row.split()[:3] for row in printed] == [["FAILED", *where] for where in there]
            assert len(left(engine, sandbox)) == 2
        assert left(engine, sandbox) == []
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


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
