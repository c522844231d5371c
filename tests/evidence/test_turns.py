"""Who is interrupted in the midst of a turn holds nobody up."""

import threading
from contextlib import AbstractContextManager
from typing import Any

import pytest

from autograder.evidence.turns import Turns


class _Interrupted:
    """A condition that is left by an interrupt, the first time."""

    def __init__(self) -> None:
        self.real, self.first = threading.Condition(), True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __enter__(self) -> bool:
        return self.real.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.real.__exit__(*error)
        if self.first:
            self.first = False
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["alone", "beside"])
def test_an_interrupt_as_a_turn_begins(kind: str) -> None:
    turns = Turns()
    turns._changed = _Interrupted()  # type: ignore[assignment]
    turn: AbstractContextManager[None] = getattr(turns, kind)()
    with pytest.raises(KeyboardInterrupt), turn:
        pass

    def both() -> None:
        with turns.alone(), turns.beside():
            pass

    thread = threading.Thread(target=both, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
