"""A Dockerfile read as data: instructions with line numbers, stages, what each stage needs.

It gives hints, line numbers and base images; verdicts rest on builds. The format is
https://docs.docker.com/reference/dockerfile/.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from autograder.errors import BadInput

KEYWORDS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL"
    " STOPSIGNAL USER VOLUME WORKDIR".split()
)
_DIRECTIVE = re.compile(r"^#\s*([a-zA-Z]+)\s*=\s*(\S.*?)\s*$")
_HEREDOC = re.compile(r"(?<!<)<<(?P<chomp>-?)(?P<quote>['\"]?)(?P<word>[A-Za-z_]\w*)(?P=quote)")
_FLAG = re.compile(r"^--([a-z-]+)(?:=(\S+))?\s+")
_VARIABLE = re.compile(
    r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::?(?P<operator>[-+])(?P<word>[^}]*))?\})"
)


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


@dataclass(frozen=True)
class Base:
    """A base image: the reference after ARG expansion and the line that names it."""

    reference: str
    line: int

    @property
    def digest(self) -> str | None:
        """The digest after `@`, or None."""
        return self.reference.partition("@")[2] or None

    @property
    def repository(self) -> str:
        """The reference without tag and digest."""
        name = self.reference.partition("@")[0]
        head, _, tail = name.rpartition("/")
        return f"{head}/{tail.partition(':')[0]}" if head else tail.partition(":")[0]

    @property
    def tag(self) -> str:
        """The tag, or `` when there is none."""
        return self.reference.partition("@")[0].rpartition("/")[2].partition(":")[2]


@dataclass(frozen=True)
class Stage:
    """One build stage. `base` is a Base, or the index of the stage it starts from."""

    index: int
    name: str
    base: Base | int
    instructions: tuple[Instruction, ...]
    needs: tuple[Base | int, ...] = ()


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile."""

    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    syntax: str | None = None
    text: str = field(default="", repr=False)

    def needed_stages(self) -> tuple[Stage, ...]:
        """The stages that the final image depends on, in file order."""
        wanted, queue = set[int](), [len(self.stages) - 1]
        while queue:
            index = queue.pop()
            if index not in wanted:
                wanted.add(index)
                stage = self.stages[index]
                queue += [n for n in (stage.base, *stage.needs) if isinstance(n, int)]
        return tuple(self.stages[i] for i in sorted(wanted))

    def needed_bases(self) -> tuple[Base, ...]:
        """The images from elsewhere that the final image depends on, in file order."""
        return tuple(
            need
            for stage in self.needed_stages()
            for need in (stage.base, *stage.needs)
            if isinstance(need, Base) and need.reference != "scratch"
        )

    def features(self) -> dict[str, int]:
        """Builder features it uses beyond the oldest builders, each with its first line."""
        found: dict[str, int] = {}
        for instruction in self.instructions:
            if instruction.heredocs:
                found.setdefault("heredoc", instruction.line)
            for flag, _ in instruction.flags:
                if flag in {"mount", "link", "chmod", "exclude", "parents", "network", "security"}:
                    found.setdefault(flag, instruction.line)
        return found


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile. Raises BadInput, with the line, when it cannot be one."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    directives, escape = _directives(lines)
    instructions = tuple(_instructions(lines, escape))
    if not instructions:
        raise BadInput("the Dockerfile is empty: it needs at least a FROM line")
    stages = _stages(instructions)
    return Dockerfile(instructions, stages, directives.get("syntax"), text)


def _directives(lines: list[str]) -> tuple[dict[str, str], str]:
    """Parser directives stand before everything else; the first other line ends them."""
    found: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if not match or match[1].lower() not in {"syntax", "escape", "check"}:
            break
        found[match[1].lower()] = match[2]
    return found, "`" if found.get("escape") == "`" else "\\"


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        start, (logical, at) = at, _join(lines, at, escape)
        yield_value, at, bodies = _take_heredocs(logical, lines, at, start)
        yield _instruction(yield_value, start + 1, at, bodies)


