"""A build context, how the course changes it, and the Dockerfile's text as it is built."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from autograder.errors import BadInput
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.observation import Asked, Evidence

LOCK = "poetry.lock"
_STABLE_FRONTEND = re.compile(r"^(?:docker\.io/)?docker/dockerfile:1(?:\.\d+)*(?:@sha256:\w+)?$")


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
        """The files, where the app also answers with a nonce and the folders it imports from."""
        literal = f'"variant": "{self.asked.variant}"'
        text = self.files[self.source_file].decode()
        assert literal in text, "the course's app answers with its variant"
        path = '":".join(map(__import__("os").path.realpath, __import__("sys").path))'
        changed = text.replace(literal, f'{literal}, "nonce": "{nonce}", "imports_from": {path}')
        return {**self.files, self.source_file: changed.encode()}

    def with_second_lock(self) -> dict[str, bytes]:
        """The files with the second lock in place of the first."""
        return {**self.files, LOCK: self.second_lock}


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
        if isinstance(stage.base, int) or stage.base.familiar not in bases:
            continue
        first, last = stage.base.line, ends[stage.base.line]
        name = f" AS {stage.name}" if stage.name else ""
        rewritten = f"FROM {bases[stage.base.familiar]}{name}"
        lines[first - 1 : last] = [rewritten, *[""] * (last - first)]
    return "\n".join(lines)
