"""What the downloads of a Dockerfile would have brought, had they come."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.facts.dockerfile import Dockerfile, Instruction, Stage

# From elsewhere: what a container asks of itself, for its health, is no download.
_ELSEWHERE = r"https?://(?!localhost\b|127\.|0\.0\.0\.0|\[::1?\]|\$)"
COMMAND = re.compile(r"[^\n;&]++")
_PROGRAM = re.compile(r"\b(?:curl|wget|urlopen|urlretrieve|requests\.get|httpx\.get)\b")
_ADDRESSED = re.compile(r"\b" + _ELSEWHERE)
_SAID_ONLY = re.compile(r"\b(?:echo|printf)\b[^\n;&|$`]*|(?<!\S)#[^\n]*")
"""What a shell prints or skips: no command in it is run."""
_ADDRESS = re.compile(rf"(?:^|\s)(\w+)[=\s]([\"']?){_ELSEWHERE}")
"""A variable, in ENV or ARG, that holds an address."""
_NAMED = "https://named"
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
# A file that a program is told to write, in its own words or a shell's.
_PATH = r"[\"']?([^\s\"')<>|]+)"
_TO = {
    "curl": re.compile(rf"(?<!\S)(?:--output[= ]|-[a-zA-Z]*o)\s*{_PATH}"),
    "wget": re.compile(rf"(?<!\S)(?:--output-document[= ]|-[a-zA-Z]*O)\s*{_PATH}"),
}
_INTO = re.compile(rf"(?<![\d&>])>{{1,2}}\s*{_PATH}")
_BY_ITS_NAME = re.compile(r"(?<!\S)(?:--remote-name(?:-all)?|-[a-zA-Z]*O[a-zA-Z]*)(?!\S)")
_URL = re.compile(r"\bhttps?://([^\s\"')<>|?#]+)")
_DIRECTORY = re.compile(r"(?<![\w:/.$}])/[\w.+-][\w./+-]*")
# Who says nothing where nothing comes: curl -s without -S, wget -q, what is sent away or caught.
_QUIET = {
    "curl": re.compile(r"(?<!\S)(?:--silent\b|-[a-zA-Z]*s)"),
    "wget": re.compile(r"(?<!\S)(?:--quiet\b|-[a-zA-Z]*q)"),
}
_SAYS_SO = re.compile(r"(?<!\S)(?:--show-error\b|-[a-zA-Z]*S)")
_SENT_AWAY = re.compile(r"2>(?!&)|&>|>\s*/dev/null\s+2>&1|\bexcept\b|\bsuppress\b")


@dataclass(frozen=True)
class Download:
    """A command that downloads from elsewhere.

    row: the RUN that it stands in.
    command: from its program on, with what that is piped into.
    program: such as `curl`.
    sent_away: whether its step has what programs complain of go elsewhere, or catches it.
    """

    row: Instruction
    command: str
    program: str
    sent_away: bool = False

    def files(self) -> tuple[str, ...]:
        """The names of the files that it writes, and () where nobody can tell: an installer's."""
        told = self.command.partition("||")[0]
        if "|" in told or self.program not in _TO:
            return ()
        found = [*_TO[self.program].findall(told), *_INTO.findall(told)]
        found = [path for path in found if not path.startswith("/dev/")]
        if (self.program == "wget" and not found) or (
            self.program == "curl" and _BY_ITS_NAME.search(told)
        ):
            found += [f"/{address.partition('/')[2]}" for address in _URL.findall(told)]
        names = [path.rstrip("/").rpartition("/")[2] for path in found]
        known = all(name and name != "-" and "$" not in name for name in names)
        return tuple(names) if known else ()

    def directories(self) -> Iterator[str]:
        """Where it may put what it brings: the paths in it."""
        for path in _DIRECTORY.findall(_URL.sub("", self.command)):
            if not path.startswith(("/dev/", "/tmp/")) or path.count("/") > 2:
                yield path.rstrip("/")

    def is_quiet(self) -> bool:
        """Whether it says nothing where it comes to nothing."""
        silent = self.program in _QUIET and _QUIET[self.program].search(self.command)
        heard = self.program == "curl" and _SAYS_SO.search(self.command)
        return bool(silent and not heard) or self.sent_away


def downloads(dockerfile: Dockerfile, stages: Iterable[Stage]) -> Iterator[Download]:
    """Every download of some stages, in file order."""
    for row, text in runs(dockerfile, stages):
        sent_away = bool(_SENT_AWAY.search(text))
        for command in COMMAND.findall(text):
            if program := _program(command):
                yield Download(row, command[program.start() :], program[0], sent_away)


def runs(dockerfile: Dockerfile, stages: Iterable[Stage]) -> Iterator[tuple[Instruction, str]]:
    """Every RUN of some stages with what it runs, and an address where a variable has one."""
    addresses = set[str]()
    for row in dockerfile.instructions:
        if row.keyword in ("ENV", "ARG"):
            addresses.update(name for name, _ in _ADDRESS.findall(row.value))
    for stage in stages:
        for row in stage.instructions:
            if row.keyword == "RUN":
                yield (
                    row,
                    _VARIABLE.sub(
                        lambda found: _NAMED if found[1] in addresses else found[0],
                        _SAID_ONLY.sub("", row.text),
                    ),
                )


def before_the_download(found: re.Match[str]) -> str:
    """What a command says before it downloads, if it does."""
    program = _program(found[0])
    return found[0][: program.start()] if program else found[0]


def _program(command: str) -> re.Match[str] | None:
    """What in a command downloads from elsewhere."""
    program = _PROGRAM.search(command)
    return program if program and _ADDRESSED.search(command, program.end()) else None
