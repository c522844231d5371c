"""A command that is asked to end, by `kill` or a closed terminal, ends as it does with Ctrl-C."""

import os
import signal
import stat
import sys
import types
from contextlib import suppress

ASKED_BY = (signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Turns the first of these signals into a KeyboardInterrupt, so that every `finally` runs.

    number: the signal that came; SIGINT until another does.
    """

    def __init__(self) -> None:
        self.number = signal.SIGINT
        for number in ASKED_BY:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
                signal.signal(number, self._end)

    @property
    def exit_code(self) -> int:
        """What a shell makes of an end by that signal."""
        return 128 + self.number

    def _end(self, number: int, _frame: types.FrameType | None) -> None:
        if self.number != signal.SIGINT:
            return  # the end is under way, and a second one would cut it short
        self.number = signal.Signals(number)
        if number == signal.SIGHUP:
            _leave_the_terminal()
        raise KeyboardInterrupt


def _leave_the_terminal() -> None:
    """Send what is still said nowhere: to a terminal that is gone, each word would be an error."""
    with suppress(OSError):
        for stream in (sys.stdout, sys.stderr):
            if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
