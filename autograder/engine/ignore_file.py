"""Which files a `.dockerignore` keeps out of a build, by the rules of the docker command.

They are https://docs.docker.com/build/concepts/context/#dockerignore-files, and what that page
leaves open is as in https://github.com/moby/patternmatcher and
https://github.com/tonistiigi/fsutil, which the command asks. Those make a regular expression of a
pattern; Python's would take a power of a name's length in time for one with many stars. So all
patterns are followed at once here, letter by letter: a set of places in them, kept as the bits of
one number (https://en.wikipedia.org/wiki/Bitap_algorithm).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from posixpath import normpath

from autograder.errors import BadInput

MOST_COMPARED = 60_000_000
"""Letters of the patterns times letters of the files' paths: some ten seconds at worst. 200 paths
of 60 letters leave 5,000 for the patterns: the longest template of an editor has fewer."""

_ONE = "?"
_STAR = "*"
_REST = "**"
"""Anything, slashes too."""
_FOLDERS = "**/"
"""Nothing, or anything that ends with a slash."""


@dataclass(frozen=True)
class _Letters:
    """One letter of some ranges, or one of none of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def hold(self, letter: str) -> bool:
        return any(low <= letter <= high for low, high in self.ranges) != self.negated


@dataclass(frozen=True)
class _Literal:
    letter: str


_Token = str | _Letters | _Literal


def kept_back(text: str, name: str, paths: Collection[str]) -> frozenset[str]:
    """Those of the paths that the text of a `.dockerignore` keeps out of the build.

    name: what that file is called.

    Raises BadInput, with the line, for a pattern that Docker refuses, and for far too much text.
    """
    most = MOST_COMPARED // max(1, sum(map(len, paths)))
    rules, letters = _Rules(), 0
    for number, row in enumerate(text.split("\n"), start=1):
        try:
            pattern = _cleaned(row)
            letters += len(pattern)
            if letters > most:
                raise BadInput(f"{name} line {number}: up to here it is too long for so many files")
            if pattern:
                rules.add(_tokens(pattern.removeprefix("!")), exception=pattern[0] == "!")
        except ValueError as error:
            shown = row.strip()[:80]
            raise BadInput(f"{name} line {number}: Docker refuses {shown}: {error}") from error
    return rules.matched(paths)


def _cleaned(row: str) -> str:
    """The pattern that a line holds, or ``. Raises ValueError for a lone exclamation mark."""
    stripped = row.strip()
    if row.startswith("#") or not stripped:
        return ""
    mark = "!" if stripped[0] == "!" else ""
    path = stripped[len(mark) :].strip()
    path = normpath(path).lstrip("/") if path else ""
    if mark and not path:
        raise ValueError('illegal exclusion pattern: "!"')
    return mark + path


def _tokens(pattern: str) -> list[_Token]:
    """What a pattern is made of. Raises ValueError where Go's filepath.Match does."""
    last = pattern[2:] if pattern.startswith("**") else "/"
    if not (last.startswith("/") or set(last) & set("*?[]\\")):
        return [_REST, *map(_Literal, last)]  # such as **.pyc: in the middle of a name, too
    found, at = list[_Token](), 0
    while at < len(pattern):
        letter = pattern[at]
        if pattern.startswith("**", at):
            at += 3 if pattern[at + 2 : at + 3] == "/" else 2
            token = _FOLDERS if at < len(pattern) else _REST
            if found[-1:] != [token]:  # twice is the same as once
                found.append(token)
            continue
        at += 1
        if letter in (_STAR, _ONE):
            found.append(letter)
        elif letter == "[":
            letters, at = _letters(pattern, at)
            found.append(letters)
        elif letter == "\\":
            found.append(_Literal(_letter(pattern, at)))
            at += 1
        else:
            found.append(_Literal(letter))
    return found


