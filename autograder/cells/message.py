"""What a notebook shows when something cannot go on: a few lines, no traceback."""

import re
import textwrap
from typing import Any

from docker.errors import APIError, DockerException
from IPython.core.interactiveshell import InteractiveShell
from requests.exceptions import ConnectionError as NoConnection

from autograder.feedback import NOT_JUDGED

# nbgrader's Validate indents by 4 and cuts lines at 87.
WIDTH = 80

# No red: what stands on JupyterLab's red ground cannot be read in its dark theme.
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_LABEL = re.compile(r"^(?:seen|try next): ")
_ENGINE_GONE = (
    f"{NOT_JUDGED}the Docker engine does not answer. Start it (./course start), then run the"
    " build cell again."
)


class CellMessage(Exception):
    """Stops a cell; its text is all that the notebook shows.

    IPython asks an exception for `_render_traceback_` before it makes a traceback of its own.
    """

    def _render_traceback_(self) -> list[str]:
        first, *rest = str(self).split("\n")
        label = _LABEL.match(first)
        end = label.end() if label else len(first)
        bold = [_LABEL.sub(rf"{_BOLD}\g<0>{_PLAIN}", row) for row in rest]
        return [f"{_BOLD}{first[:end]}{_PLAIN}{first[end:]}", *bold]


class CheckFailed(CellMessage):
    """A criterion does not hold yet."""


class CheckNotJudged(CellMessage):
    """No verdict: the engine failed, or the build wants what the course does not offer."""


class NotBuilt(CellMessage):
    """There is no image to look at."""


class FileRefused(CellMessage):
    """The Dockerfile cell did not do what it was asked."""


def prose(*paragraphs: str) -> str:
    """The paragraphs, wrapped so that no door cuts them; a long path stays in one piece."""
    return "\n".join(
        textwrap.fill(
            text, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
        for text in paragraphs
    )


def shorten_engine_errors(shell: InteractiveShell) -> None:
    """Tell of an engine that went away in one line; any other error of the SDK is shown in full.

    A graded cell calls the SDK itself, so nothing of ours stands between it and its errors.
    """

    def show(
        shell: InteractiveShell,
        kind: type,
        error: BaseException,
        traceback: Any,
        tb_offset: Any = None,
    ) -> None:
        away = isinstance(error, DockerException) and not isinstance(error, APIError)
        if isinstance(error, NoConnection) or (away and "Error while fetching" in str(error)):
            shell._showtraceback(kind, error, CellMessage(prose(_ENGINE_GONE))._render_traceback_())
        else:
            shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)

    shell.set_custom_exc((DockerException, NoConnection), show)  # type: ignore[no-untyped-call]
