"""The app runs and answers."""

from autograder.checks.about import About
from autograder.checks.silent import why_silent
from autograder.checks.start import line_of_start
from autograder.checks.telling import telling
from autograder.checks.unbuilt import OFFER, unbuilt
from autograder.facts.answer import AppAnswer
from autograder.facts.observation import Observation
from autograder.facts.programs import lacked_by_stand_in
from autograder.outcome import Outcome, failed, not_judged, passed

ABOUT = About(
    why="All else is worth nothing if the app does not run. It is asked from another container,"
    " as its users would ask it: what it says to itself, or to a HEALTHCHECK, does not count.",
    right="step-3-pin-and-split/venv-from-builder",
    wrong="step-3-pin-and-split/other-port",
    cannot_see=(
        "More than one request: no other route, no load, no restart.",
        "A program in the app's place. The answer holds a random value that the changed source"
        " was given, and one that came with the request, so no stored answer passes. A program"
        " that reads the first out of the source file does.",
        "Where the app imports from, if it lies. That program could name another folder, and so"
        " lead the checks that read packages to it. It would have to hold the right packages"
        " there, installed by the right Poetry: by then the app is the shorter way.",
    ),
)

_OTHER_APP = (
    "look at CMD: which program is it that answers?",
    "the answer has to come from the app in the folder {package}, as the course gave it",
    "have CMD start gunicorn, from the environment that it was installed in, with the app's name as"
    " the last word: {app}",
)
_STALE = (
    "look for another copy of the source in the image: from which folder does Python import"
    " {package}?",
    "the source was changed, the image rebuilt, and what runs is older: it was installed as a"
    " package before the COPY, comes from another stage, or is an answer that was written down",
    "copy the source below the install of the dependencies, into the folder that WORKDIR names,"
    " and start the app there",
)


def app_answers(seen: Observation) -> Outcome:
    """From another container, GET / of the rebuilt image answers 200 with the app's JSON.

    The rebuilt image's source was given a random value to answer with: an answer that does not
    come from the app's source cannot know it.
    """
    built, answer = seen.source_changed, seen.answer
    assert built is not None, "the source was changed for this check"
    if answer is None:
        return unbuilt(built.build, "after a source file changed, ")
    if answer.status != 200:
        return _silent(seen, answer)
    wanted = {"variant": seen.asked.variant}
    if answer.body != wanted:
        return failed(
            seen=f"GET / answered 200 with {_short(answer)}, not {wanted}",
            try_next=f"start the app that the course gives, {seen.asked.app}",
            line=line_of_start(seen.dockerfile),
            hints=_filled(_OTHER_APP, seen),
        )
    if answer.nonce != seen.nonce:
        return failed(
            seen=f"after a source file changed, the rebuilt image still answered {_short(answer)}",
            try_next="is the source that the image runs the one that COPY brings?",
            hints=_filled(_STALE, seen),
        )
    return passed(seen=f"GET / answered 200 after {answer.seconds:.1f} s")


def _silent(seen: Observation, answer: AppAnswer) -> Outcome:
    if answer.status is not None:
        fact = f"GET / answered {answer.status}"
    else:
        fact = f"nothing answered on port {seen.asked.port}: {answer.problem}"
    logs = answer.logs.splitlines()
    base = seen.dockerfile.base_at(seen.dockerfile.stages[-1].start.line)
    lacked = lacked_by_stand_in((answer.problem, *logs), base) if answer.status is None else ""
    if lacked:
        return not_judged(seen=f"{fact}: {lacked}", try_next=OFFER)
    told = telling(logs)
    if told:
        fact += f"; the container printed: {told[:200]}"
    helped, line = why_silent(seen, answer)
    return failed(seen=fact, try_next=helped.try_next, line=line, hints=helped.hints)


def _filled(hints: tuple[str, ...], seen: Observation) -> tuple[str, ...]:
    asked = seen.asked
    return tuple(h.format(package=asked.package, app=asked.app, port=asked.port) for h in hints)


def _short(answer: AppAnswer) -> str:
    text = str(dict(answer.body)) if answer.body is not None else "something that is not JSON"
    return text if len(text) <= 80 else text[:77] + "…"
