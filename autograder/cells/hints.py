"""`hint()`: a little more help with what stopped the learner, each time it is asked for."""

from dataclasses import dataclass

from autograder.cells.message import prose
from autograder.outcome import Outcome

_NONE_YET = "nothing has failed yet: run the build cell, then the cells below it"
_NO_BUILD = "there is no image yet: the build cell says why"
_NOT_JUDGED = "nothing to hint at: it was not judged, and that is not your Dockerfile's fault"
_PASSED = "nothing to hint at: what you have run since the last build has passed"
_NO_MORE = "there are no more hints for this. The last one was: "
_NO_HINTS = "there are no hints for this check: read what it says to try next"


@dataclass
class _Climb:
    """How far the learner has climbed.

    stopped: what stopped the learner last since the build cell ran, or None.
    instead: what there is to say while nothing has.
    rung: how many hints of `hints` were given; they outlive a build that changes nothing.
    """

    stopped: Outcome | None = None
    instead: str = _NONE_YET
    hints: tuple[str, ...] = ()
    rung: int = 0


_climb = _Climb()


def hint() -> None:
    """Print the next hint for the last check that stopped a cell, or for the build that failed.

    The first says what to look at, the second the idea, the third is nearly the line. Another way
    to fail starts again at the first.
    """
    if _climb.stopped is None:
        print(prose(_climb.instead))
        return
    if _climb.stopped.hints != _climb.hints:
        _climb.hints, _climb.rung = _climb.stopped.hints, 0
    if _climb.rung == len(_climb.hints):
        print(prose(_NO_MORE + _climb.hints[-1] if _climb.hints else _NO_HINTS))
        return
    print(prose(f"hint {_climb.rung + 1} of {len(_climb.hints)}: {_climb.hints[_climb.rung]}"))
    _climb.rung += 1


def build_began() -> None:
    """Forget what stopped the learner: there will be another image, or none."""
    _climb.stopped, _climb.instead = None, _NO_BUILD


def build_succeeded() -> None:
    """Remember that the cells below the build cell can be run."""
    _climb.instead = _NONE_YET


def judged(outcome: Outcome) -> None:
    """Remember what a check, or the build, came to. One that passes hides no earlier failure."""
    if outcome.state == "passed":
        _climb.instead = _PASSED
    else:
        _climb.stopped = outcome if outcome.state == "failed" else None
        _climb.instead = _NOT_JUDGED
