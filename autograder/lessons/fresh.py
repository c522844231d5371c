"""A base image that nothing was built from yet: a build on it finds nothing in the cache.

Not the builder's own way to ignore its cache: then a build that runs at the same time may lend a
step, which is told as cached or not at all, and the engine may fall over it as a whole (26.1, in
BuildKit's walkProvenance).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.engine.client import Engine
from autograder.engine.request import BuildRequest
from autograder.errors import NotJudged
from autograder.facts.dockerfile import parse

_FILE = ".nothing-was-built-on-this"


@dataclass(frozen=True)
class FreshBase:
    """An image that differs from a base image by one tiny layer on top.

    layer: that layer's digest; to a learner it is no part of any image.
    """

    tag: str
    layer: str


def fresh_base(engine: Engine, base: str, tag: str, labels: Mapping[str, str]) -> FreshBase:
    """Make one and tag it. Raises NotJudged when the engine does not."""
    text = f"FROM {base}\nCOPY {_FILE} /{_FILE}\n"
    files = {"Dockerfile": text.encode(), _FILE: secrets.token_bytes(8)}
    built = engine.build(BuildRequest(files, parse(text), tag, labels=labels))
    if not built.succeeded:
        raise NotJudged(f"the base image {base} could not be got ready")
    return FreshBase(tag, engine.layer_digests(tag)[-1])
