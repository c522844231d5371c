"""One hand-in, observed: three builds, what is installed in their images, what the app answers."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

from autograder.engine.client import RUN_LABEL
from autograder.engine.offer import Offer
from autograder.engine.request import BUILD_SECONDS, BuildRequest, Progress, sent
from autograder.errors import BadInput, NotJudged
from autograder.evidence.answers import answer_of
from autograder.evidence.environments import environments
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.image import Environment, ImageFacts
from autograder.facts.observation import Asked, Built, Observation

LOCK = "poetry.lock"
_STABLE_FRONTEND = re.compile(r"^(?:docker\.io/)?docker/dockerfile:1(?:\.\d+)*(?:@sha256:\w+)?$")


@dataclass(frozen=True)
class Material:
    """A build context and how the course changes it.

    files: the hand-in with the course's app laid over it.
    source_file: the file that the source change edits.
    second_lock: the text of the course's second poetry.lock.
    """

    asked: Asked
    dockerfile: Dockerfile
    files: Mapping[str, bytes]
    source_file: str
    second_lock: bytes | None

    def with_source_changed(self, nonce: str) -> dict[str, bytes]:
        """The files, where the app also answers with a nonce and where it imports from."""
        literal = f'"variant": "{self.asked.variant}"'
        text = self.files[self.source_file].decode()
        assert literal in text, "the course's app answers with its variant"
        site = '__import__("os").path.realpath(__import__("fastapi").__file__ + "/../..")'
        changed = text.replace(literal, f'{literal}, "nonce": "{nonce}", "imports_from": {site}')
        return {**self.files, self.source_file: changed.encode()}

    def with_second_lock(self) -> dict[str, bytes]:
        """The files with the second lock in place of the first."""
        assert self.second_lock is not None
        return {**self.files, LOCK: self.second_lock}


class Observer:
    """Builds one hand-in on an offer and gathers the facts.

    progress: told of every moment of the first build.
    """

    def __init__(
        self,
        offer: Offer,
        material: Material,
        progress: Callable[[Progress], None] = lambda _: None,
        timeout: float = BUILD_SECONDS,
    ) -> None:
        self.offer, self.material, self.progress = offer, material, progress
        self.timeout = timeout
        self.run = secrets.token_hex(6)

    def tag(self, which: str) -> str:
        """A tag of this run only: an image of an earlier run can never pass for a new one."""
        return f"course-run-{self.run}:{which}"

    @contextmanager
    def images(self) -> Iterator["Observer"]:
        """Remove this run's images at the end, whatever happened."""
        try:
            yield self
        finally:
            for which in ("first", "source", "lock", "again", "export"):
                self.offer.engine.remove_image(self.tag(which))

    def build(
        self,
        which: str,
        files: Mapping[str, bytes],
        progress: Callable[[Progress], None] = lambda _: None,
        target: str | None = None,
    ) -> BuildFacts:
        """Build the given files with the hand-in's Dockerfile, tagged for this run."""
        dockerfile = self.material.dockerfile
        lacking = self.offer.engine.lacks(dockerfile.features(), self.offer.builder)
        if lacking:
            line = dockerfile.features()[lacking]
            raise NotJudged(
                f"line {line} uses {lacking}, which the {self.offer.builder} builder of this engine"
                f" ({self.offer.engine.version}) does not have"
            )
        text = prepared(dockerfile, self.offer.bases)
        return self.offer.engine.build(
            BuildRequest(
                sent({**files, "Dockerfile": text.encode()}),
                dockerfile,
                self.tag(which),
                builder=self.offer.builder,
                hosts=self.offer.hosts,
                labels={RUN_LABEL: self.run},
                target=target,
                timeout=self.timeout,
                progress=progress,
            )
        )

    def first_build(self) -> BuildFacts:
        """The hand-in as it is. A timeout or a full disk is tried once more before it counts."""
        facts = self.build("first", self.material.files, self.progress)
        if facts.failure and facts.failure.kind in ("timeout", "disk"):
            facts = self.build("first", self.material.files, self.progress)
        return facts

    def observe(self, first: BuildFacts) -> Observation:
        """Rebuild with the changed source and the second lock, and look at every image.

        What does not wait for another runs at the same time. Only the rebuilt image's app is asked:
        its answer holds all that the first one's would, and the nonce.
        """
        nonce, material = secrets.token_hex(8), self.material
        began = self.offer.engine.now_ns()
        with ThreadPoolExecutor(max_workers=2) as pool:
            source = pool.submit(self.build, "source", material.with_source_changed(nonce))
            lock = pool.submit(self._lock_build)
            rebuilt, relocked = source.result(), lock.result()
            answer = pool.submit(self._answer, rebuilt)
            images = self._images([b for b in (first, rebuilt, relocked) if b and b.succeeded])
            changed = Built(rebuilt, images.get(rebuilt.tag), began)
            if installed_again(images.get(first.tag), changed):
                changed = self._once_more(changed)
            return Observation(
                asked=material.asked,
                dockerfile=material.dockerfile,
                first=Built(first, images.get(first.tag)),
                source_changed=changed,
                lock_changed=Built(relocked, images.get(relocked.tag)) if relocked else None,
                answer=answer.result(),
                nonce=nonce,
                exporting_poetry=self._exporting_poetry(),
            )

    def _once_more(self, changed: Built) -> Built:
        """Another rebuild, of yet another source, where packages were installed again.

        A cache promises nothing: an engine may drop a step between two builds. What the Dockerfile
        makes run again runs again every time.
        """
        began = self.offer.engine.now_ns()
        files = self.material.with_source_changed(secrets.token_hex(8))
        build = self.build("again", files)
        if not build.succeeded:
            return changed
        again = Built(build, self._images([build])[build.tag], began)
        return changed if installed_again(changed.image, again) else again

    def _lock_build(self) -> BuildFacts | None:
        if self.material.second_lock is None:
            return None
        return self.build("lock", self.material.with_second_lock())

    def _answer(self, build: BuildFacts) -> AppAnswer | None:
        if not build.succeeded:
            return None
        port = self.material.asked.port
        return answer_of(self.offer.engine, build.tag, port, self.offer.helper)

    def _images(self, builds: list[BuildFacts]) -> dict[str, ImageFacts]:
        """What is in each image, by its tag."""
        found = self._environments([build.tag for build in builds])
        images = {}
        for build, rows in zip(builds, found, strict=True):
            layers, size = self.offer.engine.layers(build.tag)
            images[build.tag] = ImageFacts(build.image_id or "", size, layers, rows)
        return images

    def _environments(self, tags: list[str]) -> list[tuple[Environment, ...]]:
        names = tuple(sorted({*self.material.asked.lock.versions, "poetry"}))
        look = self.tag("look")
        return environments(self.offer.engine, tags, names, self.offer.helper, look)

    def _exporting_poetry(self) -> str | None:
        """The version of the Poetry in the stage that runs `poetry export`, where one does.

        pip signs what it installs from an export, so the packages cannot tell which Poetry it was.
        """
        for stage in self.material.dockerfile.needed_stages():
            texts = [i.value + " ".join(i.heredocs) for i in stage.instructions]
            if not any("export" in text and "poetry" in text for text in texts):
                continue
            target = stage.name or str(stage.index)
            if not self.build("export", self.material.files, target=target).succeeded:
                return None
            (found,) = self._environments([self.tag("export")])
            versions = {e.distributions["poetry"].version for e in found if e.holds(("poetry",))}
            return versions.pop() if len(versions) == 1 else None
        return None


