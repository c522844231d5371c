"""Distinct hand-ins judged by dask workers, each with a grading engine of its own."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import nbformat
from distributed import Client, Future, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker
from nbformat import NotebookNode

from autograder.classroom.elsewhere import (
    as_they_come,
    code,
    lent,
    reached,
    scheduler_client,
)
from autograder.classroom.grader import Grader
from autograder.classroom.results import Verdict
from autograder.errors import BadInput, NotJudged
from autograder.feedback import NOT_JUDGED
from autograder.hand_in import HandIn
from autograder.nbgrader_executor import error_in


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
    with (
        LocalCluster(
            n_workers=number, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(plugin)
        yield client
        client.unregister_worker_plugin(plugin.name)  # while there is time to end the engines


def judged(
    client: Client, slug: str, hand_ins: Mapping[str, HandIn | BadInput]
) -> Iterator[tuple[str, Verdict]]:
    """Each hand-in's key and verdict, as they come."""
    futures = {
        client.submit(judge, slug, hand_in, key=f"judge-{key}", pure=False, retries=0): key
        for key, hand_in in hand_ins.items()
    }
    for future in as_they_come(client, as_completed(futures)):
        with reached():
            verdict = _verdict(future)
            future.release()
        yield futures[future], verdict


def _verdict(future: Future) -> Verdict:
    if future.status == "error":
        return Verdict("not_judged", 0.0, {}, f"a worker failed: {future.exception()}")
    return Verdict(**future.result())


def judge(slug: str, hand_in: HandIn | BadInput) -> dict[str, Any]:
    """Runs on a worker: a Verdict's fields. A worker has one thread, so one hand-in at a time."""
    began = time.monotonic()
    grader: Grader = get_worker().plugins[HasGrader.name].grader
    try:
        outputs = grader.outputs(slug, hand_in)
        reason = _reason(outputs)
    except NotJudged as error:
        outputs, reason = {}, str(error)
    seconds = time.monotonic() - began
    if reason:
        return asdict(Verdict("not_judged", seconds, {}, reason))
    return asdict(Verdict("graded", seconds, outputs))


def _reason(outputs: Mapping[str, list[Any]]) -> str:
    """Why there is no verdict, in a cell's own words; `` when there is one."""
    said = (error_in(output) for cell in outputs.values() for output in cell)
    found = (words for words in said if words.startswith(NOT_JUDGED))
    return next(found, "").removeprefix(NOT_JUDGED)
