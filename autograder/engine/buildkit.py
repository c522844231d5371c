"""A build by the engine's own BuildKit, through the docker SDK's connection.

docker-py drives only the classic builder; `POST /build?version=2` with a gzipped tar drives
BuildKit on every engine since 18.09 and needs no session.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from autograder.engine.complaint import line_of_complaint
from autograder.engine.failure import LOG_LINES, classify, printed_lines
from autograder.engine.messages import messages_of
from autograder.engine.request import BuildRequest, Progress
from autograder.engine.serving import Serving, stopped
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
    serving: Serving = field(default_factory=Serving)


class _Recorder:
    """Gathers vertices and their logs while the build runs.

    deadline: when it is stopped, on the clock of time.monotonic().
    """

    def __init__(self, request: BuildRequest, deadline: float) -> None:
        self.request, self.deadline = request, deadline
        self.vertices: dict[str, _Vertex] = {}
        self.known = self.begun = 0  # of the vertices that are steps
        self.servers: list[_Vertex] = []
        self.inputs = set[str]()  # the digests of what others of the vertices start from

    def take(self, status: Any) -> None:
        for row in status.vertexes:
            vertex = self.vertices.setdefault(row.digest, _Vertex())
            self.inputs.update(row.inputs)
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
            vertex.serving.hear(log.msg)
            if vertex.serving.heard and vertex not in self.servers:
                self.servers.append(vertex)
            del vertex.printed[:-_LOG_BYTES]
            self._tell(vertex)

    def until(self) -> float:
        """When the build is stopped if nothing more is heard of it."""
        return min((v.serving.until(self.deadline) for v in self._serving()), default=self.deadline)

    def _serving(self) -> Iterator[_Vertex]:
        return (vertex for vertex in self.servers if not vertex.completed)

    def stopped(self) -> BuildFailure:
        """Why it was stopped then, and what was running."""
        silent = min(self._serving(), key=lambda v: v.serving.until(self.deadline), default=None)
        if silent and self.until() < self.deadline:
            return BuildFailure("serves", stopped(), *self._at(silent))
        text = f"the build was stopped after {self.request.timeout:.0f} s"
        running = (v for v in self.vertices.values() if v.step and v.started and not v.completed)
        return BuildFailure("timeout", text, *self._at(next(running, None)))

    def _at(self, vertex: _Vertex | None) -> tuple[str, int | None, tuple[str, ...]]:
        """Step, line and last lines of what ran."""
        if vertex is None or vertex.step is None:
            return "", None, ()
        step = self._step(vertex)
        return step.name, step.line, step.printed[-LOG_LINES:]

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
        """Those that ended, as they began.

        Of two builds that start from one image under two names at one time, each is told of the
        other's FROM as well: what nothing here starts from is left out.
        """
        rows = [
            vertex
            for digest, vertex in self.vertices.items()
            if vertex.step
            and vertex.completed
            and (digest in self.inputs or not (self.inputs and _is_from(vertex)))
        ]
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


def _is_from(vertex: _Vertex) -> bool:
    return bool(vertex.step and (vertex.step["name"] or "").startswith("FROM "))


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

    api: a docker.APIClient, as `messages_of` wants it.
    """
    began = time.monotonic()
    recorder, image_id, problem = _Recorder(request, began + request.timeout), None, ""
    try:
        with closing(messages_of(api, request, _parameters(request), recorder.until)) as messages:
            for message in messages:
                if message.get("id") == "moby.buildkit.trace":
                    recorder.take(decode(message["aux"]))
                elif message.get("id") == "moby.image.id":
                    image_id = message["aux"]["ID"]
                elif "error" in message:
                    problem = message["error"]
        failure = recorder.failure(problem) if problem else None
    except TimeoutError:
        failure = recorder.stopped()
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
