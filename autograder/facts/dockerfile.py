"""A Dockerfile read as data: instructions with line numbers, stages, what each stage needs.

It gives hints, line numbers and base images; verdicts rest on builds. The format is
https://docs.docker.com/reference/dockerfile/.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile

from autograder.errors import BadInput
from autograder.facts.expansion import PLATFORM_ARGUMENTS, expand, platform_arguments
from autograder.facts.growth import refuse_growth
from autograder.facts.instructions import (
    Directive,
    Instruction,
    exec_form,
    has_instructions,
    read,
    trigger,
    words,
)

__all__ = [
    "Base", "Dockerfile", "Instruction", "Stage", "exec_form", "has_instructions", "parse",
    "sources_of",
]  # fmt: skip

MOST_STAGES, MOST_TRIGGERS = 500, 5_000
"""What is read: far more than any that is meant, and few enough not to hold a grader up."""

_NUMBER = re.compile(r"[0-9]{1,9}")
_OF_PLATFORM = re.compile(rf"\$\{{?({'|'.join(sorted(PLATFORM_ARGUMENTS))})\b")
_DEFAULT_PREFIX = re.compile(r"^(?:(?:index\.)?docker\.io/)?(?:library/)?")


@dataclass(frozen=True)
class Base:
    """A base image: the reference after ARG expansion and the line that names it."""

    reference: str
    line: int

    @property
    def familiar(self) -> str:
        """The reference without what Docker puts before a bare name: docker.io/library/."""
        return _DEFAULT_PREFIX.sub("", self.reference)

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
    """One build stage. `base` is a Base, or the index of the stage it starts from.

    start: the instruction that begins it, a FROM.
    needs: the stages and images that it copies or mounts from.
    below: the lines that take from a stage which stands below, and that stage's index.
    platform: what its FROM asks for, after ARG expansion; None where it does not say.
    triggers: what ONBUILD in the stage it starts from runs first.
    """

    index: int
    name: str
    base: Base | int
    start: Instruction
    instructions: tuple[Instruction, ...]
    needs: tuple[Base | int, ...] = ()
    triggers: tuple[Instruction, ...] = ()
    below: tuple[tuple[int, int], ...] = ()
    platform: str | None = None

    @property
    def end_line(self) -> int:
        """The last line of its last instruction."""
        return (self.start, *self.instructions)[-1].end_line


@dataclass(frozen=True)
class Dockerfile:
    """A parsed Dockerfile."""

    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    directives: tuple[Directive, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def syntax(self) -> str | None:
        """The frontend that a `# syntax=` line asks for, or None."""
        return next((d.value for d in self.directives if d.name == "syntax"), None)

    @property
    def arguments(self) -> tuple[Instruction, ...]:
        """The ARGs above the first FROM."""
        return tuple(row for row in self.instructions if row.line < self.stages[0].start.line)

    def on(self, platform: str) -> "Dockerfile":
        """The same as BuildKit reads it on a platform, such as linux/amd64."""
        return replace(self, stages=_stages(self.instructions, platform_arguments(platform)))

    def needed_stages(self) -> tuple[Stage, ...]:
        """The stages that the final image depends on, in file order."""
        return self.needed_by(len(self.stages) - 1)

    def needed_by(self, index: int) -> tuple[Stage, ...]:
        """The stages that one depends on, itself included, in file order."""
        wanted, queue = set[int](), [index]
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

    def base_at(self, line: int) -> Base | None:
        """The image that the stage with a line starts from, be it by way of other stages."""
        for stage in self.stages:
            if stage.start.line <= line <= stage.end_line:
                while not isinstance(stage.base, Base):
                    stage = self.stages[stage.base]
                return stage.base
        return None

    def has_cache_mount(self) -> bool:
        """Whether a needed RUN has a cache mount, in which one build leaves another files."""
        return any(
            mount.get("type", "").lower() == "cache"
            for stage in self.needed_stages()
            for row in (*stage.triggers, *stage.instructions)
            for mount in row.mounts()
        )

    def features(self) -> dict[str, int]:
        """Builder features it uses beyond the oldest builders, each with its first line."""
        found: dict[str, int] = {}
        for row in (*self.arguments, *(stage.start for stage in self.stages)):
            for name in _OF_PLATFORM.findall(row.value):
                found.setdefault(name, row.line)
        triggers = [row for stage in self.stages for row in stage.triggers]
        for instruction in (*self.instructions, *triggers):
            if instruction.heredocs:
                found.setdefault("heredoc", instruction.line)
            for flag, value in instruction.flags:
                if flag in {"mount", "link", "chmod", "exclude", "parents", "network", "security"}:
                    found.setdefault(flag, instruction.line)
                if flag == "chmod" and value.strip("0123456789"):  # +x, u=rwx,go=rx or $MODE
                    found.setdefault("a chmod that is no number", instruction.line)
        return found


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile. Raises BadInput, with the line, when it cannot be one."""
    directives, instructions = read(text)
    if not instructions:
        raise BadInput("the Dockerfile is empty: it needs at least a FROM line")
    stages = _stages(instructions, {})
    refuse_growth(
        (
            stage.base if isinstance(stage.base, int) else None,
            (stage.start, *stage.triggers, *stage.instructions),
        )
        for stage in stages
    )
    return Dockerfile(instructions, stages, directives, text)


