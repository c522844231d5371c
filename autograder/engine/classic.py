"""A build by the classic builder, for engines and tests that have no BuildKit."""

import io
import re
import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

from docker.errors import APIError

from autograder.engine.complaint import line_of_complaint
from autograder.engine.failure import LOG_LINES, classify, printed_lines
from autograder.engine.request import BuildRequest, Progress, pack, until
from autograder.errors import EngineUnavailable
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep

_STEP = re.compile(r"^Step (\d+)/(\d+) : (.*)", re.S)
_SUCCESS = re.compile(r"^Successfully built ([0-9a-f]+)")


class _Recorder:
    def __init__(self, request: BuildRequest) -> None:
        self.request = request
        self.done: list[BuildStep] = []
        self.current: tuple[int, str, float] | None = None
        self.total = 0
        self.cached = False
        self.log: list[str] = []
        self.image = ""

    def take(self, text: str) -> None:
        if match := _STEP.match(text):
            self.finish()
            self.total = int(match[2])
            self.current = (int(match[1]), match[3].strip(), time.monotonic())
            self.cached, self.log = False, []
        elif text.strip() == "---> Using cache":
            self.cached = True
        elif match := _SUCCESS.match(text):
            self.image = match[1]
        elif not text.lstrip().startswith("--->"):
            self.log = [*self.log, *printed_lines(text, self.request.longest_line)][-200:]
        if self.current:
            number, name, _ = self.current
            last = self.log[-1] if self.log else ""
            self.request.progress(Progress(number, self.total, name, last, self.cached))

    def running(self) -> tuple[str, int | None, tuple[str, ...]]:
        """Step, line and last lines of what was running when the build was stopped."""
        if self.current is None:
            return "", None, ()
        number, name, _ = self.current
        return name, self._line(number), tuple(self.log[-LOG_LINES:])

    def _line(self, number: int) -> int | None:
        # Labels that we ask for become a last step of their own; it is not the learner's.
        instructions = self.request.dockerfile.instructions
        return instructions[number - 1].line if number <= len(instructions) else None

    def finish(self, error: str = "") -> None:
        if self.current is None:
            return
        number, name, began = self.current
        line = self._line(number)
        if line is not None:
            seconds = 0.0 if self.cached else time.monotonic() - began
            printed = tuple(self.log)
            self.done.append(BuildStep(name, "", self.cached, seconds, line, error, printed))
        self.current = None


def build(api: Any, request: BuildRequest) -> BuildFacts:
    """Build with the classic builder; a failed build is a result, not an exception.

    api: a docker.APIClient; its stubs leave half of what is used here untyped.
    """
    began, recorder, problem = time.monotonic(), _Recorder(request), ""
    failure: BuildFailure | None = None
    try:
        with closing(_messages(api, request, began + request.timeout)) as messages:
            for message in messages:
                if "stream" in message:
                    recorder.take(message["stream"])
                if "error" in message:
                    problem = message["error"]
    except TimeoutError:
        text = f"the build was stopped after {request.timeout:.0f} s"
        failure = BuildFailure("timeout", text, *recorder.running())
    recorder.finish(problem)
    if problem:
        step = recorder.done[-1] if recorder.done else None
        failure = classify(
            problem,
            step=step.name if step else "",
            line=step.line if step else line_of_complaint(problem, request.dockerfile),
            log=tuple(recorder.log),
        )
    if failure is None and not recorder.image:
        raise EngineUnavailable("the Docker engine stopped in the middle of the build")
    image = None if failure else api.inspect_image(recorder.image)["Id"]
    seconds = time.monotonic() - began
    return BuildFacts("classic", tuple(recorder.done), seconds, request.tag, image, failure)


def _messages(
    api: Any, request: BuildRequest, deadline: float
) -> Generator[dict[str, Any], None, None]:
    """The stream's messages. Raises TimeoutError at the deadline, or after as long a silence."""
    with until(deadline):
        try:
            with closing(api.build(**_arguments(request))) as stream:
                for message in stream:
                    yield message
                    if time.monotonic() > deadline:
                        raise TimeoutError
        except APIError as error:
            if not error.is_client_error():
                raise
            yield {"error": str(error.explanation)}  # it could not parse the Dockerfile


def _arguments(request: BuildRequest) -> dict[str, Any]:
    return {
        "fileobj": io.BytesIO(pack(request.files, request.programs)),
        "custom_context": True,
        "encoding": "gzip",
        "tag": request.tag,
        "labels": dict(request.labels),
        "extra_hosts": dict(request.hosts),
        "rm": True,
        "forcerm": True,  # a failed build leaves its containers behind otherwise
        "decode": True,
        "timeout": max(1, int(request.timeout)),  # the connection takes no 0
    }
