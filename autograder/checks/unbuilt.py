"""The outcome where a build made no image."""

import re

from autograder.checks.step_help import CHANGED, UNREAD, step_help
from autograder.checks.telling import telling
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.outcome import Outcome, failed, not_judged

OFFER = "a build sees only the exercise's base images and the package index"
OTHER_BASE = f"{OFFER}: start from one of those that the task lists"
OTHER_RELEASE = "take a release that it has, or do without: a build here sees no other index"

_IMAGE = re.compile(r"metadata for (?:[^\s/]+/library/)?(\S+?):?(?:\s|$)")
_NOT_THERE = re.compile(r"\"/?([^\"]+)\": not found$")
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
    "look at the name in this line, character by character: is every word spelled right, and what"
    " joins the image and its version?",
    "an image's name is in small letters; one colon stands between it and its tag, and a hyphen"
    " between the tag's words; == is how pip pins a package; a variable without a value leaves a"
    " gap, and --from takes none at all",
    "write one of the base images that the task lists, as it stands there; where an ARG is a part"
    " of it, give that a value above the first FROM",
)
_UNREADABLE = (
    "look at the word that the message names: what does its instruction take, and in which form?",
    "ENV and LABEL take pairs, an equals sign in each and no blank beside it; a value with blanks"
    " stands in quotes; EXPOSE takes the port alone, as a number up to 65535",
    "write the line anew after an example in the Dockerfile reference, and see that each quote and"
    " each ${ that is opened is closed",
)
_READ = {
    "name": ("compare the name in this line with the base images that the task lists", _NAME),
    "stage": ("compare the name in this line with those after AS in the FROM lines", _STAGE),
    "below": ("change the order of the two stages", _BELOW),
}
"""What helps where the Dockerfile alone tells what is wrong."""


def unbuilt(build: BuildFacts, when: str = "") -> Outcome:
    """Failed for what the learner can mend, not judged for what the course cannot offer.

    when: which build it was, such as `after a source file changed, `.
    """
    failure = build.failure
    assert failure is not None, "asked only of builds that failed"
    if failure.kind == "base":
        name = _IMAGE.search(failure.message)
        seen = f"a base image cannot be had here: {name[1] if name else failure.message[:200]}"
        return not_judged(seen=when + seen, try_next=OTHER_BASE)
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
    if failure.kind == "dockerfile":
        return failed(
            seen=f"{when}the Dockerfile cannot be read: {failure.message[:200]}",
            try_next="see what the Dockerfile reference says of this instruction",
            line=failure.line,
            hints=_UNREADABLE,
        )
    if failure.kind in _READ:
        try_next, hints = _READ[failure.kind]
        seen = when + failure.message
        return failed(seen=seen, try_next=try_next, line=failure.line, hints=hints)
    if failure.kind == "timeout" and not failure.step:
        return not_judged(seen=f"{when}{failure.message}, and no step of yours was at work")
    if failure.took_too_long:
        return failed(
            seen=f"{when}{failure.message}{_at(failure)}",
            try_next="find the step that never ends: a server belongs in CMD, not in RUN",
            line=failure.line,
            hints=_ENDLESS,
        )
    helped = CHANGED if when else step_help(failure)
    return failed(
        seen=f"{when}the build did not succeed{_at(failure)}: {_said(failure)}",
        try_next=helped.try_next,
        line=failure.line,
        hints=helped.hints,
    )


def _at(failure: BuildFailure) -> str:
    return f" at {_short(failure.step)}" if failure.step else ""


def _last(failure: BuildFailure) -> str:
    """What evidence.wanting put last, or what the step itself did."""
    rows = [row.strip() for row in failure.log if row.strip()]
    return (rows[-1] if rows else failure.message)[:200]


def _said(failure: BuildFailure) -> str:
    """What the step said, or else the builder of it."""
    missing = _NOT_THERE.search(failure.message)
    if missing and UNREAD.search(failure.message):
        return f"there is no {missing[1]} where this line takes it from"[:200]
    return (telling(failure.log) or failure.message)[:200]


def _short(step: str) -> str:
    flat = " ".join(step.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"
