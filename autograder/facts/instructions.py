"""A Dockerfile's text as directives and instructions with line numbers.

It follows what BuildKit's parser does, which says more than https://docs.docker.com/reference/dockerfile/:
https://github.com/moby/buildkit/tree/master/frontend/dockerfile/parser.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from autograder.errors import BadInput
from autograder.facts.slip import one_slip_apart

KEYWORDS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL"
    " STOPSIGNAL USER VOLUME WORKDIR".split()
)
_DIRECTIVES = {"syntax", "escape", "check"}
_MAY_BE_EMPTY = {"CMD", "ENTRYPOINT"}  # alone they take back what the base image says
_BLANKS = " \t\v\f\r"
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)")
_FLAG = re.compile(r"--([A-Za-z-]+)(?:=(.*))?", re.S)
# A word, with its quotes: blanks inside quotes do not end it. Nothing in it is tried twice (`++`):
# a million characters cost milliseconds, and no memory to go back in.
_WORD = re.compile(r"""(?:[^\s"'\\]++|\\.|\\$|"(?:[^"\\]++|\\.)*+"|'[^']*+')++""", re.S)
_FLAG_WORD = re.compile(rf"({_WORD.pattern})\s*", re.S)


LONGEST_LINE = 65_535
"""Bytes: what the builders' own reader takes (the token limit of Go's bufio.Scanner, less one)."""
MOST_INSTRUCTIONS, MOST_FLAGS = 10_000, 100
"""Far more than anybody means, and few enough to look each of them up."""
MOST_SEARCHED = 20_000
"""Characters of one instruction that are looked through for what it does."""


@dataclass(frozen=True)
class Directive:
    """A `# name=value` line at the top, and its line, counted from 1."""

    name: str
    value: str
    line: int


@dataclass(frozen=True)
class Instruction:
    """One instruction: its keyword in capitals, its flags, and the rest joined to one line.

    line, end_line: its first and last line, counted from 1.
    """

    keyword: str
    value: str
    line: int
    end_line: int
    flags: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What it says, heredocs and all: its beginning, for whoever looks for words in it.

        Nobody means a longer one, and a pattern may take the square of a length in time.
        """
        return "\n".join((self.value[:MOST_SEARCHED], *self.heredocs))[:MOST_SEARCHED]

    def mounts(self) -> Iterator[dict[str, str]]:
        """The options of each of its mounts: names in small letters, values as they are."""
        for flag, value in self.flags:
            if flag == "mount":
                pairs = (option.partition("=") for option in value.split(","))
                yield {name.strip().lower(): text for name, _, text in pairs}


def read(text: str) -> tuple[tuple[Directive, ...], tuple[Instruction, ...]]:
    """The directives and instructions of a Dockerfile. Raises BadInput, with the line."""
    lines = [row.rstrip("\r") for row in text.removeprefix("\ufeff").split("\n")]
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE // 4 and len(line.encode()) > LONGEST_LINE:
            raise BadInput(f"Dockerfile line {number} is longer than {LONGEST_LINE} bytes")
    directives = tuple(_directives(lines))
    found = _instructions(lines, _escape(directives))
    instructions = tuple(islice(found, MOST_INSTRUCTIONS))
    if next(found, None):
        raise BadInput(f"the Dockerfile has more than {MOST_INSTRUCTIONS} instructions")
    return directives, instructions


def has_instructions(text: str) -> bool:
    """Whether anything but comments and blank lines stands there, parsable or not."""
    return any(not _says_nothing(line) for line in text.removeprefix("\ufeff").split("\n"))


def trigger(row: Instruction) -> Instruction:
    """What an ONBUILD runs in the stages that start from its own."""
    keyword, flags, value = _split(row.value, row.line)
    return Instruction(keyword, value, row.line, row.end_line, flags, row.heredocs)


def words(text: str) -> list[str] | None:
    """The words of a line with their quotes, or None where a quote is not closed."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif match := _WORD.match(text, at):
            found.append(match[0])
            at = match.end()
            if at < len(text) and not text[at].isspace():
                return None
        else:
            return None
    return found


def unquoted(word: str) -> str:
    """A word without its quotes."""
    return word.replace('"', "").replace("'", "")


def _directives(lines: list[str]) -> Iterator[Directive]:
    """What looks like a directive, up to the first line that does not.

    A name that nobody knows ends them, but old builders read on for `syntax`. So do all builders
    behind a `#!` line. A frontend must not hide there.
    """
    seen = set[str]()
    behind = bool(lines) and lines[0].startswith("#!")
    for number, line in enumerate(lines[behind:], start=1 + behind):
        match = _DIRECTIVE.match(line.strip())
        if not match:
            return
        name = match[1].lower()
        if name in seen and name in _DIRECTIVES:
            raise BadInput(f"Dockerfile line {number}: only one {name} directive can be used")
        seen.add(name)
        yield Directive(name, match[2], number)


def _escape(directives: tuple[Directive, ...]) -> str:
    for number, directive in enumerate(directives, start=1):
        if directive.name not in _DIRECTIVES or directive.line != number:
            break
        if directive.name == "escape":
            if directive.value not in ("`", "\\"):
                where = f"Dockerfile line {directive.line}"
                raise BadInput(f"{where}: the escape character can be \\ or `, nothing else")
            return directive.value
    return "\\"


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    at, above = 0, False
    while at < len(lines):
        if _says_nothing(lines[at]):
            at += 1
            continue
        start, (logical, at) = at, _join(lines, at, escape)
        keyword, flags, value = _split(logical, start + 1, escape if above else "")
        above = True
        at, bodies = _take_heredocs(keyword, value, logical, lines, at, start + 1)
        yield Instruction(keyword, value, start + 1, at, flags, bodies)


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _join(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """Join continuation lines; comment and empty lines between them do not count.

    Nothing comes between two lines but the blanks that are there, which become one. A doubled
    escape character at the end is a plain character.
    """
    parts, gap = list[str](), False
    while at < len(lines):
        line = lines[at]
        at += 1
        if parts and _says_nothing(line):
            continue
        bare = line.rstrip(" \t")
        goes_on = bare.endswith(escape) and not bare.endswith(escape * 2)
        body = bare[:-1] if goes_on else line
        if parts and (gap or body[:1].isspace()):
            parts.append(" ")
        parts.append(body.strip())
        gap = body[-1:].isspace()
        if not goes_on:
            break
    return "".join(parts).strip(), at


def _split(
    logical: str, line: int, escape: str = ""
) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """Keyword, flags and the rest. escape: what the line above would go on by, if there is one."""
    spelled, *rest = re.split(f"[{_BLANKS}]+", logical, maxsplit=1)
    keyword, value = spelled.upper(), rest[0].strip() if rest else ""
    if keyword not in KEYWORDS:
        said = f"Dockerfile line {line}: {spelled[:40]} is not a Dockerfile instruction"
        raise BadInput(said + _what_is_meant(keyword, escape))
    if not value and keyword not in _MAY_BE_EMPTY:
        raise BadInput(f"Dockerfile line {line}: {keyword} needs at least one argument")
    flags, at = list[tuple[str, str]](), 0
    while (word := _FLAG_WORD.match(value, at)) and (flag := _FLAG.fullmatch(word[1])):
        flags.append((flag[1].lower(), unquoted(flag[2] or "")))
        at = word.end()
        if len(flags) > MOST_FLAGS:
            raise BadInput(f"Dockerfile line {line}: {keyword} has more than {MOST_FLAGS} flags")
    return keyword, tuple(flags), value[at:]


def _what_is_meant(keyword: str, escape: str) -> str:
    """What may be wrong with a word that is no instruction, or ``."""
    # Of two letters nothing is told: cd is a command that wants a backslash above, and no CMD.
    alike = sorted(known for known in KEYWORDS if one_slip_apart(keyword, known))
    if alike and len(keyword) > 2:
        return f": did you mean {' or '.join(alike)}?"
    if escape:
        above = f"that line must end with {escape}, and no comment behind it"
        return f": if it goes on from the line above, {above}"
    return ""


def _take_heredocs(
    keyword: str, value: str, logical: str, lines: list[str], at: int, start: int
) -> tuple[int, tuple[str, ...]]:
    """The bodies of the heredocs that an instruction opens, and where the next line stands."""
    bodies: list[str] = []
    for chomp, name in _heredocs(keyword, value, logical):
        body: list[str] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            if (line.lstrip("\t") if chomp else line) == name:
                break
            body.append(line)
        else:
            raise BadInput(f"Dockerfile line {start}: the heredoc <<{name[:40]} never ends")
        bodies.append("\n".join(body))
    return at, tuple(bodies)


def _heredocs(keyword: str, value: str, logical: str) -> Iterator[tuple[bool, str]]:
    """Whether tabs before it do not count, and the word that ends it, for each heredoc."""
    if keyword == "ONBUILD":
        keyword, _, value = value.partition(" ")
    if (
        "<<" not in logical
        or keyword.upper() not in {"RUN", "COPY", "ADD"}
        or exec_form(value) is not None
    ):
        return
    for word in words(logical) or ():
        match = _HEREDOC.fullmatch(word)
        if match and (name := unquoted(match[2])):
            yield bool(match[1]), name


def exec_form(value: str) -> list[str] | None:
    """The words of a JSON list of strings; None for what the builders give to a shell."""
    if not value.startswith("["):
        return None
    try:
        rows = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return rows if all(isinstance(row, str) for row in rows) else None
