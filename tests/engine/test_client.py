"""What an engine has, what its history rows say, and how we fail when it does."""

import contextlib
import json
import socket
import time
from collections.abc import Callable

import pytest

from autograder.engine import buildkit, client
from autograder.engine.client import Engine, plain
from autograder.engine.lost_layer import lost_layer
from autograder.engine.request import BuildRequest
from autograder.errors import EngineUnavailable, NotJudged
from autograder.facts.build import Builder, BuildFacts, BuildFailure
from autograder.facts.dockerfile import parse

Fake = Callable[[Callable[[socket.socket], None]], str]
BUILDERS: tuple[Builder, ...] = ("buildkit", "classic")
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
BUILD_ARGUMENT = "RUN |1 POETRY_VERSION=1.7.0 /bin/sh -c pip install poetry==$POETRY_VERSION"


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("RUN /bin/sh -c pip install a # buildkit", "RUN pip install a"),
        (f"{BUILD_ARGUMENT} # buildkit", "RUN pip install poetry==$POETRY_VERSION"),
        ("RUN |2 A=b c D='e f' /bin/sh -c g # buildkit", "RUN g"),
        ("COPY . . # buildkit", "COPY . ."),
        ('CMD ["python3"]', 'CMD ["python3"]'),
        ("/bin/sh -c pip install a", "RUN pip install a"),
        ("|1 A=b /bin/sh -c pip install a", "RUN pip install a"),
        ("/bin/sh -c #(nop) COPY dir:ab in /app ", "COPY dir:ab in /app"),
        ('/bin/sh -c #(nop)  CMD ["python3"]', 'CMD ["python3"]'),
        ("RUN /bin/bash -c pip install a # buildkit", "RUN /bin/bash -c pip install a"),
        ("RUN /bin/sh -c a\nb # buildkit", "RUN a\nb"),
        ("", ""),
    ],
)
def test_a_history_row_as_it_was_written(row: str, wanted: str) -> None:
    assert plain(row) == wanted


def test_a_history_row_of_a_stranger_takes_no_time() -> None:
    """A learner chooses the value of an ARG and the shell."""
    began = time.process_time()
    plain("RUN |1 A=" + "a=" * 10_000 + " /bin/bash -c x")
    plain("RUN |1 A=" + "a= " * 10_000 + " /bin/bash -c x")
    plain("RUN x" + " " * 60_000 + "#")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("version", "builder", "features", "lacking"),
    [
        ("26.1.5", "buildkit", {"heredoc": 2, "mount": 3}, None),
        ("20.10.24+dfsg1", "buildkit", {"mount": 3}, None),
        ("20.10.24+dfsg1", "buildkit", {"mount": 3, "heredoc": 4}, "heredoc"),
        ("20.10.24+dfsg1", "buildkit", {"link": 3}, "link"),
        ("28.5.2", "buildkit", {"exclude": 3}, "exclude"),
        ("26.1.5", "buildkit", {"chmod": 3}, None),
        ("26.1.5", "buildkit", {"a chmod that is no number": 3}, "a chmod that is no number"),
        ("28.0.0", "buildkit", {"a chmod that is no number": 3}, None),
        ("26.1.5", "buildkit", {"TARGETARCH": 3}, None),
        ("26.1.5", "classic", {"TARGETARCH": 3}, "TARGETARCH"),
        ("26.1.5", "classic", {"mount": 3}, "mount"),
        ("26.1.5", "classic", {}, None),
        ("dev", "buildkit", {"mount": 3}, "mount"),
    ],
)
def test_a_feature_that_an_engine_lacks(
    version: str, builder: Builder, features: dict[str, int], lacking: str | None, fake_engine: Fake
) -> None:
    engine = Engine.connect(fake_engine(lambda _: None))
    engine.version = version
    assert engine.lacks(features, builder) == lacking


def test_no_engine_is_one_clear_line() -> None:
    with pytest.raises(EngineUnavailable, match="no Docker engine answers at unix:///no/where"):
        Engine.connect("unix:///no/where")


def stops_in_a_chunk(connection: socket.socket) -> None:
    connection.sendall(STREAM + b'50\r\n{"id"')


def stops_between_chunks(connection: socket.socket) -> None:
    connection.sendall(STREAM + b'e\r\n{"id":"x"}\r\n\r\n\r\n'.replace(b"e\r\n", b"c\r\n", 1))


def says_nothing(connection: socket.socket) -> None:
    connection.close()


