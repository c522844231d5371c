"""Why a build failed, from what the builder said."""

import re

from autograder.facts.build import BuildFailure

LOG_LINES = 15

_PARSE = re.compile(r"(?:dockerfile )?parse error (?:on )?line (\d+): (.*)", re.I)
_BASE = re.compile(
    r"failed to resolve source metadata|load metadata for|pull access denied|manifest unknown"
    r"|manifest for .* not found|failed to do request|repository does not exist"
    r"|error pulling image|Get \"https?://[^\"]*/v2/|invalid reference format",
    re.I,
)
# What apt, curl, pip, git and wget print when a name or an address is out of reach.
_NETWORK = re.compile(
    r"Temporary failure (?:in name resolution|resolving)|Could not resolve(?: host)?"
    r"|Name or service not known|Network is unreachable|No address associated with hostname"
    r"|nodename nor servname|unable to resolve host address|dial tcp|no such host"
    r"|[Nn]ame resolution",
)
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.I)


def classify(
    message: str, *, step: str = "", line: int | None = None, log: tuple[str, ...] = ()
) -> BuildFailure:
    """The failure's kind, from the builder's message and the failing step's last lines."""
    parse = _PARSE.search(message)
    if parse:
        return BuildFailure("dockerfile", parse[2].strip(), line=int(parse[1]))
    tail = log[-LOG_LINES:]
    if _DISK.search(message) or any(_DISK.search(row) for row in tail):
        return BuildFailure("disk", "the disk is full", step, line, tail)
    if _BASE.search(message) or (step.startswith("FROM ") and not tail):
        return BuildFailure("base", message.strip(), step, line, tail)
    if any(_NETWORK.search(row) for row in (message, *tail)):
        return BuildFailure("network", message.strip(), step, line, tail)
    if not step and "ockerfile" in message:
        return BuildFailure("dockerfile", message.strip(), step, line, tail)
    return BuildFailure("step", message.strip(), step, line, tail)
