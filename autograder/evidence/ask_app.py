"""Runs inside a helper container: asks an app for `/` until it answers or the time is up.

Arguments: seconds, port, host name, and a header. Prints one JSON line:
[status, body, seconds, problem, the header's value].
Standard library only, and nothing of the course: the helper image has only Python.
"""

import http.client
import json
import socket
import sys
import time

MOST_BYTES = 64 * 1024
PAUSE = 0.05
GONE_SECONDS = 2.0


def main(seconds: str, port: str, name: str, header: str) -> None:
    """Ask, and print the answer."""
    print("ANSWERED " + json.dumps(ask(name, int(port), float(seconds), header)), flush=True)


def ask(name: str, port: int, seconds: float, header: str = "") -> list[object]:
    """Ask until the app answers 200, ends, or the time is up."""
    began, last, unknown_since = time.monotonic(), "", None
    status: int | None = None
    body = value = ""
    while (spent := time.monotonic() - began) < seconds:
        try:
            status, body, value = get(name, port, seconds - spent, header)
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
            last = f"it did not answer in HTTP ({type(error).__name__})"
        time.sleep(PAUSE)
    return [status, body, time.monotonic() - began, last, value]


def get(name: str, port: int, seconds: float, header: str) -> tuple[int, str, str]:
    """One GET: the status, at most MOST_BYTES of the body, and a header's value."""
    connection = http.client.HTTPConnection(name, port, timeout=max(0.1, min(seconds, 10)))
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read(MOST_BYTES).decode("utf-8", "replace")
        return response.status, body, response.getheader(header, "")
    finally:
        connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
