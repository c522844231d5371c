"""The outcome where a build made no image."""

import re

from autograder.facts.build import BuildFacts, BuildFailure
from autograder.outcome import Outcome, failed, not_judged

OFFER = "a build sees only the exercise's base images and the package index"
OTHER_RELEASE = "take a release that it has, or do without: a build here sees no other index"

_FROM = re.compile(r"(?:COPY|RUN)(?:\s+--\S+)*?\s+--(?:from=|mount=\S*\bfrom=)")
# How BuildKit says that a file is not there to be copied, or mounted: then no step ran at all.
_IMAGE = re.compile(r"metadata for (?:[^\s/]+/library/)?(\S+?):?(?:\s|$)")
_UNREAD = re.compile(r"failed to (?:compute cache key|calculate checksum)")
_VENV = re.compile(r"\.venv\S*\s+\S")  # not as the last word: that says where it is to go
_NO_COMMAND = re.compile(r"(?:exit|non-zero) code: 127\b")
_NO_VERSION = re.compile(r"No matching distribution found|Invalid requirement")
_FILLED = (
    "look at the step that the build ended with, and at what it writes",
    "the app and all its dependencies take less than 200 MB: nothing else belongs in the image",
    "run the step's commands one by one in a container of the base image, and look with du -sh",
)
_ENDLESS = (
    "look at the last lines that the step printed: is it waiting for something, or serving?",
    "a build goes on when its step has ended, and a server never ends: RUN is for what makes the"
    " image, CMD for what its container does",
    "move the command that starts the app from RUN to CMD, once, as the Dockerfile's last line",
)
_STAGE = (
    "look at every FROM line: what is its stage called?",
    "--from names a stage of this file, or an image from a registry: a name that no stage has is"
    " taken for an image's",
    "give the stage that you copy from its name, FROM IMAGE AS NAME, and write that NAME here",
)
_BELOW = (
    "look at the order of the FROM lines: which stage is built first?",
    "a Dockerfile is read from the top: where a line takes from a stage, that stage must have been"
    " described already",
    "move the whole stage, from its FROM to the line before the next one, above the stage that"
    " takes from it",
)
_NAME = (
    "look at the name in this line, character by character: what joins the image and its version?",
    "an image's name is in small letters, and one colon stands between it and the tag; == is how"
    " pip pins a package; a variable without a value leaves a gap, and --from takes none at all",
    "write one of the base images that the task lists, as it stands there; where an ARG is a part"
    " of it, give that a value above the first FROM",
)
_READ = {
    "name": ("compare the name in this line with the base images that the task lists", _NAME),
    "stage": ("compare the name in this line with those behind AS in the FROM lines", _STAGE),
    "below": ("change the order of the two stages", _BELOW),
}
"""What helps where the Dockerfile alone tells what is wrong."""

_FILES = (
    "look at the names in this line: does every file stand in the folder of the Dockerfile?",
    "COPY, ADD and bind mounts take files of the build context: what lies beside the Dockerfile, is"
    " not in .dockerignore, and is spelled the same, letter by letter",
    "correct the name, or take it out of .dockerignore; a path starts at the Dockerfile's folder,"
    " and .. does not lead out of it",
)
_WHICH_PATH = (
    "look at the path that this line takes from another stage: which step of that stage makes it,"
    " and in which folder?"
)
_TAKEN = (
    _WHICH_PATH,
    "--from takes what the other stage, or image, holds at its end, and reads the path from the"
    " root there, whatever its WORKDIR is; the files beside the Dockerfile are not meant",
    "write the whole path at which the other stage has it: build that stage alone (docker build"
    " --target and its name), and look into it with ls",
)
_VENV_TAKEN = (
    _WHICH_PATH,
    "a virtual environment stands where it was made: Poetry's in its cache folder, unless Poetry is"
    " told to make it in the project's; and --from reads a path from the root of the other stage",
    "set POETRY_VIRTUALENVS_IN_PROJECT to true, in small letters, above the install in that stage:"
    " then .venv lies beside the pyproject.toml that Poetry read",
)
_COMMAND = (
    "look at the first word of the command that was not found: which step installs that program?",
    "a step finds the programs of its base image and of the steps above it in its own stage, in"
    " the folders that PATH names",
    "install the program in a step above this one, or add the folder it went to with ENV PATH=",
)
_VERSION = (
    "look at the version that this line asks for: is it written as pip reads it, and was there ever"
    " such a release?",
    "pip takes ==, >=, <, ~= and != before a version, and installs only what the index has; where"
    " it has none that fits, the message lists those that there are",
    "write the version as the task has it, digit by digit, after two equals signs",
)
_STEP = (
    "look at the last lines that this step printed, and at the first of them that says error",
    "a step is a command as you type it in a terminal: what it needs, in files and programs, must"
    " be there from the steps above it",
    "copy the lines above this step to another file; build that in a terminal (docker build -f FILE"
    " -t try .), and try the command in it: docker run --rm -it try sh",
)
_CHANGED = (
    "look at what this step does with the file that was changed: without the change it succeeded",
    "your image is rebuilt whenever its source or its lock file changes, so no step may count on"
    " the bytes or the versions of today",
    "take out of this step what names today's content: a checksum, a version that only one lock"
    " has, a patch of a line",
)


