"""Everything that was observed of one hand-in: all that a check may look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.image import Environment, ImageFacts, as_imported
from autograder.facts.lock import Lock


class Evidence(Enum):
    """What some checks look at, and costs builds of its own: it is gathered for those alone."""

    STEPS_AGAIN = auto()
    """Which steps ran again after the source changed, and what they installed."""
    LOCK_CHANGED = auto()
    """The image that the second lock makes."""
    POETRY_RUNS = auto()
    """Which Poetry ran during the build, where the packages do not tell."""


@dataclass(frozen=True)
class Asked:
    """What the exercise asks for.

    package: the folder of the app's source; the app is `PACKAGE.main:app`.
    variant: the value of the app's `variant` key.
    direct: canonical names of the app's direct dependencies.
    lock: the versions that the app was tried with.
    second_lock: another version of one of them; `lock` again where the exercise has no other.
    poetry: the version that must install the dependencies; `` where any may, or none.
    port: where the app listens.
    """

    package: str
    variant: str
    direct: tuple[str, ...]
    lock: Lock
    second_lock: Lock
    poetry: str = ""
    port: int = 8000

    @property
    def app(self) -> str:
        """The app's name, as a server is told it."""
        return f"{self.package}.main:app"

    @property
    def by_poetry(self) -> bool:
        """Whether the exercise has Poetry install the dependencies."""
        return self.lock.file == "poetry.lock"

    @property
    def needed(self) -> tuple[str, ...]:
        """What the app cannot do without: a poetry.lock names more, for other platforms."""
        return self.direct if self.by_poetry else tuple(self.lock.versions)


@dataclass(frozen=True)
class Built:
    """One build and, when it succeeded, the image it made.

    began_ns: the engine's clock just before the build, in nanoseconds since the epoch.
    """

    build: BuildFacts
    image: ImageFacts | None
    began_ns: int = 0


@dataclass(frozen=True)
class RanAgain:
    """A needed stage in which steps ran again after the source changed, or the last stage.

    steps: its RUN steps that ran again, in order, as far as the builder told.
    holds: what is installed at its end.
    held: what had been installed before those steps, here or in another needed stage; empty where
        nothing in `holds` was written since the rebuild began.
    alone: what the steps brought when the packages had been taken away before them; None where
        nobody tried.
    imports: of the last stage, the folders that the app imports from, in order; empty where it
        does not tell, and for every other stage.
    places: of the last stage, the folders of what the app has imported, by package.
    """

    steps: tuple[BuildStep, ...]
    holds: tuple[Environment, ...]
    held: tuple[Environment, ...] = ()
    alone: tuple[Environment, ...] | None = None
    imports: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def installed(self, asked: Asked, since_ns: int) -> tuple[str, ...]:
        """Which locked packages the steps installed, where the app may import them from; sorted.

        An installer makes a dist-info folder with the time of now. One that is new by its ctime
        alone was copied, or had its owner or its time changed: that is no install, if the package
        had been there before. Nor is it one if the steps bring no package that was not there.
        """
        for environment in self._for_the_app(asked):
            rows = [d for n, d in environment.distributions.items() if n in asked.lock.versions]
            new = [d.name for d in rows if d.modified_ns >= since_ns]
            if self.alone is not None:
                new = [n for n in new if any(n in e.distributions for e in self.alone)]
            touched = {(d.name, d.version) for d in rows if d.changed_ns >= since_ns}
            if self.steps:
                new += [name for name, _ in touched - self._before()]
            if new:
                return tuple(sorted(set(new)))
        return ()

    def _for_the_app(self, asked: Asked) -> Iterator[Environment]:
        """What the app finds in all its folders together, and every environment for it.

        Such a one holds a direct dependency, or the rest of what is locked, in a folder of its own.
        Tools have their own folder too, and share packages with the app (packaging, idna). Where
        no app says what it imports, the versions tell: tools take the newest, not the locked ones.
        """
        imported = as_imported(self.holds, self.imports, asked.needed, self.places)
        if imported:
            yield imported
        for environment in self.holds:
            direct = any(name in environment.distributions for name in asked.direct)
            if direct or (imported is None and _obeys(environment, asked.lock)):
                yield environment

    def written(self, since_ns: int) -> set[tuple[str, str]]:
        """Every package, and its version, whose folder was written since then."""
        rows = (d for environment in self.holds for d in environment.distributions.values())
        return {(d.name, d.version) for d in rows if max(d.modified_ns, d.changed_ns) >= since_ns}

    def rewritten(self, since_ns: int) -> bool:
        """Whether any package's folder was written since then, though its own time is older."""
        rows = (d for environment in self.holds for d in environment.distributions.values())
        return bool(self.steps) and any(d.modified_ns < since_ns <= d.changed_ns for d in rows)

    def had(self, names: tuple[str, ...]) -> bool:
        """Whether all these packages had been there before, in the versions of one of `holds`."""
        for environment in self.holds:
            now = {row for row in _versions(environment) if row[0] in names}
            if now and now <= self._before():
                return True
        return False

    def _before(self) -> set[tuple[str, str]]:
        """Every package that had been installed before, and its version; stages may be merged."""
        return {row for environment in self.held for row in _versions(environment)}


def _obeys(environment: Environment, lock: Lock) -> bool:
    """Whether every locked package that is installed here has its locked version."""
    rows = environment.distributions.items()
    return all(d.version == lock.versions[n] for n, d in rows if n in lock.versions)


def _versions(environment: Environment) -> set[tuple[str, str]]:
    return {(d.name, d.version) for d in environment.distributions.values()}


@dataclass(frozen=True)
class PoetryRun:
    """One run of Poetry during a build: its version, and the command, such as `export`."""

    version: str
    command: str


@dataclass(frozen=True)
class Observation:
    """The hand-in's Dockerfile, its builds, and what the app answered.

    first: built from the hand-in and the course's app.
    source_changed: built again after a source file of the app was changed; its image is looked at
        where a check asks which steps ran again.
    ran_again: the needed stages in which that rebuild ran a RUN step again, and the last stage;
        empty where no check asks.
    lock_changed: built again with the course's second lock; None where nobody asked.
    answer: what the app answered of a source-changed image, that one or an earlier one of the same
        hand-in; None where there is no source-changed image.
    nonce: what the changed source makes that app answer with.
    poetry_runs: every run of Poetry in a build of its own; None where nobody looked, because no
        check asks, or the packages themselves tell which Poetry installed them, or nothing speaks
        of Poetry; and where that build failed at a step.
    """

    asked: Asked
    dockerfile: Dockerfile
    first: Built
    source_changed: Built | None
    lock_changed: Built | None
    answer: AppAnswer | None
    nonce: str
    ran_again: tuple[RanAgain, ...] = ()
    poetry_runs: tuple[PoetryRun, ...] | None = None
