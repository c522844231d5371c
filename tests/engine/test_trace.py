"""BuildKit's progress messages."""

import base64

import pytest

from autograder.engine.trace import decode
from autograder.errors import NotJudged


def field(number: int, body: bytes) -> bytes:
    """A protobuf field of bytes: https://protobuf.dev/programming-guides/encoding/."""
    return bytes([number << 3 | 2, len(body)]) + body


def test_a_vertex_and_its_log() -> None:
    started = field(5, b"\x08\x0a\x10\x05")  # 10 s and 5 ns
    vertex = field(1, b"sha256:1") + field(3, b"[1/2] RUN a") + b"\x20\x01" + started
    log = field(1, b"sha256:1") + b"\x18\x01" + field(4, b"hello\n")
    status = decode(base64.b64encode(field(1, vertex) + field(3, log)).decode())
    (row,), (printed,) = status.vertexes, status.logs
    assert (row.digest, row.name, row.cached) == ("sha256:1", "[1/2] RUN a", True)
    assert row.started.ToNanoseconds() == 10_000_000_005
    assert not row.HasField("completed")
    assert (printed.vertex, printed.msg) == ("sha256:1", b"hello\n")


def test_an_empty_message() -> None:
    assert list(decode("").vertexes) == []


@pytest.mark.parametrize("aux", ["////", "CgU=", "a"])
def test_what_is_no_message_is_not_judged(aux: str) -> None:
    with pytest.raises(NotJudged, match="cannot be read"):
        decode(aux)
