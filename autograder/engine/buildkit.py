"""A build by the engine's own BuildKit, through the docker SDK's connection.

docker-py drives only the classic builder; `POST /build?version=2` with a gzipped tar drives
BuildKit on every engine since 18.09 and needs no session.
"""

import json
import re
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from socket import SHUT_RDWR
from typing import Any

import requests

from autograder.engine.complaint import line_of_complaint
from autograder.engine.failure import LOG_LINES, classify, printed_lines
from autograder.engine.request import BuildRequest, Progress, pack, until
from autograder.engine.trace import decode
from autograder.errors import EngineUnavailable
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep
from autograder.facts.dockerfile import Base, Dockerfile, Instruction
from autograder.facts.instructions import unquoted

# What ONBUILD runs is told without stage and number.
_STEP = re.compile(
    r"^(?:\[(?:\S+/\S+ )?(?:(?P<stage>\S+) +)?(?P<number>\d+)/(?P<total>\d+)\] (?P<name>.*)"
    r"|(?P<trigger>(?:RUN|COPY|ADD|WORKDIR) .*))",
    re.S,
)
_STEP_KEYWORDS = {"RUN", "COPY", "ADD", "WORKDIR"}
_LOG_BYTES = 256 * 1024
_CACHES = "BUILDKIT_CACHE_MOUNT_NS"
"""https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args"""


_CANCELED = "context canceled"
"""What the builder says last of a step that it stopped: the docker command, too, tells it by that
(`printVertex` in buildkit/util/progress/progressui). What stands before it quotes the step."""


@dataclass
class _Vertex:
    """step: its name's parts, where it is a step of the Dockerfile."""

    name: str = ""
    step: re.Match[str] | None = None
    cached: bool = False
    started: float = 0.0
    completed: float = 0.0
    error: str = ""
    printed: bytearray = field(default_factory=bytearray)


class _Recorder:
    """Gathers vertices and their logs while the build runs."""

    def __init__(self, request: BuildRequest) -> None:
        self.request = request
        self.vertices: dict[str, _Vertex] = {}
        self.known = self.begun = 0  # of the vertices that are steps

    def take(self, status: Any) -> None:
        for row in status.vertexes:
            vertex = self.vertices.setdefault(row.digest, _Vertex())
            begins = row.HasField("started") and not vertex.started
            self._count(vertex, -1)
            if row.name and row.name != vertex.name:
                vertex.name, vertex.step = row.name, _STEP.match(row.name)
            vertex.cached, vertex.error = row.cached, row.error
            vertex.started = row.started.ToNanoseconds() / 1e9 if row.HasField("started") else 0.0
            vertex.completed = (
                row.completed.ToNanoseconds() / 1e9 if row.HasField("completed") else 0.0
            )
            self._count(vertex, 1)
            if begins:
                self._tell(vertex)
        for log in status.logs:
            vertex = self.vertices.setdefault(log.vertex, _Vertex())
            vertex.printed += log.msg
            del vertex.printed[:-_LOG_BYTES]
            self._tell(vertex)

    def _count(self, vertex: _Vertex, by: int) -> None:
        if vertex.step:
            self.known += by
            self.begun += by if vertex.started else 0

    def _tell(self, vertex: _Vertex) -> None:
        if vertex.step is None:
            return
        last = bytes(vertex.printed[-400:]).decode("utf-8", "replace").rstrip().rpartition("\n")[2]
        name = vertex.step["name"] or vertex.step["trigger"]
        self.request.progress(Progress(self.begun, self.known, name, last, vertex.cached))

    def steps(self) -> tuple[BuildStep, ...]:
        rows = [v for v in self.vertices.values() if v.step and v.completed]
        return tuple(self._step(v) for v in sorted(rows, key=lambda v: v.started))

    def _step(self, vertex: _Vertex) -> BuildStep:
        match = vertex.step
        assert match is not None
        stage, name = match["stage"] or "", match["name"] or match["trigger"]
        if match["trigger"]:
            line = line_of_trigger(self.request.dockerfile, name)
        else:
            number, total = int(match["number"]), int(match["total"])
            line = line_of(self.request.dockerfile, stage, number, total, name)
        seconds = 0.0 if vertex.cached else max(0.0, vertex.completed - vertex.started)
        text = vertex.printed.decode("utf-8", "replace")
        rows = printed_lines(text, self.request.longest_line)
        return BuildStep(name, stage, vertex.cached, seconds, line, vertex.error, rows)

    def failure(self, message: str) -> BuildFailure:
        vertices = (v for v in self.vertices.values() if v.error)
        errors = (v for v in vertices if not v.error.rstrip().endswith(_CANCELED))
        bad = next(errors, None)
        if bad is None:
            return classify(message, line=line_of_complaint(message, self.request.dockerfile))
        if bad.step is None:
            return classify(message if "parse error" in message else f"{bad.name}: {message}")
        step = self._step(bad)
        return classify(message, step=step.name, line=step.line, log=step.printed)


