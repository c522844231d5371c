"""The app runs and answers."""

from autograder.checks.unbuilt import unbuilt
from autograder.facts.answer import AppAnswer
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed


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
    told = dict(answer.body or {})
    nonce, _ = told.pop("nonce", None), told.pop("imports_from", None)
    wanted = {"variant": seen.asked.variant}
    if told != wanted:
        return failed(
            seen=f"GET / answered 200 with {_short(answer)}, not {wanted}",
            try_next=f"start the app that the course gives, {seen.asked.variant}.main:app",
        )
    if nonce != seen.nonce:
        return failed(
            seen=f"after a source file changed, the rebuilt image still answered {_short(answer)}",
            try_next="is the source that the image runs the one that COPY brings?",
        )
    return passed(seen=f"GET / answered 200 after {answer.seconds:.1f} s")


def _silent(seen: Observation, answer: AppAnswer) -> Outcome:
    if answer.status is not None:
        fact = f"GET / answered {answer.status}"
    else:
        fact = f"nothing answered on port {seen.asked.port}: {answer.problem}"
    last = answer.logs.strip().splitlines()
    if last:
        fact += f"; the container last printed: {last[-1][:200]}"
    return failed(
        seen=fact,
        try_next="run the image yourself and read what it prints:"
        " docker run --rm -p 8000:8000 IMAGE",
    )


def _short(answer: AppAnswer) -> str:
    text = str(dict(answer.body)) if answer.body is not None else "something that is not JSON"
    return text if len(text) <= 80 else text[:77] + "…"
