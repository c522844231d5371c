"""A build by the classic builder, for engines and tests that have no BuildKit."""

import json
import re
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

from docker.errors import APIError

from autograder.engine.complaint import line_of_complaint
from autograder.engine.failure import LOG_LINES, classify, printed_lines
from autograder.engine.messages import messages_of
from autograder.engine.request import BuildRequest, Progress
from autograder.engine.serving import Serving, stopped
from autograder.errors import EngineUnavailable
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep

_STEP = re.compile(r"^Step (\d+)/(\d+) : (.*)", re.S)
_SUCCESS = re.compile(r"^Successfully built ([0-9a-f]+)")


class _Recorder:
    def __init__(self, request: BuildRequest, deadline: float) -> None:
        self.request, self.deadline = request, deadline
        self.done: list[BuildStep] = []
        self.current: tuple[int, str, float] | None = None
        self.total = 0
        self.cached = False
        self.log: list[str] = []
        self.image = ""
        self.serving = Serving()

    def take(self, text: str) -> None:
        if match := _STEP.match(text):
            self.finish()
            self.total = int(match[2])
            self.current = (int(match[1]), match[3].strip(), time.monotonic())
            self.cached, self.log, self.serving = False, [], Serving()
        elif text.strip() == "---> Using cache":
            self.cached = True
        elif match := _SUCCESS.match(text):
            self.image = match[1]
        elif not text.lstrip().startswith("--->"):
            self.log = [*self.log, *printed_lines(text, self.request.longest_line)][-200:]
            self.serving.hear(text.encode())
        if self.current:
            number, name, _ = self.current
            last = self.log[-1] if self.log else ""
            self.request.progress(Progress(number, self.total, name, last, self.cached))

    def until(self) -> float:
        """When the build is stopped if nothing more is heard of it."""
        return self.serving.until(self.deadline)

    def stopped(self) -> BuildFailure:
        """Why it was stopped then, and what was running."""
        number, name, _ = self.current or (0, "", 0.0)
        at = name, self._line(number) if name else None, tuple(self.log[-LOG_LINES:])
        if self.until() < self.deadline:
            return BuildFailure("serves", stopped(), *at)
        text = f"the build was stopped after {self.request.timeout:.0f} s"
        return BuildFailure("timeout", text, *at)

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

    api: a docker.APIClient, as `messages_of` wants it.
    """
    began, problem = time.monotonic(), ""
    recorder = _Recorder(request, began + request.timeout)
    failure: BuildFailure | None = None
    try:
        with closing(_messages(api, request, recorder.until)) as messages:
            for message in messages:
                if "stream" in message:
                    recorder.take(message["stream"])
                if "error" in message:
                    problem = message["error"]
    except TimeoutError:
        failure = recorder.stopped()
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
    api: Any, request: BuildRequest, until: Callable[[], float]
) -> Generator[dict[str, Any], None, None]:
    """The build's messages; that it could not parse the Dockerfile is one of them.

    Raises TimeoutError at the moment that `until` tells, on the clock of time.monotonic().
    """
    try:
        with closing(messages_of(api, request, _parameters(request), until)) as messages:
            yield from messages
    except APIError as error:
        if not error.is_client_error():
            raise
        yield {"error": str(error.explanation)}


def _parameters(request: BuildRequest) -> dict[str, Any]:
    """As the SDK's own build has them, but for a registry's password and the client's proxies."""
    return {
        "version": "1",
        "t": request.tag,
        "labels": json.dumps(dict(request.labels)),
        "extrahosts": [f"{name}:{address}" for name, address in request.hosts.items()],
        "rm": True,
        "forcerm": True,  # a failed build leaves its containers behind otherwise
    }
