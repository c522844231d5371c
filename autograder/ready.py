"""What every lesson, check and test stands on: an engine, its base images, the package index."""

import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from autograder import places
from autograder.engine.base_image import BASE_IMAGES, LOOSE_IMAGES, ca_base_tag, ensure_base_images
from autograder.engine.client import CALL_SECONDS, Engine, told
from autograder.engine.command import install_docker_command
from autograder.engine.find import FoundEngine, connect, find_engine
from autograder.engine.offer import Offer
from autograder.engine.own import OwnEngine, course_engine
from autograder.facts.build import Builder
from autograder.index import Date, Index, ensure_index

Say = Callable[[str], None]


def say(line: str) -> None:
    """Print one line of progress where it does not disturb `--json`."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Ready:
    """An engine that can build the course's images, and the index those builds see."""

    engine: FoundEngine
    index: Index

    @property
    def environment(self) -> dict[str, str]:
        """What a terminal, a kernel or a test needs to reach this engine and no other.

        An engine that is not behind a socket file keeps the user's own variables and certificates.
        """
        variables: dict[str, str] = {}
        if self.engine.host.startswith("unix://"):
            variables["DOCKER_HOST"] = self.engine.host
        if self.engine.ours:
            folder = str(places.home().absolute() / "bin")
            path = os.environ.get("PATH", os.defpath).split(os.pathsep)
            variables["PATH"] = os.pathsep.join([folder, *(p for p in path if p != folder)])
        return variables

    def offer(self, date: Date = "now", builder: Builder = "buildkit") -> Offer:
        """What a build on this engine is offered, with the index as it was at a date.

        On an engine of the user's no image of theirs is retagged: their builds start from copies
        of the base images that bear the index's certificate, under names of the course's own.
        """
        engine = Engine(connect(self.engine.host, timeout=CALL_SECONDS))
        hosts = self.index.hosts(date)
        bases = {reference: reference for reference in BASE_IMAGES}
        if not self.engine.ours:
            with told("preparing the base images"):
                for reference in BASE_IMAGES:
                    bases[reference] = ca_base_tag(engine.client, reference, self.index.ca_pem)
        loose = {name: bases[reference] for name, reference in LOOSE_IMAGES.items()}
        return Offer(engine, hosts, bases[BASE_IMAGES[0]], bases | loose, builder)


def make_ready(say: Say, *, yes: bool) -> Ready:
    """Find or start the engine, and have the base images and the package index on it.

    Raises EngineUnavailable or NotJudged, in one line, for what cannot be had.
    """
    engine = find_engine(say, yes=yes)
    if not engine.ours:
        return equip(engine, None, say)
    ready = equip(engine, course_engine(), say)
    install_docker_command(places.home() / "bin", course_engine())
    return ready


def equip(engine: FoundEngine, own: OwnEngine | None, say: Say) -> Ready:
    """Have the base images and the package index on an engine; `own` is ours, if it is ours."""
    with closing(connect(engine.host)) as client, told("getting the engine ready"):
        ensure_base_images(client, say, ours=engine.ours)
        index = ensure_index(client, say)
        # Again, now that the certificate is known that builds on our own engine are to trust.
        ensure_base_images(client, say, ours=engine.ours, ca_pem=index.ca_pem)
    if own:
        own.point_index_at(index.addresses["now"])
    return Ready(engine, index)
