"""Workers on other machines, by their scheduler's address; and when not to wait any longer."""

import gc
import ipaddress
import logging
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from distributed import Client, Future, Worker, WorkerPlugin, as_completed

from autograder.errors import BadInput, NotJudged

CONNECT_SECONDS = 10
LONELY_SECONDS = 30
"""How long a scheduler may be without a worker: a nanny starts a dead one again in a few."""
ASK_SECONDS = 2
_AGAIN = "run it again with --resume"
_WENT_AWAY = f"the dask scheduler went away: {_AGAIN}"
_ALL_AWAY = "all dask workers went away: start one"
_LOST = "the dask workers wait, and so do we: what was sent got lost. See that the clock is right"


@contextmanager
def scheduler_client(address: str) -> Iterator[Client]:
    """A client of a dask scheduler that runs, and has workers.

    Raises BadInput for an address that others could listen to, NotJudged where nobody answers.
    """
    require_safe(address)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is raised
    with _connected(address) as client:
        _require_workers(client, address)
        yield client


def _connected(address: str) -> Client:
    why: Exception
    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except (ValueError, TypeError, RuntimeError) as error:
        why = BadInput(f"no dask scheduler can be reached at {address}: {error}")
    except OSError:
        why = NotJudged(f"no dask scheduler answers at {address}: start one, and {_AGAIN}")
    # What is left of the client holds a running loop until it is collected, and for ever where
    # that happens in the thread of a new loop: each then waits for the other. So here, and now.
    gc.collect()
    raise why


def require_safe(address: str) -> None:
    """Raise BadInput for a scheduler that is not on this machine and does not speak TLS.

    Whoever reaches a dask scheduler runs what they like on every worker, and a grading engine's
    worker is root: https://distributed.dask.org/en/stable/tls.html
    """
    try:
        parts = urlsplit(address if "://" in address else f"tcp://{address}")
    except ValueError as error:
        raise BadInput(f"{address} is no address of a dask scheduler: {error}") from error
    if parts.scheme != "tls" and not _is_here(parts.hostname or ""):
        raise BadInput(
            f"{address} is not encrypted: whoever reaches that scheduler is root on every worker;"
            " use tls://, see docs/grading.md"
        )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        threads = client.nthreads()
    except TimeoutError as error:
        words = f"the dask scheduler at {address} has no workers: start one"
        raise NotJudged(f"{words}, and {_AGAIN}") from error
    except OSError as error:
        raise NotJudged(f"the dask scheduler at {address} went away: {_AGAIN}") from error
    if any(number != 1 for number in threads.values()):
        raise BadInput(
            f"a worker of {address} has more than one thread, and one grading engine takes one"
            " hand-in at a time: start it with --nthreads 1"
        )


@contextmanager
def lent(client: Client, plugin: WorkerPlugin) -> Iterator[None]:
    """Give a plugin to the workers, those that join later included, for as long as it is needed.

    Raises NotJudged where one cannot take it.
    """
    try:
        try:
            client.register_plugin(plugin)
        except Exception as error:  # whatever a worker raised that is made otherwise
            raise NotJudged(f"a dask worker cannot judge for this course: {error}") from error
        yield
    finally:
        if client.status == "running":
            with suppress(Exception):  # whatever its engine's end comes to
                client.unregister_worker_plugin(plugin.name)


@contextmanager
def reached() -> Iterator[None]:
    """Raise NotJudged for what dask raises where its scheduler is gone."""
    try:
        yield
    except (OSError, CancelledError) as error:
        raise NotJudged(_WENT_AWAY) from error


def as_they_come(client: Client, running: as_completed) -> Iterator[Future]:
    """Futures as they end.

    Raises NotJudged once the scheduler is gone, all workers are, or all of them are idle though
    something was sent: where the clock is set back, dask sends no more until it has caught up.
    """
    seen = asked = time.monotonic()
    while not running.is_empty():
        if client.status != "running":
            raise NotJudged(_WENT_AWAY)
        if running.has_ready():
            yield next(running)
            seen = time.monotonic()
            continue
        now = time.monotonic()
        if now - asked > ASK_SECONDS:
            asked = now
            with reached():
                busy = client.run(_is_busy, on_error="ignore")
            seen = now if any(busy.values()) else seen
            if now - seen > LONELY_SECONDS:
                raise NotJudged(f"{_LOST if busy else _ALL_AWAY}, and {_AGAIN}")
        time.sleep(0.05)


def _is_busy(dask_worker: Worker) -> bool:
    return bool(dask_worker.state.executing_count)
