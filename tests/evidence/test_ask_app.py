"""The helper that asks a stranger's app, run as it runs in its container."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from autograder.evidence import answers
from autograder.evidence.material import ASKED, TOLD
from autograder.facts.answer import Imported

SCRIPT = Path(answers.__file__).with_name("ask_app.py")
Serve = Callable[[bytes], int]
Drip = Callable[[bytes, bytes, float], int]


def listening(answer: Callable[[socket.socket], None]) -> int:
    """A port of loopback on which each connection is answered in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


@pytest.fixture
def serve() -> Serve:
    """Serves the same bytes to whoever asks, on a port of loopback; nothing if there are none."""

    def start(reply: bytes) -> int:
        def answer(connection: socket.socket) -> None:
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(reply)
                except OSError:
                    return
                if not reply:
                    time.sleep(60)

        return listening(answer)

    return start


@pytest.fixture
def drip() -> Drip:
    """Serves some bytes, and then others again and again, with a pause before each."""

    def start(first: bytes, then: bytes, pause: float) -> int:
        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(first)
                while True:
                    time.sleep(pause)
                    connection.sendall(then)

        return listening(answer)

    return start


def ask(port: int, seconds: float = 1.5, name: str = "127.0.0.1") -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, str(seconds), str(port), name, TOLD, f"{ASKED}: token"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith("ANSWERED ")
    row: list[Any] = json.loads(line[9:])
    return row


def http(status: str, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n\r\n".encode() + body


def test_200(serve: Serve) -> None:
    status, body, seconds, problem, told = ask(serve(http("200 OK", b'{"variant": "app"}')), 10)
    assert (status, body, problem, told) == (200, '{"variant": "app"}', "", "")
    assert 0 <= seconds < 5
    read = answers._answer([status, body, seconds, problem, told], "token", "", "logs")
    assert (read.body, read.logs, read.nonce) == ({"variant": "app"}, "logs", "")


@pytest.mark.parametrize(
    ("asked", "told"), [('"token"', "abc"), ('"another"', ""), ("null", ""), ('["token"]', "")]
)
def test_what_is_told_beside_the_answer(serve: Serve, asked: str, told: str) -> None:
    """What was told to another request, during the build, is no answer to this one."""
    said = f'{{"nonce": "abc", "imports_from": "/a:/b", "asked": {asked}}}'
    header = f"{TOLD}: {said}\r\n\r\n".encode()
    row = ask(serve(http("200 OK", b"").replace(b"\r\n\r\n", b"\r\n" + header)), 10)
    read = answers._answer(row, "token", "", "")
    assert (read.nonce, read.imports_from) == (told, ("/a", "/b") if told else ("",))


def test_it_is_asked_with_what_is_to_be_repeated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        port = listener.getsockname()[1]
        asking = threading.Thread(target=ask, args=(port, 10))
        asking.start()
        connection, _ = listener.accept()
        with connection:
            assert f"\r\n{ASKED}: token\r\n".encode() in connection.recv(65536)
            connection.sendall(http("200 OK", b"{}"))
        asking.join()


@pytest.mark.parametrize("told", ["", "{", "[1]", '{"nonce": ["a"], "imports_from": {}}', "\xff"])
def test_a_stranger_tells_anything(told: str) -> None:
    read = answers._answer([200, "{}", 1.0, "", told], "token", "", "")
    assert read.nonce in ("", "…")
    assert not [path for path in read.imports_from if path.startswith("/")]


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("nonce", ["a"], "…"),
        ("nonce", {"a": "b"}, "…"),
        ("nonce", 7, "7"),
        ("nonce", None, "None"),
        ("imports_from", ["/a", "/b"], ("…",)),
        ("imports_from", {"/a": "/b"}, ("…",)),
        ("imports_from", 7, ("7",)),
        ("imports_from", None, ("None",)),
        ("imported", ["kiss|1|/a|/b"], {}),
        ("imported", {"kiss": "1|/a|/b"}, {}),
        ("imported", True, {}),
        ("imported", "", {}),
        ("imported", "kiss|1|/a", {}),
        ("imported", "kiss|1|/a|/b|/c", {}),
        ("imported", ";;|;kiss|1|/a|/b;||", {"kiss": Imported("1", ("/a", "/b"))}),
    ],
)
def test_a_stranger_tells_anything_to_this_very_request(
    key: str, value: object, wanted: object
) -> None:
    """As the app's own message is, but for one thing in it; the rest counts."""
    sound = {"nonce": "abc", "imports_from": "/a:/b", "imported": "uvicorn|2|/a|/a"}
    read = answers._answer(
        [200, "{}", 1.0, "", json.dumps({**sound, key: value, "asked": "token"})], "token", "", ""
    )
    told: dict[str, object] = {"nonce": "abc", "imports_from": ("/a", "/b")}
    told["imported"] = {"uvicorn": Imported("2", ("/a", "/a"))}
    assert {name: getattr(read, name) for name in told} == {**told, key: wanted}


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "307 Temporary Redirect"])
def test_another_status_is_asked_again_until_the_time_is_up(serve: Serve, status: str) -> None:
    code, _, seconds, problem, _ = ask(serve(http(status, b"no")))
    assert (code, problem) == (int(status[:3]), f"it answered {status[:3]}")
    assert seconds >= 1.5


