"""The Docker engine: builds, images, and the only place that knows the docker SDK's errors."""

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

import docker
import requests
import urllib3
from docker.errors import DockerException, ImageNotFound, NotFound, StreamParseError

from autograder.engine import buildkit, classic
from autograder.engine.lost_layer import forget, lost_layer
from autograder.engine.request import BuildRequest
from autograder.engine.under_way import UnderWay
from autograder.errors import EngineUnavailable, NotJudged
from autograder.facts.build import Builder, BuildFacts
from autograder.facts.image import Layer

RUN_LABEL = "org.container-course.run"
CONNECT_SECONDS = 5
CALL_SECONDS = 120

# First engine version whose built-in Dockerfile frontend has the feature (BuildKit's frontends:
# https://docs.docker.com/build/buildkit/dockerfile-release-notes/). The classic builder has none.
# A chmod like +x came with Dockerfile 1.14 (Docker 28.0), one from a variable with 1.10 (27.3).
# Until 1.10 a builder said nothing and left the mode as it was. What is not here, engine.newer
# reads from the builder's own words.
_FEATURES = {
    "mount": 18, "chmod": 20, "network": 20, "security": 20, "heredoc": 23, "link": 23,
    "a chmod that is no number": 28, "exclude": 29, "parents": 29,
}  # fmt: skip

_NOTHING = re.compile(r"(?:/bin/sh -c )?#\(nop\)\s*")
_ARGUMENTS = re.compile(r"^(?:RUN )?\|\d+ .*?/bin/sh -c ", re.S)


NO_ANSWER = (
    DockerException,
    StreamParseError,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
)
"""What the SDK raises where an engine fails; what goes wrong in a stream it lets through."""


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn the SDK's errors into one NotJudged line that says what could not be done."""
    try:
        yield
    except (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError) as error:
        raise EngineUnavailable(f"the Docker engine stopped answering while {what}") from error
    except NO_ANSWER as error:
        raise NotJudged(f"{what} failed: {reason(error)}") from error


def reason(error: Exception) -> str:
    """What the engine, or else the SDK, says went wrong, in one line."""
    text = str(getattr(error, "explanation", None) or error).strip().splitlines()
    return text[0] if text else repr(error)


class Engine:
    """A Docker engine that answers.

    Every method raises NotJudged (EngineUnavailable when nothing answers) if the engine fails.
    """

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self.api: Any = client.api  # half of its methods have no types
        self._under_way = UnderWay()

    @classmethod
    def connect(cls, host: str | None = None) -> "Engine":
        """The engine at `host`, or the one that DOCKER_HOST or the default socket names."""
        try:
            if host:
                client = docker.DockerClient(base_url=host, timeout=CALL_SECONDS)
            else:
                client = docker.from_env(timeout=CALL_SECONDS)
            client.ping()
        except NO_ANSWER as error:
            where = f" at {host}" if host else ""
            raise EngineUnavailable(
                f"no Docker engine answers{where}: start Docker, or run ./course start"
            ) from error
        return cls(client)

    @cached_property
    def version(self) -> str:
        """The engine's version, such as `26.1.5`."""
        return str(self._about["Version"])

    @cached_property
    def own_platform(self) -> str:
        """What it builds for where nobody asks for anything else, such as `linux/amd64`."""
        return f"{self._about['Os']}/{self._about['Arch']}"

    @cached_property
    def _about(self) -> dict[str, Any]:
        with told("asking its version"):
            return dict(self.client.version())

    def now_ns(self) -> int:
        """The engine's clock, in nanoseconds since the epoch."""
        with told("asking its clock"):
            text = str(self.client.info()["SystemTime"])
        # Go writes up to nine decimals; Python reads six.
        whole, _, rest = text.partition(".")
        decimals, zone = re.match(r"(\d*)(.*)", rest).groups()  # type: ignore[union-attr]
        seconds = datetime.fromisoformat((whole + zone).replace("Z", "+00:00")).timestamp()
        return int(seconds) * 10**9 + int(decimals.ljust(9, "0")[:9] or 0)

    def lacks(self, features: dict[str, int], builder: Builder) -> str | None:
        """The first Dockerfile feature that this engine's builder does not have."""
        major = int(re.match(r"\d*", self.version)[0] or 0)  # type: ignore[index]
        for feature in features:
            if builder == "classic" or major < _FEATURES.get(feature, 0):
                return feature
        return None

    def build(self, request: BuildRequest) -> BuildFacts:
        """Build; a build that fails is a result, not an exception.

        One that may have failed for a container or a layer that the engine lost is tried once more,
        in the time that is left.
        """
        began = time.monotonic()
        if self._under_way.ending:
            raise NotJudged("the build was interrupted")
        request = replace(request, under_way=self._under_way)
        with told("building"):
            run = buildkit.build if request.builder == "buildkit" else classic.build
            facts = run(self.api, request)
            if record := lost_layer(facts):
                forget(self.api, record)
            left = request.timeout - (time.monotonic() - began)
            if left > 0 and (record or facts.failed_unheard()):
                facts = run(self.api, replace(request, timeout=left))
        if lost_layer(facts):
            emptied = "`docker builder prune --all` empties it"
            raise NotJudged(f"the Docker engine lost a layer of its build cache: {emptied}")
        return facts

    def builds_ended(self) -> AbstractContextManager[None]:
        """End the builds that run in other threads; while in here none begins."""
        return self._under_way.ended()

    def image_id(self, reference: str) -> str | None:
        """The id under a tag, or None."""
        with told(f"looking for the image {reference}"):
            try:
                return str(self.api.inspect_image(reference)["Id"])
            except ImageNotFound:
                return None

    def architecture(self, reference: str) -> str:
        """An image's architecture, such as `amd64`."""
        with told(f"reading the image {reference}"):
            return str(self.api.inspect_image(reference).get("Architecture"))

    def on_build(self, reference: str) -> bool:
        """Whether a build that starts from this image would first run the image's ONBUILD."""
        with told(f"reading the image {reference}"):
            return bool(self.api.inspect_image(reference)["Config"].get("OnBuild"))

    def layers(self, reference: str) -> tuple[tuple[Layer, ...], int]:
        """An image's layers from the base up, and its size in bytes."""
        with told("reading the image"):
            inspected = self.api.inspect_image(reference)
            rows = reversed(self.api.history(reference))
        layers = tuple(
            Layer(plain(row.get("CreatedBy") or ""), int(row.get("Size") or 0)) for row in rows
        )
        return layers, int(inspected.get("Size") or sum(layer.size for layer in layers))

    def layer_digests(self, reference: str) -> tuple[str, ...]:
        """The digests of an image's layers, from the base up."""
        with told("reading the image"):
            inspected = self.api.inspect_image(reference)
        return tuple(map(str, inspected["RootFS"]["Layers"]))

    def remove_image(self, reference: str) -> None:
        """Remove a tag and what only it keeps. Nothing happens when it is not there."""
        with told(f"removing {reference}"):
            try:
                self.api.remove_image(reference, force=True)
            except NotFound:
                return


def plain(created_by: str) -> str:
    """A history row as the Dockerfile instruction it came from, on either builder."""
    row = created_by.removesuffix("# buildkit").strip()
    if nothing := _NOTHING.match(row):
        row = row[nothing.end() :]
    if match := _ARGUMENTS.match(row):
        return f"RUN {row[match.end() :]}"
    for prefix in ("RUN /bin/sh -c ", "/bin/sh -c "):
        if row.startswith(prefix):
            return f"RUN {row.removeprefix(prefix)}"
    return row
