"""A folder with a step's app in it, to build, to change and to build again."""

import atexit
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from autograder.engine.client import RUN_LABEL
from autograder.engine.offer import Offer
from autograder.engine.published import publish
from autograder.engine.request import BuildRequest
from autograder.engine.runs import labels_of, new_run, remove_own, token_of
from autograder.evidence.answers import answer_of
from autograder.evidence.material import LOCK, prepared
from autograder.exercises import Exercise, find_exercise
from autograder.facts.dockerfile import Dockerfile
from autograder.hand_in import read_hand_in
from autograder.index import Date
from autograder.lessons.as_written import as_written
from autograder.lessons.build import Build
from autograder.lessons.fresh import FreshBase, fresh_base
from autograder.lessons.live import LiveProgress, saying
from autograder.lessons.message import LessonStopped, in_one_line
from autograder.lessons.running import Running
from autograder.ready import Ready, make_ready

READY = "The engine, the base images and the package index are ready."


class Workshop:
    """A step's app in a folder of its own, and the images that were built from it.

    folder: where it is; a terminal may use it as well.
    """

    def __init__(self, exercise: Exercise, ready: Ready) -> None:
        self.exercise, self._ready = exercise, ready
        self._run = new_run(Path.cwd())
        self._offers: dict[Date, Offer] = {}
        self._builds: list[Build] = []
        self._apps: list[Running] = []
        self._bases: dict[str, FreshBase] = {}
        # `docker compose` names images after the folder: no name ends in `_`, as mkdtemp's may.
        self.folder = Path(tempfile.gettempdir(), f"{exercise.slug}-{secrets.token_hex(4)}")
        self.folder.mkdir(mode=0o700)
        for path, content in exercise.app().items():
            self._write(path, content)
        atexit.register(self._remove_all)

    def write(self, path: str, text: str) -> None:
        """Write a file into the folder."""
        self._write(path, text.encode())
        print(f"wrote {path}, {len(text.splitlines())} lines")

    def remove(self, path: str) -> None:
        """Take a file out of the folder."""
        (self.folder / path).unlink()
        print(f"removed {path}")

    def restore(self, path: str) -> None:
        """Put one of the app's files back as it was."""
        self._write(path, self.exercise.app()[path])
        print(f"restored {path}")

    def update_lock(self) -> None:
        """Put another poetry.lock in, as an update of some packages would write it."""
        asked, second = self.exercise.asked(), self.exercise.folder / self.exercise.second_lock
        self._write(LOCK, second.read_bytes())
        for name, version in asked.second_lock.versions.items():
            if version != asked.lock.versions.get(name):
                print(f"{LOCK}: {name} is {version} now, not {asked.lock.versions.get(name)}")

    def change_one_byte(self, path: str) -> None:
        """Make a file one byte longer, by an empty line at its end: the program stays the same."""
        content = (self.folder / path).read_bytes() + b"\n"
        self._write(path, content)
        print(f"{path} is one byte longer: an empty line at its end")

    def build(self, name: str = "", *, date: Date | None = None, fresh: bool = False) -> Build:
        """Build the folder's Dockerfile, showing how it goes. A failed build is a Build as well.

        name: what pictures call it.
        date: of the package index: `then`, when Poetry 1.7.0 was the newest, or `now`. Builds at
            a date are about versions, not about the cache, and may reuse what earlier runs built.
        fresh: as on a machine that has never built anything.
        """
        number = len(self._builds) + 1
        name = name or f"build {number}"
        with in_one_line(), LiveProgress(f"building: {name}") as live:
            files, offer = read_hand_in(self.folder), self._offer(date or "now")
            dockerfile = offer.read(files.dockerfile)
            bases = {} if date else self._own_bases(dockerfile, offer, fresh)
            tags = {**offer.bases, **{known: base.tag for known, base in bases.items()}}
            request = BuildRequest(
                {**files.files, "Dockerfile": prepared(dockerfile, tags).encode()},
                dockerfile,
                self._tag(str(number)),
                hosts=offer.hosts,
                labels={RUN_LABEL: self._run},
                programs=files.programs,
                progress=live.take,
            )
            facts = as_written(offer.engine.build(request), dockerfile)
            live.ended(facts)
        hidden = frozenset(base.layer for base in bases.values())
        build = Build(name, facts, dockerfile, self._packages(), date or "now", offer, hidden)
        self._builds.append(build)
        return build

    def ask(self, build: Build) -> Mapping[str, object] | str:
        """Start the image and ask it for `/`: the JSON it answers, or why it does not."""
        if not build.facts.succeeded:
            return "there is no image to start"
        engine, helper = build.offer.engine, build.offer.helper
        with in_one_line():
            answer = answer_of(engine, build.tag, self.exercise.asked().port, helper)
        return answer.body or answer.problem

    def start(self, build: Build) -> Running:
        """Start the image, for this machine to ask; `ask` on what comes back asks it."""
        if not build.facts.succeeded:
            raise LessonStopped("there is no image to start")
        port, labels = self.exercise.asked().port, labels_of(self._run)
        with in_one_line():
            published = publish(build.offer.engine, build.tag, port, labels)
        self._apps.append(Running(f"app {len(self._apps) + 1}", published))
        return self._apps[-1]

    def clean_up(self) -> None:
        """Stop this workshop's apps, and remove its images and its folder."""
        for app in self._apps:
            if not app.stopped:
                app.stop()
        removed = self._remove_all()
        print(f"removed {removed} images and the folder")

    def _offer(self, date: Date) -> Offer:
        if date not in self._offers:
            self._offers[date] = self._ready.offer(date)
        return self._offers[date]

    def _own_bases(self, dockerfile: Dockerfile, offer: Offer, fresh: bool) -> dict[str, FreshBase]:
        """What the Dockerfile starts from, as images that only this workshop builds on."""
        names = {base.familiar for base in dockerfile.needed_bases()} & {*offer.bases}
        for name in names:
            if fresh and name in self._bases:
                offer.engine.remove_image(self._bases.pop(name).tag)
            if name not in self._bases:
                tag, labels = self._tag(f"on-{secrets.token_hex(4)}"), {RUN_LABEL: self._run}
                self._bases[name] = fresh_base(offer.engine, offer.bases[name], tag, labels)
        return {name: self._bases[name] for name in names}

    def _tag(self, name: str) -> str:
        return f"{self.exercise.slug}:lesson-{token_of(self._run)}-{name}"

    def _packages(self) -> tuple[str, ...]:
        asked = self.exercise.asked()
        return (*asked.direct, *sorted({*asked.lock.versions} - {*asked.direct}))

    def _write(self, path: str, content: bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _remove_all(self) -> int:
        atexit.unregister(self._remove_all)
        while self._apps:
            self._apps.pop().remove()
        removed = 0
        while self._builds:
            build = self._builds.pop()
            if build.facts.succeeded:
                build.offer.engine.remove_image(build.tag)
                removed += 1
        for base in self._bases.values():
            self._offer("now").engine.remove_image(base.tag)
        self._bases.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        return removed

    def __repr__(self) -> str:
        return "\n".join(sorted(read_files(self.folder)))


def workshop(slug: str) -> Workshop:
    """A new workshop for a step, on a ready engine; an earlier one's images are removed."""
    with in_one_line(), saying(READY) as say:
        exercise, ready = find_exercise(slug), make_ready(say, yes=False)
        remove_own(ready.offer().engine.client, Path.cwd())
    return Workshop(exercise, ready)


def read_files(folder: Path) -> list[str]:
    """The files under a folder, as paths inside it."""
    return [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
