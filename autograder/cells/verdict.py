"""The two words of a graded cell: `observe` and `require`."""

from typing import Protocol

from autograder.cells import hints
from autograder.cells.building import Build
from autograder.cells.message import CheckFailed, CheckNotJudged, NotBuilt, prose
from autograder.facts.observation import Observation
from autograder.feedback import NOT_JUDGED, PASSED, SEEN, TRY_NEXT
from autograder.outcome import Outcome


class _Image(Protocol):
    """An image of the docker SDK, or anything else that has its id."""

    @property
    def id(self) -> str | None: ...


def observe(image: _Image, build: Build) -> Observation:
    """All that was seen of the image that the build cell built.

    Raises NotBuilt, in one sentence, when there is none or when this is another image.
    """
    seen = build.observation
    if image.id != build.image_id:
        raise NotBuilt(prose("this is not the image that the build cell built: pass that one"))
    return seen


def require(outcome: Outcome) -> None:
    """Print what was seen when the check passed, else stop the cell with what to try next."""
    hints.judged(outcome)
    if outcome.state == "passed":
        print(f"{PASSED}{outcome.seen}")
        return
    where = f" (Dockerfile line {outcome.line})" if outcome.line else ""
    try_next = [f"{TRY_NEXT}{outcome.try_next}"] if outcome.try_next else []
    if outcome.state == "not_judged":
        raise CheckNotJudged(prose(f"{NOT_JUDGED}{outcome.seen}{where}", *try_next))
    raise CheckFailed(prose(f"{SEEN}{outcome.seen}{where}", *try_next))
