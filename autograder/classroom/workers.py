"""Distinct hand-ins judged by dask workers, each with a grading engine of its own."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import islice
from typing import Any

import dask
import nbformat
from distributed import Client, Future, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker
from nbformat import NotebookNode

from autograder.classroom.elsewhere import as_they_come, lent, reached, scheduler_client
from autograder.classroom.grader import Grader, not_judged_in
from autograder.classroom.results import Verdict
from autograder.classroom.submissions import code
from autograder.engine.grading import stop_abandoned
from autograder.errors import BadInput, NotJudged
from autograder.hand_in import MOST_BYTES_IN_ALL, HandIn

AHEAD = 2
"""Hand-ins sent for each worker: the one it judges and the next."""


class HasGrader(WorkerPlugin):  # type: ignore[misc]  # distributed ships no types
    """Gives a worker a grader for as long as it lives."""

    name = "grader"

    def __init__(self, notebooks: Mapping[str, str]) -> None:
        self.notebooks, self.code = notebooks, code()

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 - distributed's own signature
        """Make the grader; its engine starts with the first hand-in.

        Raises RuntimeError on a machine whose course is not the one that asks.
        """
        if self.code != code():
            raise RuntimeError("its course is another version: bring both to the same commit")
        self.grader = Grader(self._released, worker_log).__enter__()

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002
        """End its kernel and its engine."""
        self.grader.__exit__(None, None, None)

    def _released(self, slug: str) -> NotebookNode:
        notebook: NotebookNode = nbformat.reads(self.notebooks[slug], as_version=4)  # type: ignore[no-untyped-call]
        return notebook


def worker_log(line: str) -> None:
    """Say nothing: a worker's words would run through the progress bar."""


@contextmanager
def workers(
    notebooks: Mapping[str, str], *, number: int, scheduler: str | None
) -> Iterator[Client]:
    """A client of dask workers: `number` on this machine, or those of a scheduler that runs."""
    plugin = HasGrader(notebooks)
    if scheduler:
        with scheduler_client(scheduler) as client, lent(client, plugin):
            yield client
        return
    try:
        with (
            LocalCluster(
                n_workers=number,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",  # without a host it would be every network's
                silence_logs=50,
                security=True,  # else any user of this machine runs what they like as root
            ) as cluster,
            Client(cluster) as client,
        ):
            _register(client, plugin)
            yield client
            with suppress(Exception):  # the verdicts are there, whatever an engine's end comes to
                client.unregister_worker_plugin(plugin.name)  # while there is time to end engines
    except BaseException:
        stop_abandoned()  # of workers that ended at once: a closed terminal asks them as well
        raise


def _register(client: Client, plugin: WorkerPlugin) -> None:
    """Give the plugin to workers of our own. Raises NotJudged where they die again and again."""
    for _ in range(3):
        try:
            client.register_plugin(plugin)
        except OSError:  # one died meanwhile; its nanny starts another, and it is given anew
            time.sleep(1)
        else:
            return
    raise NotJudged("dask's workers died as they started: run it again with --resume")


def judged(
    client: Client, slug: str, hand_ins: Iterable[tuple[str, HandIn | BadInput]]
) -> Iterator[tuple[str, Verdict]]:
    """Each hand-in's key and verdict, as they come.

    A few are on their way at a time, so that a large class is never in memory at once.
    """
    waiting = iter(hand_ins)
    running = as_completed()
    keys: dict[Future, str] = {}

    def send() -> None:
        """Keep the workers busy, those that joined meanwhile as well."""
        room = AHEAD * max(1, len(client.nthreads())) - len(keys)
        for key, hand_in in islice(waiting, max(0, room)):
            future = client.submit(judge, slug, hand_in, key=f"judge-{key}", pure=False, retries=0)
            keys[future] = key
            running.add(future)

    # Dask would tell the instructor of each that is large, who cannot mend it.
    large = {"distributed.admin.large-graph-warning-threshold": 2 * MOST_BYTES_IN_ALL}
    with reached(), dask.config.set(large):
        send()
    for future in as_they_come(client, running):
        with reached(), dask.config.set(large):
            verdict = _verdict(future)
            future.release()
            key = keys.pop(future)
            send()
        yield key, verdict


def _verdict(future: Future) -> Verdict:
    if future.status == "error":
        return Verdict("not_judged", 0.0, {}, f"a worker failed: {future.exception()}")
    return Verdict(**future.result())


def judge(slug: str, hand_in: HandIn | BadInput) -> dict[str, Any]:
    """Runs on a worker: a Verdict's fields. A worker has one thread, so one hand-in at a time."""
    began = time.monotonic()
    grader: Grader = get_worker().plugins[HasGrader.name].grader
    try:
        outputs = grader.judge(slug, hand_in)
        reason = not_judged_in(outputs)
    except NotJudged as error:
        outputs, reason = {}, str(error)
    seconds = time.monotonic() - began
    if reason:
        return asdict(Verdict("not_judged", seconds, {}, reason))
    return asdict(Verdict("graded", seconds, outputs))
