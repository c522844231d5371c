"""Who judges hand-ins for a gradebook: a grading engine, and a kernel for each assignment."""

import copy
import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from nbformat import NotebookNode

from autograder.classroom.locked_cells import LockedCells
from autograder.engine.rootfs import Say
from autograder.errors import BadInput, NotJudged
from autograder.feedback import NOT_JUDGED, TRY_NEXT, error_in
from autograder.hand_in import HandIn, as_json
from autograder.ready import INDEX, Ready, grading_ready

Outputs = dict[str, list[Any]]


class Grader:
    """Judges one hand-in after another. Used as a context manager.

    The engine and the kernels are started when they are first needed, and end with it.
    """

    def __init__(self, released: Callable[[str], NotebookNode], say: Say) -> None:
        self._released, self._say = released, say
        self._ready: Ready | None = None
        self._cells: dict[str, LockedCells] = {}
        self._known: dict[str, Outputs] = {}

    def __enter__(self) -> Self:
        self._stack, self._over = ExitStack(), False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        self._stack.close()

    def outputs(self, slug: str, hand_in: HandIn | BadInput) -> Outputs:
        """The outputs of an assignment's locked cells, by cell id; equal hand-ins are judged once.

        Raises NotJudged where the engine or the kernel fails.
        """
        key = hashlib.sha256(f"{slug} {as_json(hand_in)}".encode()).hexdigest()
        if key not in self._known:
            self._known[key] = self.judge(slug, hand_in)
        return copy.deepcopy(self._known[key])

    def judge(self, slug: str, hand_in: HandIn | BadInput) -> Outputs:
        """The outputs of an assignment's locked cells, by cell id.

        A verdict that failed with its engine is tried for once more, on a renewed one, and so is
        any in whose time the package index ended. Raises NotJudged where the engine or the kernel
        fails, and where the index ends again and leaves no verdict.
        """
        try:
            outputs = self._judged(slug, hand_in)
            ended = self._what_ended()
            if ended == INDEX or (ended and not_judged_in(outputs)):
                self._say(f"{ended} ended: judging once more")
                outputs = self._judged(slug, hand_in)
                if not_judged_in(outputs) and self._what_ended() == INDEX:
                    raise NotJudged(f"{INDEX} ended while this was judged, and then once more")
            return outputs
        finally:
            if self._over:  # a worker's plugin was taken away while its thread was in here
                self._stack.close()

    def _what_ended(self) -> str:
        return self._ready.what_ended() if self._ready else ""

    def _judged(self, slug: str, hand_in: HandIn | BadInput) -> Outputs:
        if self._ready is None:
            self._ready = self._stack.enter_context(grading_ready(self._say))
        else:
            self._ready = self._ready.for_another(self._say)
        if slug not in self._cells:
            scratch = self._ready.scratch
            cells = LockedCells(self._released(slug), self._ready.environment, scratch)
            self._cells[slug] = self._stack.enter_context(cells)
        return self._cells[slug].run(hand_in)


def not_judged_in(outputs: Outputs) -> str:
    """Why there is no verdict, in a cell's own words; `` when there is one."""
    said = (error_in(output) for cell in outputs.values() for output in cell)
    found = (words for words in said if words.startswith(NOT_JUDGED))
    return next(found, "").removeprefix(NOT_JUDGED).replace(f" {TRY_NEXT}", f"; {TRY_NEXT}")