def line_of(
    dockerfile: Dockerfile, stage: str, number: int, total: int, name: str = ""
) -> int | None:
    """The line of step `number` of a stage, or None where the numbers do not fit.

    Two stages may have one name: a nameless one is called stage-N. Then the step's text tells.
    """
    if name.startswith("FROM "):
        return None
    found = []
    for candidate in dockerfile.stages:
        if stage in ("", candidate.name, f"stage-{candidate.index}"):
            rows = [i for i in candidate.instructions if i.keyword in _STEP_KEYWORDS]
            # Step 1 is FROM, but where the stage starts from another, or from nothing.
            image = isinstance(candidate.base, Base) and candidate.base.reference != "scratch"
            ran_before = sum(row.keyword in _STEP_KEYWORDS for row in candidate.triggers)
            at = number - 1 - image - ran_before  # ONBUILD steps have numbers, and no total
            if len(rows) == total - image and 0 <= at < len(rows):
                found.append(rows[at])
    said = [row for row in found if _is_called(row, name)]
    return next((row.line for row in (*said, *found)), None)


def line_of_trigger(dockerfile: Dockerfile, name: str) -> int | None:
    """The line of the ONBUILD that made this step, or None where it is the base image's."""
    rows = (row for stage in dockerfile.stages for row in stage.triggers)
    return next((row.line for row in rows if _is_called(row, name)), None)


def _is_called(row: Instruction, name: str) -> bool:
    """Whether a step's name is an instruction's text, with its flags in the same order."""
    keyword, *words = name.split()
    flags = [f"--{flag}={value}" if value else f"--{flag}" for flag, value in row.flags]
    text = [unquoted(word).lower() for word in words[: len(flags)]]
    same = text == [flag.lower() for flag in flags]
    return same and [keyword.upper(), *words[len(flags) :]] == [row.keyword, *row.value.split()]


def build(api: Any, request: BuildRequest) -> BuildFacts:
    """Build with BuildKit; a failed build is a result, not an exception.

    api: a docker.APIClient, typed Any for the private methods that its own build uses too.
    """
    began = time.monotonic()
    recorder, image_id, problem = _Recorder(request), None, ""
    try:
        with closing(_messages(api, request, began + request.timeout)) as messages:
            for message in messages:
                if message.get("id") == "moby.buildkit.trace":
                    recorder.take(decode(message["aux"]))
                elif message.get("id") == "moby.image.id":
                    image_id = message["aux"]["ID"]
                elif "error" in message:
                    problem = message["error"]
        failure = recorder.failure(problem) if problem else None
    except TimeoutError:
        text = f"the build was stopped after {request.timeout:.0f} s"
        failure = BuildFailure("timeout", text, *_running(recorder))
    if failure is None and image_id is None:
        raise EngineUnavailable("the Docker engine stopped in the middle of the build")
    seconds = time.monotonic() - began
    image_id = None if failure else image_id
    return BuildFacts("buildkit", recorder.steps(), seconds, request.tag, image_id, failure)


def _parameters(request: BuildRequest) -> dict[str, Any]:
    return {
        "version": "2",
        "t": request.tag,
        "labels": json.dumps(dict(request.labels)),
        "extrahosts": [f"{name}:{address}" for name, address in request.hosts.items()],
        "buildargs": json.dumps({_CACHES: request.caches} if request.caches else {}),
    }


def _messages(
    api: Any, request: BuildRequest, deadline: float
) -> Generator[dict[str, Any], None, None]:
    """The answer's messages. Raises TimeoutError at the deadline, silent build or not."""
    with until(deadline), _asked(api, request) as response:
        api._raise_for_status(response)
        stream = api._get_raw_response_socket(response)
        socket = getattr(stream, "_sock", stream)  # a SocketIO hides the one that has a timeout
        socket.settimeout(max(0.1, deadline - time.monotonic()))
        # The engine stops a build whose client is gone; a socket that is only closed would not wake
        # the thread that reads from it.
        with request.under_way.held(partial(socket.shutdown, SHUT_RDWR)):
            for message in api._stream_helper(response, decode=True):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                socket.settimeout(left)
                yield message


def _asked(api: Any, request: BuildRequest) -> closing[requests.Response]:
    """The engine's answer when it begins to build."""
    response = api._post(
        api._url("/build"),
        params=_parameters(request),
        data=pack(request.files, request.programs),
        headers={"Content-Type": "application/x-tar"},
        stream=True,
        timeout=request.timeout,
    )
    return closing(response)


def _running(recorder: _Recorder) -> tuple[str, int | None, tuple[str, ...]]:
    """Step, line and last lines of what was running when the build was stopped."""
    for vertex in recorder.vertices.values():
        if vertex.started and not vertex.completed and vertex.step:
            step = recorder._step(vertex)
            return step.name, step.line, step.printed[-LOG_LINES:]
    return "", None, ()
