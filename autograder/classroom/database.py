"""The gradebook's database: whether it answers, and what is said when it does not."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager

import sqlalchemy
from sqlalchemy.exc import ArgumentError, DBAPIError, SAWarning, SQLAlchemyError

from autograder.errors import BadInput, CourseError


class GradebookGone(CourseError):
    """The gradebook's server does not answer: nothing of the class can be written."""

    exit_code = 3


def require_answer(url: str) -> None:
    """Raise GradebookGone unless a database answers there, BadInput where there can be none."""
    try:
        engine = sqlalchemy.create_engine(url)
    except (ArgumentError, ImportError, ValueError) as error:
        raise BadInput(f"{_named(url)} is no database for a gradebook: {short(error)}") from error
    with answering(url):
        try:
            with closing(engine.connect()):
                pass
        finally:
            engine.dispose()


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Turn a database that is lost on the way into GradebookGone, in one line."""
    # nbgrader tells there what it raises as well.
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of the order in which nbgrader adds rows
            yield
    except SQLAlchemyError as error:
        raise GradebookGone(
            f"the gradebook {_named(url)} does not answer: {short(error)};"
            " run it again with --resume when it does"
        ) from error


def _named(url: str) -> str:
    """The URL without its password."""
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "that URL"


def short(error: BaseException | None) -> str:
    """What a database or a disk said, without the statement or the path that it said it of."""
    if isinstance(error, DBAPIError):
        error = error.orig
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    rows = str(error).strip().splitlines()
    return rows[0] if rows else type(error).__name__
