"""A build context, how the course changes it, and the Dockerfile's text as it is built."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from autograder.errors import BadInput
from autograder.facts.dockerfile import Base, Dockerfile, Instruction, sources_of
from autograder.facts.expansion import PLATFORM_ARGUMENTS
from autograder.facts.instructions import words
from autograder.facts.observation import Asked, Evidence

LOCK = "poetry.lock"
TOLD, ASKED = "X-Course-Told", "X-Course-Asked"
"""The header in which a changed source says what only it can know, and what it is asked with.

It repeats the latter: an answer that was recorded during the build cannot.
"""
# Docker's own frontend under all its names: latest and no tag are what 1 is. `experimental` was
# given up in 2020, and all that it had is stable now but --security, which an engine does not allow
# unless it is set up so: a Dockerfile that such a frontend builds comes out the same without it.
# `labs` is the stable one with more: a flag that the engine's own does not know is told of.
_STABLE_FRONTEND = re.compile(
    r"docker/dockerfile(?::(?:latest|1(?:\.\d+)*|(?:1(?:\.\d+)*-)?(?:labs|experimental)))?"
    r"(?:@sha256:\w+)?"
)
_BLANKS = re.compile(r"(\s+)")
_FLAG = re.compile(r"--(?:from|mount)=", re.I)
_TELLING = """

@app.middleware("http")
async def _tell(request, call_next):
    import importlib.metadata, importlib.util, json, os, sys

    imported = []
    for name in {2}:
        module = name.replace("-", "_")
        if module in sys.modules:
            file = getattr(sys.modules[module], "__file__", None)
        else:
            try:
                file = getattr(importlib.util.find_spec(module), "origin", None)
            except Exception:
                file = None
        if file:
            package = os.path.basename(file).startswith("__init__.")
            files = [file, os.path.realpath(file)]
            if package:
                files = [os.path.dirname(file) for file in files]
            folders = [os.path.realpath(os.path.dirname(file)) for file in files]
            found = importlib.metadata.distributions(name=name, path=folders)
            version = next((one.version for one in found), "")
            imported.append("|".join([name, version, *folders]))
    folders = ":".join(map(os.path.realpath, sys.path))
    told = {{"nonce": "{1}", "imports_from": folders, "imported": ";".join(imported)}}
    told["asked"] = request.headers.get("{3}", "")
    response = await call_next(request)
    response.headers["{0}"] = json.dumps(told)
    return response
"""


@dataclass(frozen=True)
class Material:
    """A build context and how the course changes it.

    files: the hand-in with the course's app laid over it.
    own: which of the files are the learner's.
    programs: which of those may be run.
    source_file: the file that the source change edits.
    second_lock: the text of the course's second poetry.lock; the first's where it has no other.
    needs: what the checks look at beside the first build, the rebuild and its app's answer.
    """

    asked: Asked
    dockerfile: Dockerfile
    files: Mapping[str, bytes]
    source_file: str
    second_lock: bytes
    needs: frozenset[Evidence]
    own: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()

    @property
    def fingerprint(self) -> str:
        """The same for equal hand-ins, and for no others."""
        theirs = sorted((path, path in self.programs, self.files[path]) for path in self.own)
        return hashlib.sha256(repr((self.dockerfile.text, theirs)).encode()).hexdigest()

    def mentions(self, word: str) -> bool:
        """Whether the Dockerfile or another file of the learner's holds a word."""
        files = (data for path, data in self.files.items() if path in self.own)
        return word in self.dockerfile.text or any(word.encode() in data for data in files)

    def with_source_changed(self, nonce: str) -> dict[str, bytes]:
        """The files, where the app also tells a nonce, and what it imported from which folders.

        In a header: what a route returns stays as it was, for a build may test it.
        """
        telling = _TELLING.format(TOLD, nonce, [*self.asked.lock.versions], ASKED)
        changed = self.files[self.source_file] + telling.encode()
        return {**self.files, self.source_file: changed}

    def with_second_lock(self) -> dict[str, bytes]:
        """The files with the second lock in place of the first."""
        return {**self.files, LOCK: self.second_lock}


