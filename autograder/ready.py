"""What every lesson, check and test stands on: an engine, its base images, the package index."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import places
from autograder.engine.apart import keep_apart
from autograder.engine.base_image import (
    BASE_IMAGES,
    LOOSE_IMAGES,
    ca_base_tag,
    ensure_base_images,
)
from autograder.engine.client import CALL_SECONDS, Engine, told
from autograder.engine.command import install_docker_command
from autograder.engine.find import (
    FoundEngine,
    answering,
    connect,
    find_engine,
    own_engine_at,
    running_host,
)
from autograder.engine.grading import Grading, claimed_engine, grading_engine_at
from autograder.engine.offer import Offer
from autograder.engine.own import OwnEngine, course_engine
from autograder.engine.rootfs import Say, locked
from autograder.engine.runs import remove_abandoned
from autograder.engine.stand_in import EDITION
from autograder.errors import EngineUnavailable, NotJudged
from autograder.facts.build import Builder
from autograder.index import (
    CUTOFF,
    NAME,
    Date,
    Index,
    ensure_index,
    index_edition,
    index_started,
)

INDEX = "the package index"
"""How `Ready.what_ended` names it."""


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
        bases |= {name: bases[reference] for name, reference in LOOSE_IMAGES.items()}
        offer = Offer(engine, hosts, bases[BASE_IMAGES[0]], bases, builder)
        grading = grading_engine_at(self.engine.host)
        if grading:
            return replace(offer, for_many=True, room=grading.room)
        if builder == "classic":  # it keeps no step whose image is gone
            return offer
        engine_mark = hashlib.sha256(self.engine.host.encode()).hexdigest()[:12]
        return replace(offer, earlier=places.home() / "rebuilt" / f"{engine_mark}.json")

    @property
    def scratch(self) -> Path:
        """A grading engine's folder for what is of use only while somebody grades on it."""
        grading = grading_engine_at(self.engine.host)
        assert grading is not None
        return grading.scratch

    def what_ended(self) -> str:
        """What of a grading engine ended since this was made ready, in words; `` for nothing."""
        grading = grading_engine_at(self.engine.host)
        if grading is None:
            return ""
        if not grading.is_running():
            return "the grading engine"
        try:
            with closing(connect(self.engine.host)) as client:
                same = index_started(client) == self.index.started
        except EngineUnavailable:
            return "the grading engine"
        return "" if same else INDEX

    def for_another(self, say: Say) -> "Ready":
        """This, with room for another hand-in: the last one may have filled or broken the engine.

        Raises EngineUnavailable or NotJudged, in one line, where it cannot be renewed.
        """
        grading = grading_engine_at(self.engine.host)
        if grading is None:
            return self
        if grading.is_fit():
            return equip(self.engine, grading, say)  # an index that ended is started
        return _renewed(grading, say)


def make_ready(say: Say, *, yes: bool) -> Ready:
    """Find or start the engine, and have the base images and the package index on it.

    What commands and notebooks that were killed left there is removed; where the engine keeps it,
    that is said, and stands in nobody's way.

    Raises EngineUnavailable or NotJudged, in one line, for what cannot be had.
    """
    engine = find_engine(say, yes=yes)
    own = own_engine_at(engine.host)
    ready = equip(engine, own, say)
    with closing(connect(engine.host)) as client:
        try:
            remove_abandoned(client)
        except EngineUnavailable:
            raise
        except NotJudged as error:
            say(f"{error} (the next command tries again)")
    if own == (course := course_engine()):
        install_docker_command(places.home() / "bin", course)
    return ready


@contextmanager
def grading_ready(say: Say) -> Iterator[Ready]:
    """A grading engine of this process's own, with base images and index; gone at the end.

    Raises EngineUnavailable or NotJudged, in one line, for what cannot be had.
    """
    with claimed_engine(running_host) as engine:
        yield _renewed(engine, say)


def _renewed(engine: Grading, say: Say) -> Ready:
    """The engine started anew, with nothing on it but base images and index."""

    def prepare(own: Grading) -> None:
        found = answering(own.host, ours=True)
        if found is None:
            raise EngineUnavailable(f"our grading engine started and fell silent: see {own.run}")
        ready.append(equip(found, own, say))

    ready: list[Ready] = []
    engine.renew(prepare, f"{EDITION}-{index_edition()}", say)
    return ready[-1]


def equip(engine: FoundEngine, own: OwnEngine | Grading | None, say: Say) -> Ready:
    """Have the base images and the package index on an engine; `own` is ours, if it is ours."""
    # One at a time on one engine: two would give one reference two images, one after the other.
    mark = hashlib.sha256(engine.host.encode()).hexdigest()[:12]
    alone = locked(places.home() / "base" / f".images-{mark}.lock")
    with alone, closing(connect(engine.host)) as client, told("getting the engine ready"):
        ensure_base_images(client, say, ours=engine.ours)
        group = own.index_cgroup if own else ""
        grading = grading_engine_at(engine.host)
        # Who is graded and reaches another date could have it pass for the one that is meant.
        dates: tuple[Date, ...] = ("now",) if grading else tuple(CUTOFF)
        index = ensure_index(client, say, cgroup_parent=group, dates=dates)
        if grading:
            keep_apart(client, NAME, grading.ask)
        # Again, now that the certificate is known that builds on our own engine are to trust.
        ensure_base_images(client, say, ours=engine.ours, ca_pem=index.ca_pem)
    if own:
        own.point_index_at(index.addresses["now"])
    return Ready(engine, index)
