"""Whose doing a full disk is: the hand-in's own, where it had room for any right one."""

from dataclasses import replace

from autograder.engine.offer import Offer
from autograder.engine.room import Room
from autograder.engine.sandbox import Sandbox
from autograder.facts.build import BuildFacts, BuildFailure

ENOUGH = Room(500_000_000, 50_000)
"""For any right hand-in's steps: with less, a full disk is not the hand-in's doing."""
_ROOM = "import os; s = os.statvfs('/'); print(s.f_bavail * s.f_frsize, s.f_favail, s.f_files)"


def filled(facts: BuildFacts, had: Room | None, offer: Offer) -> BuildFacts:
    """The facts of a build; where it filled the disk itself, as a failure of kind `filled`.

    had: what there was before, where that is known. Else it is asked now, when the failed step's
        files are gone.

    Raises NotJudged where not even that can be asked.
    """
    if facts.failure:
        full = facts.failure.kind == "disk"
    else:
        full = offer.room is not None and not offer.room().holds(ENOUGH)
    if not full:
        return facts
    had = had or _room(offer)
    if not had.holds(ENOUGH):
        return facts
    room = f"{had.bytes / 1e9:.1f} GB and {had.files:,} files"
    message = f"the build filled the disk, which had {room} left for it"
    failure = replace(facts.failure or BuildFailure("filled", ""), kind="filled", message=message)
    return replace(facts, image_id=None, failure=failure)


def _room(offer: Offer) -> Room:
    """What the engine's disk has left, asked from a container."""
    with Sandbox(offer.engine) as sandbox:
        printed = sandbox.run(offer.helper, ["python3", "-I", "-c", _ROOM], 60)
    return Room.told(*map(int, printed.split()))
