"""What nbgrader logs, as it may stand in a terminal: learners choose their files' names."""

import logging

from autograder.outcome import printable


class PrintableRecord(logging.LogRecord):
    """A line of a log that cannot move a terminal's cursor, whatever name is in it."""

    def getMessage(self) -> str:  # noqa: N802 - logging's own name
        """The message, with its arguments."""
        return printable(super().getMessage().expandtabs())


def log_printably() -> None:
    """Have every log of this process be printable.

    Each of nbgrader's commands has a logger of its own, and a filter is not handed down.
    """
    logging.setLogRecordFactory(PrintableRecord)
