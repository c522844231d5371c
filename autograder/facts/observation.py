"""Everything that was observed of one hand-in: all that a check may look at."""

from dataclasses import dataclass

from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.image import ImageFacts
from autograder.facts.lock import Lock


@dataclass(frozen=True)
class Asked:
    """What the exercise asks for.

    variant: the value of the app's `variant` key.
    direct: canonical names of the app's direct dependencies.
    lock, second_lock: the course's two locks.
    poetry: the version that must install the dependencies.
    port: where the app listens.
    """

    variant: str
    direct: tuple[str, ...]
    lock: Lock
    second_lock: Lock
    poetry: str
    port: int = 8000


@dataclass(frozen=True)
class Built:
    """One build and, when it succeeded, the image it made.

    began_ns: the engine's clock just before the build, in nanoseconds since the epoch.
    """

    build: BuildFacts
    image: ImageFacts | None
    began_ns: int = 0


@dataclass(frozen=True)
class Observation:
    """The hand-in's Dockerfile, its three builds, and what the app answered.

    first: built from the hand-in and the course's app.
    source_changed: built again after a source file of the app was changed.
    lock_changed: built again with the course's second lock; None where the exercise has none.
    answer: what the source-changed image's app answered; None where there is no such image.
    nonce: what the changed source makes the app answer with.
    exporting_poetry: the version of the Poetry that exported what pip installed, where one did.
    """

    asked: Asked
    dockerfile: Dockerfile
    first: Built
    source_changed: Built | None
    lock_changed: Built | None
    answer: AppAnswer | None
    nonce: str
    exporting_poetry: str | None = None
