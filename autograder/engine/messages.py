"""What an engine says while it builds, until it has ended or may say no more."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from socket import SHUT_RDWR
from time import monotonic
from typing import Any

import requests
import urllib3

from autograder.engine.request import BuildRequest, pack

# What the SDK's connection raises when nothing comes; it does not translate what a stream raises.
_SILENCE = (
    requests.exceptions.ReadTimeout,
    requests.exceptions.ConnectionError,
    urllib3.exceptions.ReadTimeoutError,
)


def messages_of(
    api: Any, request: BuildRequest, parameters: Mapping[str, Any], until: Callable[[], float]
) -> Generator[dict[str, Any], None, None]:
    """The messages of a build.

    api: a docker.APIClient, typed Any for the private methods that its own build uses too.
    parameters: those of the Engine API's ImageBuild.
    until: when it is stopped, on the clock of time.monotonic(); asked after each message.

    Raises TimeoutError then, silent build or not, and APIError where the engine does not begin.
    """
    with _telling_silence(until), _asked(api, request, parameters) as response:
        api._raise_for_status(response)
        stream = api._get_raw_response_socket(response)
        socket = getattr(stream, "_sock", stream)  # a SocketIO hides the one that has a timeout
        socket.settimeout(max(0.1, until() - monotonic()))
        # The engine stops a build whose client is gone; a socket that is only closed would not wake
        # the thread that reads from it.
        with request.under_way.held(partial(socket.shutdown, SHUT_RDWR)):
            for message in api._stream_helper(response, decode=True):
                yield message
                left = until() - monotonic()
                if left <= 0:
                    raise TimeoutError
                socket.settimeout(left)


@contextmanager
def _telling_silence(until: Callable[[], float]) -> Iterator[None]:
    """An engine that said nothing until then raises TimeoutError.

    So does one that has not answered at all: a busy engine takes long to begin.
    """
    try:
        yield
    except _SILENCE as error:
        if monotonic() >= until() - 1:
            raise TimeoutError from error
        raise


def _asked(
    api: Any, request: BuildRequest, parameters: Mapping[str, Any]
) -> closing[requests.Response]:
    """The engine's answer when it begins to build."""
    response = api._post(
        api._url("/build"),
        params=parameters,
        data=pack(request.files, request.programs),
        headers={"Content-Type": "application/x-tar"},
        stream=True,
        timeout=request.timeout,
    )
    return closing(response)
