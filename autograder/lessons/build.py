"""One build that a lesson made, and two of them side by side."""

from dataclasses import dataclass, field

from autograder import pictures
from autograder.engine.offer import Offer
from autograder.facts.build import BuildFacts
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.image import ImageFacts
from autograder.index import Date
from autograder.lessons.message import in_one_line
from autograder.pictures import Picture, Stack
from autograder.pictures.progress import failure_in_words


@dataclass(frozen=True)
class Build:
    """A build of a lesson: as the last line of a cell it shows its steps in time.

    name: what it is called in pictures, such as `with one byte changed`.
    packages: the app's packages, those it asks for itself first.
    date: of the package index that it was offered.
    hidden: the digests of layers that the workshop put under the learner's own.
    """

    name: str
    facts: BuildFacts
    dockerfile: Dockerfile = field(repr=False)
    packages: tuple[str, ...] = field(repr=False)
    date: Date = field(repr=False)
    offer: Offer = field(repr=False)
    hidden: frozenset[str] = field(repr=False)

    @property
    def tag(self) -> str:
        """The image's reference, while the workshop lasts."""
        return self.facts.tag

    def layers(self) -> Picture:
        """The image's layers, to scale."""
        if not self.facts.succeeded:
            return no_image(self)
        return pictures.layers(self.image(), self.name, self.dockerfile)

    def image(self) -> ImageFacts:
        """What the engine says of the image; there must be one."""
        with in_one_line():
            rows, size = self.offer.engine.layers(self.tag)
        return ImageFacts(self.facts.image_id or "", size, rows, ())

    def _repr_html_(self) -> str:
        return pictures.timeline(self.facts, self.name)._repr_html_()

    def __repr__(self) -> str:
        return repr(pictures.timeline(self.facts, self.name))


def side_by_side(one: Build, other: Build) -> Picture:
    """Two builds on one scale of time: what ran in each, and what came from the cache."""
    return pictures.side_by_side(one.facts, other.facts, (one.name, other.name))


def compare(one: Build, other: Build) -> Picture:
    """Two images: the layers that both have, and those that each has alone."""
    for build in (one, other):
        if not build.facts.succeeded:
            return no_image(build)
    return pictures.compared(_stack(one), _stack(other))


def _stack(build: Build) -> Stack:
    with in_one_line():
        digests = build.offer.engine.layer_digests(build.tag)
    seen = tuple(digest for digest in digests if digest not in build.hidden)
    return Stack(build.name, build.image(), build.dockerfile, seen)


def no_image(build: Build) -> Picture:
    """What stands in a picture's place when there is no image to look at."""
    failure = build.facts.failure
    text = failure_in_words(failure) if failure else "There is no image to look at."
    return Picture(pictures.build_ended(build.facts), text)
