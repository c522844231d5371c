"""Why a build failed, from what the builder said."""

import re
from collections.abc import Iterable

from autograder.engine.complaint import complaint
from autograder.facts.build import BuildFailure

LOG_LINES = 15
LONGEST_LINE, MOST_SAID = 1_000, 10_000
"""Characters of a printed line, and of a builder's message from either end: what tells a person
something is shorter, and what looks through them need not hurry."""

_PARSE = re.compile(r"(?:dockerfile )?parse error (?:on )?line (\d+): (.*)", re.I)
_BASE = re.compile(
    r"failed to resolve source metadata|load metadata for|pull access denied|manifest unknown"
    r"|manifest for .* not found|failed to do request|repository does not exist"
    r"|error pulling image|Get \"https?://[^\"]*/v2/",
    re.I,
)
# What apt, curl, pip, git and wget print when a name or an address is out of reach.
_NETWORK = re.compile(
    r"Temporary failure (?:in name resolution|resolving)|Could not resolve(?: host)?"
    r"|Name or service not known|Network is unreachable|No address associated with hostname"
    r"|nodename nor servname|unable to resolve host address|dial tcp|no such host"
    r"|[Nn]ame resolution|git error:"
    # And pip and Poetry, when the index is gone or silent.
    r"|No route to host|NewConnectionError|ConnectTimeoutError|All attempts to connect to"
    # Who does not trust the index: a login shell, say, drops what the base image sets.
    r"|CERTIFICATE_VERIFY_FAILED|certificate verify failed|UnknownIssuer"
    # apt, where the step that lists what there is was out of reach and said so only in passing.
    r"|E: Unable to locate package|has no installation candidate",
)
_SESSION = "no active sessions"
"""How BuildKit refuses a secret or an SSH mount to who builds without the docker command."""
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.I)


def printed_lines(text: str, longest: int = LONGEST_LINE) -> tuple[str, ...]:
    """What a program printed, line by line; a line that is too long to be read is cut."""
    return tuple(row[:longest] for row in text.splitlines())


def classify(
    message: str, *, step: str = "", line: int | None = None, log: tuple[str, ...] = ()
) -> BuildFailure:
    """The failure's kind, from the builder's message and the failing step's last lines."""
    if len(message) > 2 * MOST_SAID:
        message = f"{message[:MOST_SAID]}…{message[-MOST_SAID:]}"
    # The builder quotes a RUN's command in its message: those are the learner's words, not its own.
    told = "" if step.startswith("RUN") else message
    if not step and (parse := _PARSE.search(told)):
        return BuildFailure("dockerfile", parse[2].strip(), line=int(parse[1]))
    if said := complaint(told):
        return BuildFailure("dockerfile", said, line=line)
    tail = log[-LOG_LINES:]
    if any(_DISK.search(row) for row in (told or _how_it_ended(message), *tail)):
        return BuildFailure("disk", "the disk is full", step, line, tail)
    if _no_base(told, step, tail):
        return BuildFailure("base", message.strip(), step, line, tail)
    if message.rstrip().endswith(_SESSION) or tells_no_network((told, *tail)):
        return BuildFailure("network", message.strip(), step, line, tail)
    if not step and "ockerfile" in message:
        return BuildFailure("dockerfile", message.strip(), step, line, tail)
    return BuildFailure("step", message.strip(), step, line, tail)


def tells_no_network(rows: Iterable[str]) -> bool:
    """Whether printed lines tell of a name or an address that was out of reach."""
    return any(_NETWORK.search(row) for row in rows)


def _how_it_ended(message: str) -> str:
    """What the builder says of a process, behind the command that it quotes."""
    _, ended, how = message.rpartition("did not complete successfully: ")
    return how if ended else ""


def _no_base(message: str, step: str, tail: tuple[str, ...]) -> bool:
    """Whether an image cannot be had. What can be no image's name is the learner's to mend."""
    if "invalid reference format" in message:
        return False
    if step.startswith("FROM ") and not tail:
        return True
    # The classic builder logs what it tried to pull; under ONBUILD it logs other steps there, too.
    at_the_image = not step or step.startswith("FROM ") or "--from=" in step
    return bool(_BASE.search(message)) and at_the_image