def _letters(pattern: str, at: int) -> tuple[_Letters, int]:
    """The range that was opened before `at`, and where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges = list[tuple[str, str]]()
    while not (ranges and pattern.startswith("]", at)):
        low, at = _end_of_range(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _end_of_range(pattern, at + 1)
        if low > high:
            raise ValueError("syntax error in pattern")
        ranges.append((low, high))
    return _Letters(tuple(ranges), negated), at + 1


def _end_of_range(pattern: str, at: int) -> tuple[str, int]:
    letter = _letter(pattern, at)
    if letter in "-]":
        raise ValueError("syntax error in pattern")
    return (_letter(pattern, at + 1), at + 2) if letter == "\\" else (letter, at + 1)


def _letter(pattern: str, at: int) -> str:
    if at >= len(pattern):
        raise ValueError("syntax error in pattern")
    return pattern[at]


@dataclass
class _Rules:
    """All patterns, one behind the other: each token has a bit, and so has each pattern's end.

    A set bit means: what was read so far may end before this token. stars, rests, inside: the bits
    of tokens that take any number of letters; a `_FOLDERS` has two, `folders` where it begins and
    `inside` for what it has begun to take.
    """

    length: int = 0
    starts: int = 0
    ends: int = 0
    by_letter: dict[str, int] = field(default_factory=dict)
    ranges: list[tuple[int, _Letters]] = field(default_factory=list)
    ones: int = 0
    stars: int = 0
    rests: int = 0
    folders: int = 0
    inside: int = 0
    rules: list[tuple[int, bool]] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)

    def add(self, tokens: list[_Token], *, exception: bool) -> None:
        """One more pattern; exception: what it matches is sent, whatever stands above it."""
        self.starts |= 1 << self.length
        for token in tokens:
            self._add(token)
        self.rules.append((1 << self.length, exception))
        self.ends |= 1 << self.length
        self.length += 1

    def _add(self, token: _Token) -> None:
        bit = 1 << self.length
        self.length += 1
        if isinstance(token, _Literal):
            self.by_letter[token.letter] = self.by_letter.get(token.letter, 0) | bit
        elif isinstance(token, _Letters):
            self.ranges.append((bit, token))
        elif token == _ONE:
            self.ones |= bit
        elif token == _STAR:
            self.stars |= bit
        elif token == _REST:
            self.rests |= bit
        else:
            self.folders |= bit
            self.inside |= bit << 1
            self.length += 1

    def matched(self, paths: Collection[str]) -> frozenset[str]:
        """The paths that are kept back."""
        return frozenset(path for path, back in self._judged(paths) if back)

    def _judged(self, paths: Collection[str]) -> Iterator[tuple[str, bool]]:
        """Each path, and whether it is kept back."""
        trail, parts = [(self._ahead(self.starts), 0, False)], list[str]()
        for path in sorted(paths):
            before, parts = parts, path.split("/")
            pairs = zip(before, parts, strict=False)
            known = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            del trail[known + 1 :]
            for part in parts[known:]:
                places, met, back = trail[-1]
                for letter in part if len(trail) == 1 else f"/{part}":
                    places = self._after(places, letter)
                trail.append((places, *self._kept(places, met, back)))
            yield path, trail[-1][2]

    def _after(self, places: int, letter: str) -> int:
        """Where one may stand in the patterns when one more letter was read."""
        if letter not in self.taken:
            held = (bit for bit, letters in self.ranges if letters.hold(letter))
            self.taken[letter] = self.by_letter.get(letter, 0) | sum(held)
            self.taken[letter] |= 0 if letter == "/" else self.ones
        after = (places & self.taken[letter]) << 1 | places & (self.rests | self.inside)
        after |= (places & self.inside) << 1 if letter == "/" else places & self.stars
        return self._ahead(after)

    def _ahead(self, places: int) -> int:
        """The places, with those that are reached from them by reading nothing."""
        begun = places & self.folders
        places |= begun << 1 | begun << 2
        return places | (places & (self.stars | self.rests)) << 1  # no star stands before folders

    def _kept(self, places: int, above: int, back: bool) -> tuple[int, bool]:
        """Which patterns match a path or a folder that it is in, and whether it is kept back.

        The last that matches counts. One that could change nothing when its turn came is not
        asked, and so does not count for what is in that folder.
        """
        if not places & self.ends & ~above:
            return above, back
        met, back = 0, False
        for bit, exception in self.rules:
            if above & bit or (exception == back and places & bit):
                met, back = met | bit, not exception
        return met, back
