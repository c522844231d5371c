"""Whether a download that did not come is what a failed step missed.

A line that speaks of an address shows nothing yet: what the steps printed does, and what was not
there in the end.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from autograder.engine.failure import tells_no_network
from autograder.facts.build import BuildFailure, BuildStep
from autograder.facts.dockerfile import Dockerfile, Instruction
from autograder.facts.programs import not_found
from autograder.facts.slip import one_slip_apart

# From elsewhere: what a container asks of itself, for its health, is no download.
_ELSEWHERE = r"https?://(?!localhost\b|127\.|0\.0\.0\.0|\[::1?\]|\$)"
_COMMAND = re.compile(r"[^\n;&]++")
_PROGRAM = re.compile(r"\b(?:curl|wget|urlopen|urlretrieve|requests\.get|httpx\.get)\b")
_ADDRESSED = re.compile(r"\b" + _ELSEWHERE)
_SAID_ONLY = re.compile(r"\b(?:echo|printf)\b[^\n;&|$`]*|(?<!\S)#[^\n]*")
"""What a shell prints or skips: no command in it is run."""
_ADDRESS = re.compile(rf"(?:^|\s)(\w+)[=\s]([\"']?){_ELSEWHERE}")
"""A variable, in ENV or ARG, that holds an address."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
# What fails on any machine, whatever else the build wanted: Poetry's words, pip's, a shell's.
_OWN = re.compile(
    r"Group\(s\) not found|Could not open requirements file|Invalid requirement|no such option"
    r"|The (?:option|command) \"[^\"]*\" (?:does not exist|is not defined)"
    r"|No file/folder found for package|could not find a pyproject\.toml"
    r"|pyproject\.toml changed significantly|Neither 'setup\.py' nor 'pyproject\.toml' found"
    r"|Syntax error: |unexpected EOF while looking for matching"
)
_NO_FILE = re.compile(
    r"No such file or directory|[Cc]annot open|can't (?:open|cd to)|does not exist|: not found$"
)
_FILE = re.compile(r"[\w.~+-]*/[\w./+-]+|[\w+-]+\.[a-z]\w*|(?<=')[^'/\s]+(?=')")
_INSTALLED = re.compile(r"(?:~|/root|/home/\w+)/\.|/opt/|/usr/local/bin/")
"""Where installers put what they bring."""
_BROKEN_ARCHIVE = re.compile(
    r"unexpected end of file|not in gzip format|does not look like a tar archive"
    r"|End-of-central-directory signature not found|no valid OpenPGP data found"
)
_EXIT = re.compile(r"(?:exit code|non-zero code): (\d+)$")
# https://curl.se/libcurl/c/libcurl-errors.html and wget(1): no name, no way, no time, no trust.
_OF_A_DOWNLOAD = frozenset("4 5 6 7 28 35 60".split())
_THERE_ANYWHERE = ("gunicorn", "mkdir", "poetry", "python", "python3", "uvicorn")
"""A program that is misspelt so, no download brings."""


def for_want_of_a_download(
    failure: BuildFailure, dockerfile: Dockerfile, steps: Iterable[BuildStep] = ()
) -> BuildFailure:
    """The failure, put down to a download in its step, or in one above it that went on without.

    `curl … | sh` succeeds whatever curl comes to. That it came to nothing is known where its step
    printed so, or where the failed step misses a program or a file that it would have brought: a
    silent curl prints nothing, nor does a step from the cache.
    """
    printed = {step.line: step.printed for step in steps}
    for row, command, program in _downloads(dockerfile):
        here = row.line <= (failure.line or 0) <= row.end_line
        if row.line > (failure.line or 0) or is_own(failure, command):
            continue
        told = failure.log if here else printed.get(row.line, ())
        if not (
            tells_no_network(told) or _misses(failure, command) or (here and _broke_off(failure))
        ):
            continue
        slim = _slim_without(program, row.line, dockerfile)
        if slim and program in ("curl", "wget"):
            why = f"line {row.line} calls {program}, and {slim} has none"
            return replace(failure, line=row.line, log=(*failure.log, why))
        why = f"line {row.line} downloads something, and something is missing now"
        return replace(failure, kind="network", log=(*failure.log, why))
    return failure


