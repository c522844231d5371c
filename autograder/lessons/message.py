"""What a lesson's cell shows when it cannot go on: one line, no traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from autograder.errors import CourseError, EngineUnavailable


class LessonStopped(Exception):
    """Stops a cell; its text is all that the notebook shows.

    IPython asks an exception for `_render_traceback_` before it makes a traceback of its own.
    """

    def _render_traceback_(self) -> list[str]:
        first, *rest = str(self).split("\n")
        return [f"\x1b[1m{first}\x1b[0m", *rest]


@contextmanager
def in_one_line() -> Iterator[None]:
    """Tell what a person can mend, or what the engine lacks, in one line."""
    try:
        yield
    except EngineUnavailable as error:
        raise LessonStopped(f"{error}\nThe course gets one ready with: ./course start") from None
    except CourseError as error:
        raise LessonStopped(str(error)) from None
    except KeyboardInterrupt:
        raise LessonStopped("stopped: run this cell again when you are ready") from None