def _stages(instructions: tuple[Instruction, ...], known: Mapping[str, str]) -> tuple[Stage, ...]:
    arguments = _above_the_first(instructions, known)
    starts = [i for i, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    if not starts:
        raise BadInput("the Dockerfile has no FROM line, so there is no image to start from")
    if len(starts) > MOST_STAGES:
        raise BadInput(f"the Dockerfile has more than {MOST_STAGES} stages")
    spans = zip(starts, [*starts[1:], len(instructions)], strict=True)
    parts = [instructions[begin:end] for begin, end in spans]
    named = [_name(rows[0]) for rows in parts]
    names = _Names(named)
    stages: list[Stage] = []
    triggers: dict[Base | int, tuple[Instruction, ...]] = {}  # by stage, for all that start there
    inherited = 0
    for name, rows in zip(named, parts, strict=True):
        base = names.find(expand(rows[0].value.split()[0], arguments), rows[0])
        if isinstance(base, int) and base not in triggers:
            above = stages[base].instructions
            triggers[base] = tuple(trigger(row) for row in above if row.keyword == "ONBUILD")
        inherited += len(triggers.get(base, ()))
        if inherited > MOST_TRIGGERS:
            raise BadInput(f"the ONBUILDs of the Dockerfile run more than {MOST_TRIGGERS} times")
        stage = _stage(name, len(stages), base, rows, triggers.get(base, ()), names)
        asked = dict(rows[0].flags).get("platform")
        platform = None if asked is None else expand(asked, arguments)
        stages.append(replace(stage, platform=platform))
        names.above[name] = stages[-1].index
    return tuple(stages)


def _above_the_first(
    instructions: tuple[Instruction, ...], known: Mapping[str, str]
) -> dict[str, str]:
    """What the ARGs above the first FROM set. Raises BadInput where anything else stands there."""
    arguments = dict(known)
    for instruction in takewhile(lambda row: row.keyword != "FROM", instructions):
        if instruction.keyword != "ARG":
            raise BadInput(
                f"Dockerfile line {instruction.line}: {instruction.keyword} stands before any FROM"
            )
        for pair in words(instruction.value) or ():
            name, has_default, default = pair.partition("=")
            if has_default:
                arguments[name] = expand(default, arguments)
    return arguments


class _Names:
    """Which stage a reference stands for: the last that is called so, or the number it has.

    FROM knows the stages above it. For COPY and mounts the builders look at all, and refuse those
    that stand below.
    """

    def __init__(self, named: list[str]) -> None:
        self.count, self.above = len(named), dict[str, int]()
        self.every = {name: index for index, name in enumerate(named)}

    def find(self, reference: str, row: Instruction) -> Base | int:
        known = self.above if row.keyword == "FROM" else self.every
        if reference and reference.lower() in known:
            return known[reference.lower()]
        if row.keyword == "COPY" and _NUMBER.fullmatch(reference) and int(reference) < self.count:
            return int(reference)
        return Base(reference, row.line)


def _name(start: Instruction) -> str:
    """What a FROM calls its stage, or ``. Raises BadInput for a FROM that is none."""
    parts = start.value.split()
    if len(parts) not in {1, 3} or (len(parts) == 3 and parts[1].lower() != "as"):
        version = len(parts) in {2, 4} and parts[1].lstrip(":v")[:1].isdigit()
        colon = ": a colon, and no blank, joins an image and its version" if version else ""
        raise BadInput(f"Dockerfile line {start.line}: FROM takes IMAGE, or IMAGE AS NAME{colon}")
    return parts[2].lower() if len(parts) == 3 else ""


def _stage(
    name: str,
    index: int,
    base: Base | int,
    rows: tuple[Instruction, ...],
    triggers: tuple[Instruction, ...],
    names: _Names,
) -> Stage:
    found = [
        (row.line, names.find(reference, row))  # no builder expands it
        for row in (*triggers, *rows[1:])
        for reference in sources_of(row)
    ]
    below = tuple((line, need) for line, need in found if isinstance(need, int) and need > index)
    needs = tuple(need for _, need in found)
    return Stage(index, name, base, rows[0], rows[1:], needs, triggers, below)


def sources_of(row: Instruction) -> Iterator[str]:
    """The stages or images that an instruction copies or mounts from."""
    for flag, value in row.flags:
        if flag == "from" and row.keyword == "COPY":
            yield value
    if row.keyword == "RUN":
        yield from (mount["from"] for mount in row.mounts() if "from" in mount)