def ends_without_an_image(connection: socket.socket) -> None:
    connection.sendall(STREAM + b'c\r\n{"id":"x"}\r\n\r\n0\r\n\r\n')


def answers_garbage(connection: socket.socket) -> None:
    connection.sendall(STREAM + b"a\r\nnot json\r\n\r\n0\r\n\r\n")


def answers_a_broken_trace(connection: socket.socket) -> None:
    body = b'{"id": "moby.buildkit.trace", "aux": "////"}\r\n'
    connection.sendall(STREAM + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


def answers_500(connection: socket.socket) -> None:
    body = b'{"message": "the daemon is confused"}'
    head = b"HTTP/1.1 500 Bad\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % len(body) + body)


FAILURES = [
    stops_in_a_chunk,
    stops_between_chunks,
    says_nothing,
    ends_without_an_image,
    answers_garbage,
    answers_a_broken_trace,
    answers_500,
]


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("behave", FAILURES)
def test_an_engine_that_dies_in_mid_build_is_no_verdict(
    behave: Callable[[socket.socket], None], builder: Builder, fake_engine: Fake
) -> None:
    engine = Engine.connect(fake_engine(behave))
    request = BuildRequest({"Dockerfile": b"FROM a"}, parse("FROM a"), "x", builder=builder)
    with pytest.raises(NotJudged) as error:
        engine.build(request)
    assert "\n" not in str(error.value)
    assert "build" in str(error.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("dockerfile parse error line 2: ENV names can not be blank", "ENV names can not be blank"),
        ("failed to parse Dockerfile: ENV must have two arguments", "ENV must have two arguments"),
    ],
)
def test_what_the_classic_builder_cannot_parse_is_a_result(
    said: str, message: str, fake_engine: Fake
) -> None:
    """It says so before it begins, as a client's error."""

    def refuses(connection: socket.socket) -> None:
        body = json.dumps({"message": said}).encode()
        head = b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)

    text = "FROM a\nENV PORT\n"
    request = BuildRequest({"Dockerfile": text.encode()}, parse(text), "x", builder="classic")
    failure = Engine.connect(fake_engine(refuses)).build(request).failure
    assert failure is not None
    assert (failure.kind, failure.line, failure.message) == ("dockerfile", 2, message)


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("head", [STREAM, b""], ids=["begun", "not even begun"])
def test_a_build_that_says_nothing_ends_at_the_timeout(
    head: bytes, builder: Builder, fake_engine: Fake
) -> None:
    def silent(connection: socket.socket) -> None:
        connection.sendall(head)
        with contextlib.suppress(OSError):
            connection.recv(1 << 20)
            connection.recv(1)

    engine = Engine.connect(fake_engine(silent))
    request = BuildRequest(
        {"Dockerfile": b"FROM a"}, parse("FROM a"), "x", builder=builder, timeout=2
    )
    facts = engine.build(request)
    assert facts.failure is not None
    assert (facts.failure.kind, facts.succeeded) == ("timeout", False)
    assert facts.failure.message == "the build was stopped after 2 s"
    assert facts.seconds < 10


@pytest.mark.parametrize("step", ["WORKDIR /app", "RUN true"])
def test_a_layer_that_stays_lost_is_no_verdict(
    step: str, fake_engine: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = BuildFailure("step", "failed to prepare ab12 as cd34: open …: no such file", step, 2)
    forgotten = []
    monkeypatch.setattr(
        buildkit, "build", lambda *_: BuildFacts("buildkit", (), 1.0, "x", failure=failure)
    )
    monkeypatch.setattr(client, "forget", lambda _, record: forgotten.append(record))
    request = BuildRequest({"Dockerfile": b"FROM a"}, parse("FROM a"), "x")
    with pytest.raises(NotJudged, match="lost a layer of its build cache: `docker builder prune"):
        Engine.connect(fake_engine(lambda _: None)).build(request)
    assert forgotten == ["ab12"]


@pytest.mark.parametrize(
    "message",
    [
        'process "/bin/sh -c failed to prepare a as b: c" did not complete successfully',
        'failed to calculate checksum of ref a: "/failed to prepare a as b: c": not found',
    ],
)
def test_what_a_dockerfile_says_is_no_lost_layer(message: str) -> None:
    failure = BuildFailure("step", message, "RUN x", 2)
    assert lost_layer(BuildFacts("buildkit", (), 1.0, "x", failure=failure)) == ""