def unbuilt(build: BuildFacts, when: str = "") -> Outcome:
    """Failed for what the learner can mend, not judged for what the course cannot offer.

    when: which build it was, such as `after a source file changed, `.
    """
    failure = build.failure
    assert failure is not None, "asked only of builds that failed"
    if failure.kind == "base":
        name = _IMAGE.search(failure.message)
        seen = f"a base image cannot be had here: {name[1] if name else failure.message[:200]}"
        return not_judged(seen=when + seen, try_next=OFFER)
    if failure.kind == "network":
        step = _short(failure.step) or "a step"
        seen = f"{step} wanted more than the course offers: {_last(failure)}"
        return not_judged(seen=when + seen, try_next=OFFER)
    if failure.kind == "index":
        return not_judged(seen=f"{when}{failure.message}{_at(failure)}", try_next=OTHER_RELEASE)
    if failure.kind == "disk":
        return not_judged(seen=f"{when}the engine's disk is full")
    if failure.kind == "filled":
        return failed(
            seen=f"{when}{failure.message}{_at(failure)}",
            try_next="find the step that writes so much: which of its files does the app need?",
            line=failure.line,
            hints=_FILLED,
        )
    if failure.kind in _READ:
        try_next, hints = _READ[failure.kind]
        seen = when + failure.message
        return failed(seen=seen, try_next=try_next, line=failure.line, hints=hints)
    if failure.kind == "timeout" and not failure.step:
        return not_judged(seen=f"{when}{failure.message}, and no step of yours was at work")
    if failure.kind == "timeout":
        return failed(
            seen=f"{when}{failure.message}{_at(failure)}",
            try_next="find the step that never ends: a server belongs in CMD, not in RUN",
            line=failure.line,
            hints=_ENDLESS,
        )
    return failed(
        seen=f"{when}the build did not succeed{_at(failure)}: {_last(failure)}",
        try_next="mend this step first; nothing else can be judged without an image",
        line=failure.line,
        hints=_CHANGED if when else _hints(failure),
    )


def _hints(failure: BuildFailure) -> tuple[str, ...]:
    """What helps with this kind of step that failed, from what the builder said of it."""
    copies = failure.step.startswith(("COPY", "ADD")) or bool(_UNREAD.match(failure.message))
    if copies and _FROM.match(failure.step):
        return _VENV_TAKEN if _VENV.search(failure.step) else _TAKEN
    if copies:
        return _FILES
    told = (failure.message.strip(), *(row.strip() for row in failure.log))
    if any(_NO_VERSION.search(row) for row in told):
        return _VERSION
    if any(_NO_COMMAND.search(row) for row in told):
        return _COMMAND
    return _STEP


def _at(failure: BuildFailure) -> str:
    return f" at {_short(failure.step)}" if failure.step else ""


def _last(failure: BuildFailure) -> str:
    rows = [row.strip() for row in failure.log if row.strip()]
    return (rows[-1] if rows else failure.message)[:200]


def _short(step: str) -> str:
    flat = " ".join(step.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"