def test_an_app_that_never_answers(serve: Serve) -> None:
    status, body, seconds, problem, _ = ask(serve(b""))
    assert (status, body) == (None, "")
    assert problem == "nothing answered in time"
    assert 1.5 <= seconds < 6


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (http("200 OK", b"", length=10_000), b"x"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"x"),
        (b"HT", b"T"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_an_answer_that_drips_is_given_up_in_time(drip: Drip, first: bytes, then: bytes) -> None:
    """Each byte comes soon after the last: no timeout of a read ends it."""
    status, body, seconds, problem, _ = ask(drip(first, then, 0.2))
    assert (status, body) == (None, "")
    assert problem == "it did not finish its answer in 1.5 s"
    assert 1.5 <= seconds < 3


def test_an_answer_that_goes_on_for_ever_is_given_up_by_its_size(drip: Drip) -> None:
    again = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
    status, _, seconds, problem, _ = ask(drip(again, again, 0))
    assert (status, problem) == (None, "it did not finish its answer in 1.5 s")
    assert seconds < 3


def test_an_answer_that_comes_slowly_and_in_time_counts(drip: Drip) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    assert ask(drip(head, b"x", 0.2), 10)[:2] == [200, "xxxx"]


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    status, _, seconds, problem, _ = ask(port)
    assert (status, problem) == (None, "Connection refused")
    assert seconds >= 1.5


@pytest.mark.parametrize(
    "reply",
    [
        b"\x00\xff" * 1000,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc def\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_garbage(serve: Serve, reply: bytes) -> None:
    status, _, seconds, problem, _ = ask(serve(reply), 4)
    assert status is None
    assert problem.startswith("it did not answer in HTTP (")
    assert seconds < 9


def test_a_body_that_ends_too_soon_counts_as_far_as_it_came(serve: Serve) -> None:
    row = ask(serve(http("200 OK", b'{"variant": ', length=100)), 10)
    assert (*row[:2], *row[3:]) == (200, '{"variant": ', "", "")
    assert answers._answer(row, "token", "", "").body is None


@pytest.mark.parametrize("length", [50_000_000, None])
def test_a_huge_body_is_cut(serve: Serve, length: int | None) -> None:
    status, body, _, _, _ = ask(serve(http("200 OK", b"[" * 5_000_000, length)), 10)
    assert status == 200
    assert body == "[" * 64 * 1024
    assert answers._answer([status, body, 1.0, "", ""], "token", "", "").body is None


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"hello", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b'"variant"', None),
        (b"[1]", None),
        (b'{"variant": ', None),
        (b"1" * 10_000, None),
        (b"[" * 60_000, None),
        (b'{"a":' * 10_000, None),
        (b'{"a": {"b": [1]}, "c": [], "d": null}', {"a": "…", "c": "…", "d": None}),
    ],
)
def test_a_body_is_a_json_object_or_nothing(
    serve: Serve, body: bytes, wanted: dict[str, object] | None
) -> None:
    row = ask(serve(http("200 OK", body)), 10)
    assert row[0] == 200
    assert answers._answer(row, "token", "", "").body == wanted


def test_a_name_that_nobody_has_is_a_container_that_ended() -> None:
    status, _, seconds, problem, _ = ask(1, 20, "no-such-container.invalid")
    assert (status, problem) == (None, "the container ended")
    assert seconds < 15
