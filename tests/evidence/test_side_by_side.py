"""Who is interrupted does not wait for the builds that run in threads."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import pytest

from autograder.engine.client import Engine
from autograder.engine.request import BuildRequest
from autograder.errors import NotJudged
from autograder.evidence.side_by_side import side_by_side
from autograder.facts.build import Builder, BuildFacts
from autograder.facts.dockerfile import parse

Fake = Callable[[Callable[[socket.socket], None]], str]
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
REQUEST = BuildRequest({"Dockerfile": b"FROM a"}, parse("FROM a"), "x", timeout=60)


@pytest.mark.parametrize("builder", ["buildkit", "classic"])
def test_an_interrupt_ends_what_is_built_meanwhile(builder: Builder, fake_engine: Fake) -> None:
    begun, left = threading.Semaphore(0), threading.Semaphore(0)

    def silent(connection: socket.socket) -> None:
        connection.sendall(STREAM)
        begun.release()
        with contextlib.suppress(OSError):
            while connection.recv(1 << 20):
                pass
        left.release()

    engine = Engine.connect(fake_engine(silent))
    builds = list[Future[BuildFacts]]()

    def interrupted() -> None:
        with side_by_side(engine, 1) as pool:
            request = replace(REQUEST, builder=builder)
            builds.extend(pool.submit(engine.build, request) for _ in range(3))
            begun.acquire(timeout=20)
            time.sleep(0.2)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 20
    assert left.acquire(timeout=5), "the engine is told, and stops"
    with pytest.raises(NotJudged):
        builds[0].result()
    assert all(build.cancelled() for build in builds[1:])


def test_a_build_that_begins_meanwhile_ends_too(fake_engine: Fake) -> None:
    """And a later one, of a learner who goes on, does not."""

    def ends(connection: socket.socket) -> None:
        image = b'{"id": "moby.image.id", "aux": {"ID": "sha256:1"}}\r\n'
        connection.sendall(STREAM + b"%x\r\n%s\r\n0\r\n\r\n" % (len(image), image))

    engine = Engine.connect(fake_engine(ends))
    with engine.builds_ended(), pytest.raises(NotJudged, match="interrupted"):
        engine.build(REQUEST)
    assert engine.build(REQUEST).succeeded
