"""Runs inside a helper container: asks an app for `/` until it answers or the time is up.

Arguments: seconds, port, host name, a header of the answer, and one to send, as `NAME: value`.
Prints one JSON line: [status, body, seconds, problem, the header's value].
Standard library only, and nothing of the course: the helper image has only Python.
"""

import http.client
import io
import json
import socket
import sys
import time
from typing import Any, cast

MOST_BYTES = 64 * 1024
MOST_READ = 2**20
"""Bytes of one answer, with its headers and all that goes before it."""
PAUSE = 0.05
GONE_SECONDS = 2.0
NO_HTTP = "it did not answer in HTTP"


class Unfinished(Exception):
    """An answer began, and was not whole when the time was up or enough was read."""


class Bounded(io.RawIOBase):
    """What an app sends, until a moment of time.monotonic() and up to MOST_READ bytes.

    Reading raises Unfinished past these; TimeoutError where nothing came at all.
    """

    def __init__(self, line: socket.socket, until: float) -> None:
        self._line, self._until, self._read = line, until, 0
        self._raw: io.RawIOBase = line.makefile("rb", buffering=0)

    def makefile(self, *_: object) -> io.BufferedReader:
        """For http.client, which takes this for the socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """What came next, as io.RawIOBase has it."""
        left = self._until - time.monotonic()
        if self._read and (left <= 0 or self._read > MOST_READ):
            raise Unfinished
        self._line.settimeout(max(0.1, min(left, 10)))
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError as error:
            raise Unfinished if self._read else error from error
        self._read += count or 0
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


def main(seconds: str, port: str, name: str, header: str, sent: str) -> None:
    """Ask, and print the answer."""
    answer = ask(name, int(port), float(seconds), header, sent)
    print("ANSWERED " + json.dumps(answer), flush=True)


def ask(name: str, port: int, seconds: float, header: str = "", sent: str = "") -> list[object]:
    """Ask until the app answers 200, ends, or the time is up."""
    began, last, unknown_since = time.monotonic(), "", None
    status: int | None = None
    body = value = ""
    while (spent := time.monotonic() - began) < seconds:
        try:
            status, body, value = get(name, port, seconds - spent, header, sent)
            if status == 200:
                return [status, body, time.monotonic() - began, "", value]
            last = f"it answered {status}"
            unknown_since = None
        except socket.gaierror:
            # A container's name is known while it runs: an unknown name is a container that ended.
            now = time.monotonic()
            unknown_since = unknown_since or now
            last = "the container ended"
            if now - unknown_since > GONE_SECONDS:
                break
        except OSError as error:
            last = error.strerror or "nothing answered in time"
            unknown_since = None
        except http.client.HTTPException as error:
            last = f"{NO_HTTP} ({type(error).__name__})"
        except Unfinished:
            if not last.startswith(NO_HTTP):  # else the time ended in the midst of more of that
                last = f"it did not finish its answer in {seconds:g} s"
        time.sleep(PAUSE)
    return [status, body, time.monotonic() - began, last, value]


def get(name: str, port: int, seconds: float, header: str, sent: str) -> tuple[int, str, str]:
    """One GET: the status, at most MOST_BYTES of the body, and a header's value."""
    until = time.monotonic() + seconds
    connection = http.client.HTTPConnection(name, port, timeout=max(0.1, min(seconds, 10)))

    def bounded(line: socket.socket, **more: Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(cast(socket.socket, Bounded(line, until)), **more)

    connection.response_class = bounded  # type: ignore[assignment]
    try:
        key, _, value = sent.partition(": ")
        connection.request("GET", "/", headers={key: value} if key else {})
        response = connection.getresponse()
        body = response.read(MOST_BYTES).decode("utf-8", "replace")
        return response.status, body, response.getheader(header, "")
    finally:
        connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
