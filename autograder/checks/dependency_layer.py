"""A change of the source does not install the dependencies again."""

import re

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments, third_party
from autograder.checks.missing import installs_dependencies, missing_dependencies
from autograder.checks.step_help import Help
from autograder.checks.unbuilt import unbuilt
from autograder.facts.build import BuildStep
from autograder.facts.dockerfile import Instruction
from autograder.facts.observation import Evidence, Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="The source changes many times a day, the dependencies once a month. Where every change"
    " installs them again, each build takes minutes instead of seconds, and each push sends all of"
    " them anew.",
    right="step-3-pin-and-split/two-copies-and-globs",
    wrong="step-3-pin-and-split/builder-not-split",
    cannot_see=(
        "An install dated back, of the very packages that some needed stage had installed before."
        " Which step installed a package is told by the times of its dist-info folder. A RUN line"
        " can set its mtime (touch), but not its ctime: any other install that is dated back is"
        " seen.",
        "A step that asks what is installed (pip freeze) to install the same elsewhere.",
        "What is not in poetry.lock: a step that installs Poetry itself again after every change"
        " is slow, and passes.",
        "An install into what is thrown away in the same step; downloads and wheels that are made"
        " again and come out the same.",
        "Some copies. To tell them from installs, the packages are taken away before each step"
        " that copies some which were there before. Where that cannot be done (a step that fails"
        " without them, or that copies and installs at once), a copy with new times counts as an"
        " install. So does unpacking an archive of packages with new times, and a copy out of a"
        " cache mount, which is no part of the image and may be empty the next time.",
        "What belongs to a tool. An environment without any direct dependency counts where the"
        " running app imports from it; in another stage, or where the app does not run, it is"
        " taken for a tool's unless all that it has of the lock has the locked versions.",
    ),
    needs=frozenset({Evidence.STEPS_AGAIN}),
)

_LIST = re.compile(r"-r[\s\"',]*+\S*+")
_OF_TOOLS = re.compile(r"poetry|tool")  # in a list's name: it is for Poetry, not for the app

_ABOVE = Help(
    "which files does the dependency install need? Copy only those before it, and the rest"
    " after it",
    (
        "look at {place}, and at the COPY lines above it: which of the files that they bring change"
        " from day to day?",
        "Docker runs a step again when anything above it in its stage has changed; the install of"
        " the dependencies reads the two files that name them, and none of your source",
        "split the COPY: one that names poetry.lock and pyproject.toml stands above the install"
        " (with --no-root, for there is no source yet), one for all the rest stands below it",
    ),
)
_MOUNTED = Help(
    "which files does the dependency install need? Mount only those",
    (
        "look at the mount in {place}: which files does it show to the step?",
        "what a bind mount shows is part of what the step depends on, and without a source that is"
        " the whole folder: one changed byte, and the step runs again",
        "mount the two files that the install reads, each by name with source= and target=, or copy"
        " them in a step above it",
    ),
)
_TWICE = Help(
    "which packages does the lower install miss, and why?",
    (
        "look at {place} and at the install above it: what is left for the second one?",
        "the install below the source runs after every change, and should find all in place: the"
        " same packages, in the very versions that it wants itself",
        "let the upper install take every group that the lower one takes, from the same"
        " poetry.lock and into the same environment; or leave the lower one nothing but the"
        " project",
    ),
)


def dependency_layer_is_split(seen: Observation) -> Outcome:
    """After a source file changed, no step that installs third-party packages runs again.

    That holds for every stage that the final image needs. A step that runs again and finds all in
    place installs nothing; nor does one that copies an environment or changes its owner.
    """
    first, built = seen.first.image, seen.source_changed
    assert first is not None, "checks run on images that were built"
    assert built is not None, "the source was changed for this check"
    if built.image is None:
        return unbuilt(built.build, "after a source file changed, ")
    before, after = app_environments(seen, first), app_environments(seen, built.image)
    if not before or not after:
        return missing_dependencies(seen)
    for stage in seen.ran_again:
        names = stage.installed(seen.asked, built.began_ns)
        if names:
            return _installed_again(seen, names, len(third_party(seen, after[0])), stage.steps)
    kept = len(third_party(seen, after[0]))
    return passed(
        seen=f"after one source file changed, none of the {kept} packages was installed again"
    )


def _installed_again(
    seen: Observation, names: tuple[str, ...], total: int, steps: tuple[BuildStep, ...]
) -> Outcome:
    ran, line = "", None
    if steps:
        # Which of them installed is not known: one that looks like it, or else the slowest.
        stages = seen.dockerfile.stages
        rows = {row.line: row for s in stages for row in (*s.instructions, *s.triggers)}
        installs = [s for s in steps if s.line in rows and installs_dependencies(rows[s.line])]
        step = max(installs or steps, key=lambda step: step.seconds)
        ran, line = f": {_short(step.name)} ran again ({step.seconds:.1f} s)", step.line
    helped = _help(seen, line, {step.line for step in steps})
    place = f"line {line}" if line else "the step that installs the dependencies"
    many = f"{len(names)} of {total}" if len(names) <= total else str(len(names))
    return failed(
        seen=f"after one source file changed, {many} packages were installed again{ran}",
        try_next=helped.try_next,
        line=line,
        hints=tuple(hint.format(place=place) for hint in helped.hints),
    )


def _help(seen: Observation, line: int | None, again: set[int | None]) -> Help:
    """What helps with a step like the one in this line, by what the Dockerfile's text says.

    again: the lines of the steps that ran again.
    """
    stages = seen.dockerfile.needed_stages()
    rows = [row for stage in stages for row in (*stage.triggers, *stage.instructions)]
    if any(_mounts_the_source(row, seen.asked.package) for row in rows if row.line == line):
        return _MOUNTED
    above = (row for row in rows if row.keyword == "RUN" and row.line < (line or 0))
    kept = (row for row in above if row.line not in again and not _is_for_tools(row))
    return _TWICE if any(installs_dependencies(row) for row in kept) else _ABOVE


def _is_for_tools(row: Instruction) -> bool:
    return any(_OF_TOOLS.search(named) for named in _LIST.findall(row.text))


def _mounts_the_source(row: Instruction, package: str) -> bool:
    """Whether an instruction mounts the app's source, alone or with all the rest."""
    for mount in row.mounts():
        source = mount.get("source") or mount.get("src") or "."
        bind = mount.get("type", "bind") == "bind" and "from" not in mount
        if bind and source.strip("./").partition("/")[0] in ("", package):
            return True
    return False


def _short(name: str) -> str:
    flat = " ".join(name.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"
