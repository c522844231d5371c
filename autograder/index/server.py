"""The index's web server. It runs inside a container on the engine, on the base image's Python.

It knows nothing of the course: it serves the folder it stands in, over TLS, one site for each
address that it was given, `server.py DATE=ADDRESS …`; the last one is the default.
"""

import fcntl
import gc
import os
import re
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakSet

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

READY = "serving"
HERE = Path(__file__).parent
HTML = "text/html"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
MOST_OPEN = 400
"""Connections, by open files and by what is still in memory: more of them wait. For TLS alone each
takes 0.3 MB of memory."""
PAUSE = 0.01
BACKLOG = 256
GONE_SECONDS = 6
"""A build's network ends without a word to its peers: so long they count as there."""


def application(site: Path, wheels: Path, dates: dict[str, str]) -> Starlette:
    """The index over HTTP; `dates` names the site that each server address stands for."""

    def page(request: Request, *parts: str) -> Path:
        address = (request.scope.get("server") or ("",))[0]
        return site / dates.get(address, list(dates.values())[-1]) / Path(*parts)

    async def simple(request: Request) -> Response:
        folder = page(request, "simple", _project(request))
        if "json" in request.headers.get("accept", ""):
            return _file(folder / "index.json", SIMPLE_JSON)
        return _file(folder / "index.html", HTML)

    async def release(request: Request) -> Response:
        version = request.path_params.get("version", "")
        return _file(page(request, "pypi", _project(request), version, "json"), "application/json")

    async def package(request: Request) -> Response:
        # By name alone, so that a lock file with the public index's full addresses works too.
        name = Path(request.path_params["path"]).name
        folder = site / "metadata" if name.endswith(".metadata") else wheels
        return _file(folder / name, "application/octet-stream")

    return Starlette(
        routes=[
            Route("/simple/", simple),
            Route("/simple/{project}/", simple),
            Route("/pypi/{project}/json", release),
            Route("/pypi/{project}/{version}/json", release),
            Route("/packages/{path:path}", package),
        ]
    )


def _project(request: Request) -> str:
    """The normalised name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", request.path_params.get("project", "")).lower()


def _file(path: Path, media_type: str) -> Response:
    if ".." in path.parts or not _is_there(path):
        raise HTTPException(404)
    return FileResponse(path, media_type=media_type, headers={"Vary": "Accept"})


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have: too long, say
        return False


def take_address(address: str, label: str) -> None:
    """Give this container's network card one more address (netdevice(7)), for this host only."""
    set_address, set_netmask = 0x8916, 0x891C
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as card:
        for request, value in ((set_address, address), (set_netmask, "255.255.255.255")):
            sockaddr = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(card, request, struct.pack("16s16s", f"eth0:{label}".encode(), sockaddr))


class Line(H11Protocol):
    """One connection. When it ends, however it ends, nothing keeps it."""

    in_memory: ClassVar[WeakSet["Line"]] = WeakSet()

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.in_memory.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """As if it had been closed in order: uvicorn keeps one that was reset for 5 s more."""
        super().connection_lost(None)


class Door(socket.socket):
    """A listening socket that lets in as many as the server can bear, and forgets who vanished."""

    def __init__(self, port: int) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What is accepted inherits these: tcp(7).
        self.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, GONE_SECONDS // 2)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, GONE_SECONDS // 2)
        self.bind(("", port))
        self.listen(BACKLOG)

    def accept(self) -> tuple[socket.socket, Any]:
        """As ever, or BlockingIOError while it is full: asyncio then comes back in a moment.

        A limit of the kernel's would not do, as asyncio stumbles over it for good.
        """
        if len([*Path("/proc/self/fd").iterdir()]) > MOST_OPEN or self._remembers_too_many():
            time.sleep(PAUSE)
            raise BlockingIOError
        return super().accept()

    @staticmethod
    def _remembers_too_many() -> bool:
        """Whether connections that ended, and those that did not, take all the memory there is.

        They point to each other in circles, and Python, which sees few and small objects and not
        what TLS has behind them, looks for such garbage too seldom.
        """
        if len(Line.in_memory) > MOST_OPEN:
            gc.collect()
        return len(Line.in_memory) > MOST_OPEN


def main() -> None:
    """Take the addresses, listen, say so on one line, serve until told to stop."""
    dates = {}
    for argument in sys.argv[1:]:
        date, _, address = argument.partition("=")
        take_address(address, date)
        dates[address] = date
    config = uvicorn.Config(
        application(HERE / "site", HERE / "wheels", dates),
        ssl_certfile=HERE / "chain.pem",
        ssl_keyfile=str(HERE / "key.pem"),
        access_log="INDEX_LOG" in os.environ,
        # Not "warning": a build could have it write a line for each bad request.
        log_level="info" if "INDEX_LOG" in os.environ else "error",
        http=Line,
        lifespan="off",
        backlog=BACKLOG,
    )
    door = Door(443)
    print(READY, flush=True)
    uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main()