def _join(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """Join continuation lines; comment and empty lines between them do not count."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at]
        at += 1
        if parts and (not line.strip() or line.lstrip().startswith("#")):
            continue
        stripped = line.rstrip()
        if not stripped.endswith(escape):
            parts.append(line)
            break
        parts.append(stripped[: -len(escape)])
    return " ".join(part.strip() for part in parts).strip(), at


def _take_heredocs(
    logical: str, lines: list[str], at: int, start: int
) -> tuple[str, int, tuple[str, ...]]:
    keyword = logical.split(None, 1)[0].upper()
    if keyword not in {"RUN", "COPY", "ADD"}:
        return logical, at, ()
    bodies: list[str] = []
    for match in _HEREDOC.finditer(logical):
        body: list[str] = []
        while True:
            if at >= len(lines):
                word = match["word"]
                raise BadInput(f"Dockerfile line {start + 1}: the heredoc <<{word} never ends")
            line = lines[at]
            at += 1
            if (line.lstrip("\t") if match["chomp"] else line) == match["word"]:
                break
            body.append(line)
        bodies.append("\n".join(body))
    return logical, at, tuple(bodies)


def _instruction(logical: str, line: int, end: int, bodies: tuple[str, ...]) -> Instruction:
    keyword, _, rest = logical.partition(" ") if " " in logical else logical.partition("\t")
    keyword, rest = keyword.upper(), rest.strip()
    if keyword not in KEYWORDS:
        raise BadInput(f"Dockerfile line {line}: {keyword[:40]} is not a Dockerfile instruction")
    if not rest:
        raise BadInput(f"Dockerfile line {line}: {keyword} needs at least one argument")
    flags: list[tuple[str, str]] = []
    while match := _FLAG.match(rest):
        flags.append((match[1], match[2] or ""))
        rest = rest[match.end() :]
    return Instruction(keyword, rest, line, end, tuple(flags), bodies)


def _stages(instructions: tuple[Instruction, ...]) -> tuple[Stage, ...]:
    arguments: dict[str, str] = {}
    starts = [i for i, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    for instruction in instructions[: starts[0] if starts else None]:
        if instruction.keyword != "ARG":
            raise BadInput(
                f"Dockerfile line {instruction.line}: {instruction.keyword} stands before any FROM"
            )
        for pair in instruction.value.split():
            name, _, default = pair.partition("=")
            arguments[name] = expand(default.strip("\"'"), arguments)
    if not starts:
        raise BadInput("the Dockerfile has no FROM line, so there is no image to start from")
    stages: list[Stage] = []
    ends = [*starts[1:], len(instructions)]
    for index, (begin, end) in enumerate(zip(starts, ends, strict=True)):
        stages.append(_stage(index, instructions[begin:end], arguments, stages))
    return tuple(stages)


def _stage(
    index: int, rows: tuple[Instruction, ...], arguments: Mapping[str, str], before: list[Stage]
) -> Stage:
    words = rows[0].value.split()
    if len(words) not in {1, 3} or (len(words) == 3 and words[1].lower() != "as"):
        raise BadInput(f"Dockerfile line {rows[0].line}: FROM takes IMAGE, or IMAGE AS NAME")
    name = words[2].lower() if len(words) == 3 else ""

    def find(reference: str, line: int, *, by_number: bool) -> Base | int:
        for stage in before:
            if stage.name and reference.lower() == stage.name:
                return stage.index
        if by_number and reference.isdigit() and int(reference) < index:
            return int(reference)
        return Base(reference, line)

    base = find(expand(words[0], arguments), rows[0].line, by_number=False)
    needs = tuple(
        find(expand(reference, arguments), row.line, by_number=True)
        for row in rows[1:]
        for reference in _sources(row)
    )
    return Stage(index, name, base, rows[1:], needs)


def _sources(row: Instruction) -> Iterator[str]:
    """The stages or images that an instruction copies or mounts from."""
    for flag, value in row.flags:
        if flag == "from" and row.keyword == "COPY":
            yield value
        if flag == "mount" and row.keyword == "RUN":
            for option in value.split(","):
                key, _, source = option.partition("=")
                if key == "from":
                    yield source


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Substitute `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`."""

    def value(match: re.Match[str]) -> str:
        have = variables.get(match["plain"] or match["name"], "")
        if match["operator"] == "-":
            return have or match["word"]
        if match["operator"] == "+":
            return match["word"] if have else ""
        return have

    return _VARIABLE.sub(value, text.strip("\"'"))