def is_own(failure: BuildFailure, command: str = "") -> bool:
    """Whether the last that went wrong is what the learner wrote, and would go wrong anywhere.

    command: a download; a file that it names is not the learner's to have.
    """
    for row in reversed(failure.log):
        if tells_no_network((row,)):
            return False
        if _OWN.search(row):
            return not any(_names(command, file) for file in _FILE.findall(row))
    return False


def is_own_at(failure: BuildFailure, dockerfile: Dockerfile) -> bool:
    """The same, where no download up to the failed step names the file."""
    line = failure.line or 0
    commands = (command for row, command, _ in _downloads(dockerfile) if row.line <= line)
    return is_own(failure, "\n".join(commands))


def _downloads(dockerfile: Dockerfile) -> Iterator[tuple[Instruction, str, str]]:
    """Every RUN that downloads, with the command that does so and its program."""
    addresses = set[str]()
    for row in dockerfile.instructions:
        if row.keyword in ("ENV", "ARG"):
            addresses.update(name for name, _ in _ADDRESS.findall(row.value))
    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            if row.keyword == "RUN":
                text = _VARIABLE.sub(
                    lambda found: "https://named" if found[1] in addresses else found[0],
                    _SAID_ONLY.sub("", row.text),
                )
                for command in _COMMAND.findall(text):
                    if program := _program(command):
                        yield row, command[program.start() :], program[0]


def _program(command: str) -> re.Match[str] | None:
    """What in a command downloads from elsewhere."""
    program = _PROGRAM.search(command)
    return program if program and _ADDRESSED.search(command, program.end()) else None


def _before_the_download(found: re.Match[str]) -> str:
    program = _program(found[0])
    return found[0][: program.start()] if program else found[0]


def _misses(failure: BuildFailure, command: str) -> bool:
    """Whether the failed step misses a program, or a file that a download would bring."""
    programs = [name for name in not_found(failure.log) if not _FILE.fullmatch(name)]
    if programs:
        return not any(
            one_slip_apart(name, known) and name not in _THERE_ANYWHERE
            for name in programs
            for known in _THERE_ANYWHERE
        )
    rows = (_FILE.findall(row) for row in failure.log if _NO_FILE.search(row))
    files = [found[-1] for found in rows if found]  # before it stands who says so
    if files:
        return any(_INSTALLED.match(file) or _names(command, file) for file in files)
    return failure.message.rstrip().endswith(": 127")


def _names(command: str, file: str) -> bool:
    """Whether a command names a file, in whatever folder."""
    name = re.escape(file.rstrip("/").rpartition("/")[2])
    return bool(re.search(rf"(?<![\w.-]){name}(?![\w.-])", command))


def _broke_off(failure: BuildFailure) -> bool:
    """Whether a download in the failed step itself ended it, in silence or by what read it."""
    ended = _EXIT.search(failure.message.rstrip())
    silent = not any(row.strip() for row in failure.log)
    broken = any(_BROKEN_ARCHIVE.search(row) for row in failure.log)
    return broken or (silent and ended is not None and ended[1] in _OF_A_DOWNLOAD)


def _slim_without(program: str, line: int, dockerfile: Dockerfile) -> str:
    """The slim image that a line is built on, where nothing above it speaks of the program.

    The image has no program that downloads, and without one `curl … | sh` does nothing, anywhere.
    """
    base = dockerfile.base_at(line)
    if base is None or "slim" not in base.tag:
        return ""
    for stage in dockerfile.needed_stages():
        for row in stage.instructions:
            said = _COMMAND.sub(_before_the_download, row.text)
            brought = any(name == "from" for name, _ in row.flags) or row.keyword == "ADD"
            if row.line <= line and (brought or re.search(rf"\b{program}\b", said)):
                return ""
    return base.familiar
