"""What a build is offered: an engine, the package index, and base images."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.engine.client import Engine
from autograder.facts.build import Builder


@dataclass(frozen=True)
class Offer:
    """An engine with the index and base images that builds on it may use.

    hosts: the index's host names -> its address, given to every RUN.
    bases: base references -> the image that stands for each (bearing the index's certificate).
    helper: an image with Python for the course's own helper containers.
    """

    engine: Engine
    hosts: Mapping[str, str]
    helper: str = "python:3.11"
    bases: Mapping[str, str] = field(default_factory=dict)
    builder: Builder = "buildkit"
