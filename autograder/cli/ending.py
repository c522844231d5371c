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

    Only Ctrl-C, again, cuts that short: who closes a window after it, or is shut down, does not.

    number: the signal that came first; SIGINT until one does.
    """

    def __init__(self) -> None:
        self.number, self.under_way = signal.SIGINT, False
        for number in (signal.SIGINT, *ASKED_BY):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
                signal.signal(number, self._end)

    @property
    def exit_code(self) -> int:
        """What a shell makes of an end by that signal."""
        return 128 + self.number

    def _end(self, number: int, _frame: types.FrameType | None) -> None:
        if number == signal.SIGHUP:
            _leave_the_terminal()
        if self.under_way and number != signal.SIGINT:
            return
        if not self.under_way:
            self.number, self.under_way = signal.Signals(number), True
        raise KeyboardInterrupt


def _leave_the_terminal() -> None:
    """Send what is still said nowhere: to a terminal that is gone, each word would be an error."""
    with suppress(OSError):
        for stream in (sys.stdout, sys.stderr):
            if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
