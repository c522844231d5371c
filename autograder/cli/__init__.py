"""The `./course` command line: one clear line and an honest exit code, never a traceback."""

import errno
import os
import sys

# What the machine, not the course, has to mend.
ENVIRONMENT_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
}

INTERRUPTED = 130
"""What typer makes of a KeyboardInterrupt; no command ends so by itself."""


def main() -> None:
    """Run the command line; what is the user's or the environment's ends in one line."""
    from typer import Abort, TyperException

    from autograder.cli.app import app
    from autograder.cli.ending import Ending
    from autograder.errors import CourseError

    ending = Ending()
    try:
        code = app(prog_name="./course", standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
    except CourseError as error:
        code = complain(str(error), error.exit_code)
    except TyperException as error:
        line = one_line(error.format_message())  # empty after the help of a bare ./course
        code = complain(f"{line} (see ./course --help)", 2) if line else 2
    except (KeyboardInterrupt, Abort):
        code = complain("interrupted", ending.exit_code)
    except _engines_errors() as error:
        code = complain(f"the Docker engine failed: {error}", 3)
    except BrokenPipeError:
        # The reader of our output went away; Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        if error.errno not in ENVIRONMENT_ERRORS and not in_home(error.filename):
            raise
        code = complain(f"{error.strerror}: {error.filename or 'while writing'}", 3)
    sys.exit(code)


def _engines_errors() -> tuple[type[Exception], ...]:
    """What an engine that fails raises where nobody said what it was asked for.

    Python calls this only where something was raised: importing the SDK takes time.
    """
    from autograder.engine.client import NO_ANSWER

    return NO_ANSWER


def in_home(path: object) -> bool:
    """Whether a file is one of the course's own, so that its folder cannot be used."""
    from autograder.places import home

    return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(str(home()))


def complain(line: str, code: int) -> int:
    """Print the one line a person reads, and pass on the exit code."""
    from autograder.outcome import printable

    print(f"course: {printable(one_line(line))}", file=sys.stderr)
    return code


def one_line(text: str) -> str:
    """The text with its line breaks and runs of blanks folded."""
    return " ".join(text.split())
