"""Whether a download that did not come is what a failed step missed.

A line that speaks of an address shows nothing yet: what the steps printed does, and what was not
there in the end. No graded build reaches another machine: a download that may have come to nothing
unheard, quietly or in a step from the cache, counts as one that did.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from autograder.engine.failure import tells_no_network
from autograder.evidence.brought import COMMAND, Download, before_the_download, downloads, runs
from autograder.evidence.missed import EXIT, Missed
from autograder.facts.build import BuildFailure, BuildStep
from autograder.facts.dockerfile import Dockerfile, Stage, sources_of
from autograder.facts.programs import not_found

_WORD = re.compile(r"[\w.+-]+")
_ALL_OF_A_KIND = re.compile(r"\*\.\w+")
_ALL_THERE = re.compile(r"/\*(?=[\s\"',])")
_BROKEN_ARCHIVE = re.compile(
    r"unexpected end of file|not in gzip format|does not look like a tar archive"
    r"|End-of-central-directory signature not found|no valid OpenPGP data found"
)
# https://curl.se/libcurl/c/libcurl-errors.html and wget(1): no name, no way, no time, no trust.
_OF_A_DOWNLOAD = frozenset("4 5 6 7 28 35 60".split())


def for_want_of_a_download(
    failure: BuildFailure, dockerfile: Dockerfile, steps: Iterable[BuildStep] = ()
) -> BuildFailure:
    """The failure, put down to a download in its step, or in one above it that went on without.

    `curl … | sh` succeeds whatever curl comes to. That it came to nothing is known where its step
    printed so, or where the failed step misses a program or a file that it would have brought.
    """
    line = failure.line or 0
    stages = _in_reach(failure, dockerfile)
    missed = Missed(failure, dockerfile)
    used = _words_up_to(failure, dockerfile, stages)
    heard = {step.line: step.printed for step in steps if not step.cached}
    for download in downloads(dockerfile, stages):
        row = download.row
        here = row.line <= line <= row.end_line
        if row.line > line or missed.is_own(download):
            continue
        told = failure.log if here else heard.get(row.line)
        if not (
            missed.would_be_there(download)
            or (here and _broke_off(failure))
            or (_came_to_nothing(download, told) and _had_a_part(download, used))
        ):
            continue
        slim = _slim_without(download.program, row.line, dockerfile)
        if slim and download.program in ("curl", "wget"):
            why = f"line {row.line} calls {download.program}, and {slim} has none"
            return replace(failure, line=row.line, log=(*failure.log, why))
        why = f"line {row.line} downloads something, and something is missing now"
        return replace(failure, kind="network", log=(*failure.log, why))
    return failure


def is_own(failure: BuildFailure, dockerfile: Dockerfile) -> bool:
    """Whether the last that went wrong is what the learner wrote, and would go wrong anywhere.

    A file that a download up to there would have brought is not the learner's to have.
    """
    line, stages = failure.line or 0, _in_reach(failure, dockerfile)
    found = (download for download in downloads(dockerfile, stages) if download.row.line <= line)
    return Missed(failure, dockerfile).is_own(*found)


def _in_reach(failure: BuildFailure, dockerfile: Dockerfile) -> tuple[Stage, ...]:
    """The stages whose downloads a failed step may miss.

    A step that runs may miss those of its own stage and of all that this needs; one that copies or
    mounts, those of the stage that it takes from.
    """
    for stage in dockerfile.stages:
        for row in stage.instructions:
            if row.line <= (failure.line or 0) <= row.end_line:
                taken = {name.lower() for name in sources_of(row)}
                ended = EXIT.search(failure.message.rstrip())
                runs_a_command = row.keyword == "RUN" and (ended or not taken)
                if runs_a_command or row.keyword not in ("RUN", "COPY", "ADD"):
                    return dockerfile.needed_by(stage.index)
                return _needed_by_any(dockerfile, taken)
    return ()


def _needed_by_any(dockerfile: Dockerfile, names: set[str]) -> tuple[Stage, ...]:
    found = {
        needed.index: needed
        for stage in dockerfile.stages
        if names & {stage.name or str(stage.index), str(stage.index)}
        for needed in dockerfile.needed_by(stage.index)
    }
    return tuple(found[index] for index in sorted(found))


def _words_up_to(
    failure: BuildFailure, dockerfile: Dockerfile, stages: tuple[Stage, ...]
) -> Counter[str]:
    """How often each word stands in what was run, up to the failed step and with it.

    `*.whl` is a word, too, and so is the `*` of a step that copies all that there is in a folder.
    """
    line = failure.line or 0
    said = [text for row, text in runs(dockerfile, stages) if row.line <= line]
    words = Counter[str]()
    if not EXIT.search(failure.message.rstrip()):
        said.append(failure.step)
        words["*"] = len(_ALL_THERE.findall(failure.step))
    for text in said:
        words.update(_WORD.findall(text))
        words.update(_ALL_OF_A_KIND.findall(text))
    return words


def _came_to_nothing(download: Download, told: Iterable[str] | None) -> bool:
    """Whether a download did not come, or nobody can tell that it did.

    told: what its step printed; None where it was not run now.
    """
    if told is None or download.is_quiet():
        return True
    rows = tuple(told)
    return tells_no_network(rows) or download.program in not_found(rows)


def _had_a_part(download: Download, used: Counter[str]) -> bool:
    """Whether a failed step may have wanted what a download would have brought.

    Of a file alone it is known who wants it: who names it, elsewhere than in the download.
    """
    files = download.files()
    said = Counter(_WORD.findall(download.command)) if files else Counter[str]()
    kinds = [f"*.{name.rpartition('.')[2]}" for name in files]
    named = any(used[name] > said[name] for name in (*files, *kinds, "*"))
    return named or not files


def _broke_off(failure: BuildFailure) -> bool:
    """Whether a download in the failed step itself ended it, in silence or by what read it."""
    ended = EXIT.search(failure.message.rstrip())
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
            said = COMMAND.sub(before_the_download, row.text)
            brought = any(name == "from" for name, _ in row.flags) or row.keyword == "ADD"
            if row.line <= line and (brought or re.search(rf"\b{program}\b", said)):
                return ""
    return base.familiar
