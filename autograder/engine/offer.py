"""What a build is offered: an engine, the package index, and base images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.engine.client import Engine
from autograder.engine.room import Room
from autograder.facts.build import Builder
from autograder.facts.dockerfile import Base, Dockerfile


@dataclass(frozen=True)
class Offer:
    """An engine with the index and base images that builds on it may use.

    hosts: the index's host names -> its address, given to every RUN.
    bases: base references -> the image that stands for each (bearing the index's certificate).
    helper: an image with Python for the course's own helper containers.
    for_many: whether learners who do not know each other build here. Then a build starts from
        `bases` and nothing else, and the cache mounts of a hand-in are its own.
    earlier: a file for what hand-ins were rebuilt with, on an engine that keeps its cache.
    room: tells what the engine's disk has left, where that can be asked at once.
    """

    engine: Engine
    hosts: Mapping[str, str]
    helper: str = "python:3.11"
    bases: Mapping[str, str] = field(default_factory=dict)
    builder: Builder = "buildkit"
    for_many: bool = False
    earlier: Path | None = None
    room: Callable[[], Room] | None = None

    def read(self, dockerfile: Dockerfile) -> Dockerfile:
        """The Dockerfile as this builder reads it: BuildKit tells every FROM of its platform."""
        return dockerfile if self.builder == "classic" else dockerfile.on(self.engine.own_platform)

    def refused(self, dockerfile: Dockerfile) -> Base | None:
        """The first base image that this does not offer though the engine may hold it.

        That may be a name that no image can have: a builder that reads an odd text otherwise than
        we do could find the image of another learner, so none is asked.
        """
        bases = dockerfile.needed_bases() if self.for_many else ()
        return next((base for base in bases if base.familiar not in self.bases), None)