def installed_again(before: ImageFacts | None, built: Built) -> bool:
    """Whether a rebuild installed any package that the image before it held already."""
    if before is None or built.image is None:
        return False
    had = {d for e in before.environments for d in e.distributions.values()}
    has = {d for e in built.image.environments for d in e.distributions.values()}
    return any(d.name != "poetry" and d.modified_ns >= built.began_ns for d in has - had)


def prepared(dockerfile: Dockerfile, bases: Mapping[str, str]) -> str:
    """The Dockerfile's text as it is built, line for line.

    A `# syntax=docker/dockerfile:1` line is blanked: it would fetch a frontend, and the engine has
    one. Any other frontend is refused. Base images give way to the offer's own where it has some.
    """
    lines = dockerfile.text.removeprefix("\ufeff").split("\n")
    if dockerfile.syntax:
        if not _STABLE_FRONTEND.match(dockerfile.syntax):
            raise BadInput(f"the syntax line asks for another frontend, {dockerfile.syntax[:80]}")
        # A comment ends the directives, so the others move up to stay directives.
        rows = [d.line - 1 for d in dockerfile.directives]
        kept = [lines[d.line - 1] for d in dockerfile.directives if d.name != "syntax"]
        for at, line in zip_longest(rows, kept, fillvalue="#"):
            lines[int(at)] = line
    ends = {instruction.line: instruction.end_line for instruction in dockerfile.instructions}
    for stage in dockerfile.stages:
        if isinstance(stage.base, int) or stage.base.reference not in bases:
            continue
        first, last = stage.base.line, ends[stage.base.line]
        name = f" AS {stage.name}" if stage.name else ""
        rewritten = f"FROM {bases[stage.base.reference]}{name}"
        lines[first - 1 : last] = [rewritten, *[""] * (last - first)]
    return "\n".join(lines)
