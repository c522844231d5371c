"""Builds and looks in threads, which end with the one that waits for them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from autograder.engine.client import Engine


@contextmanager
def side_by_side(engine: Engine, most: int) -> Iterator[ThreadPoolExecutor]:
    """At most so many threads that build on an engine.

    An interrupt of who is in here ends what is built for them, and what has not begun never does.
    An app that is being asked is waited for.
    """
    with ThreadPoolExecutor(max_workers=most) as pool:
        try:
            yield pool
        except Exception:
            raise
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            with engine.builds_ended():
                pool.shutdown()
            raise
