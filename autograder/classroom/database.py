"""The gradebook's database, wherever it is: whether it answers, and what to say when it does not."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import sqlalchemy
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from autograder.errors import BadInput, NotJudged


def require_answer(url: str) -> None:
    """Raise NotJudged unless a database answers there, BadInput where there can be none."""
    try:
        engine = sqlalchemy.create_engine(url)
    except (ArgumentError, ImportError, ValueError) as error:
        raise BadInput(f"{_named(url)} is no database for a gradebook: {_short(error)}") from error
    with answering(url):
        try:
            with closing(engine.connect()):
                pass
        finally:
            engine.dispose()


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Turn a database that is lost on the way into NotJudged, in one line."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = _short(error.orig if isinstance(error, DBAPIError) else error)
        raise NotJudged(
            f"the gradebook {_named(url)} does not answer: {reason};"
            " run it again with --resume when it does"
        ) from error


def _named(url: str) -> str:
    """The URL without its password."""
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "that URL"


def _short(error: BaseException | None) -> str:
    rows = str(error).strip().splitlines()
    return rows[0] if rows else type(error).__name__