def prepared(dockerfile: Dockerfile, bases: Mapping[str, str]) -> str:
    """The Dockerfile's text as it is built, line for line.

    A `# syntax=docker/dockerfile:1` line is blanked: it would fetch a frontend, and the engine has
    one. Any other frontend is refused. Base images give way to the offer's own where it has some.
    Secrets and SSH agents that a step can do without are not there, as for anybody who has none: a
    builder that is sent an archive has nowhere to ask for them, and says so before it looks.
    """
    lines = dockerfile.text.removeprefix("\ufeff").split("\n")
    if dockerfile.syntax:
        _blank_the_syntax(dockerfile, lines)
    for row in dockerfile.arguments:
        _keep_the_platform(row, lines)
    stages = {stage.name for stage in dockerfile.stages}
    for row in dockerfile.instructions:
        _leave_out_secrets(row, lines)
        _take_from_our_own(row, stages, bases, lines)
    for stage in dockerfile.stages:
        if not isinstance(stage.base, int) and stage.base.familiar in bases:
            name = f" AS {stage.name}" if stage.name else ""
            _rewrite(stage.start, f"FROM {bases[stage.base.familiar]}{name}", lines)
    return "\n".join(lines)


def _blank_the_syntax(dockerfile: Dockerfile, lines: list[str]) -> None:
    frontend = dockerfile.syntax or ""
    if not _STABLE_FRONTEND.fullmatch(Base(frontend, 1).familiar):
        raise BadInput(f"the syntax line asks for another frontend, {frontend[:80]}")
    # A comment ends the directives, so the others move up to stay directives.
    rows = [d.line - 1 for d in dockerfile.directives]
    kept = [lines[d.line - 1] for d in dockerfile.directives if d.name != "syntax"]
    for at, line in zip_longest(rows, kept, fillvalue="#"):
        lines[int(at)] = line


def _keep_the_platform(row: Instruction, lines: list[str]) -> None:
    """Have `ARG TARGETARCH` above the first FROM leave it its value, as it does today.

    Before Dockerfile 1.11 (Docker 27.4) such a line took the value away that FROM would know.
    """
    named = words(row.value) or []
    if not PLATFORM_ARGUMENTS.isdisjoint(named):
        kept = [f"{word}=${word}" if word in PLATFORM_ARGUMENTS else word for word in named]
        _rewrite(row, f"ARG {' '.join(kept)}", lines)


def _leave_out_secrets(row: Instruction, lines: list[str]) -> None:
    """Take `--mount=type=secret,…` off a RUN where it is not required: without one it is nothing.

    https://docs.docker.com/reference/dockerfile/#run---mounttypesecret
    """
    for value in optional_secrets(row):
        mount = f"--mount={value}"
        at = (n for n in range(row.line - 1, row.end_line) if mount in lines[n])
        if (line := next(at, None)) is not None:
            lines[line] = lines[line].replace(mount, "", 1)


def _take_from_our_own(
    row: Instruction, stages: Collection[str], bases: Mapping[str, str], lines: list[str]
) -> None:
    """Have COPY and mounts take from the offer's image too, where they name a base image."""
    for name in dict.fromkeys(sources_of(row)):
        own = bases.get(Base(name, row.line).familiar)
        if own is None or own == name or name.lower() in stages:
            continue
        source = re.compile(rf"(\bfrom=[\"']?){re.escape(name)}(?=[\"',]|$)", re.I)
        for at in range(row.line - 1, row.end_line):
            words = _BLANKS.split(lines[at])
            flags = [source.sub(rf"\g<1>{own}", w) if _FLAG.match(w) else w for w in words]
            lines[at] = "".join(flags)


def optional_secrets(row: Instruction) -> Iterator[str]:
    """The mounts of secrets and SSH agents that a RUN can do without."""
    for name, value in row.flags if row.keyword == "RUN" else ():
        options = dict(option.partition("=")[::2] for option in value.lower().split(","))
        required = options.get("required", "false") not in ("false", "0")
        if name == "mount" and options.get("type") in ("secret", "ssh") and not required:
            yield value


def _rewrite(row: Instruction, text: str, lines: list[str]) -> None:
    """Put another text where an instruction stands; every line below keeps its number."""
    lines[row.line - 1 : row.end_line] = [text, *[""] * (row.end_line - row.line)]
