"""A scheduler that is not there, has nobody, or loses everybody is one clear line."""

import gc
import socket
import time
from collections.abc import Iterator

import pytest
from distributed import Client, LocalCluster, WorkerPlugin, as_completed

from autograder.classroom import elsewhere
from autograder.classroom.workers import HasGrader
from autograder.errors import BadInput, NotJudged


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECT_SECONDS", "LONELY_SECONDS", "ASK_SECONDS"):
        monkeypatch.setattr(elsewhere, name, 0.5)


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[LocalCluster]:
    number, threads = getattr(request, "param", (1, 1))
    with LocalCluster(
        n_workers=number, threads_per_worker=threads, processes=False, protocol="tcp",
        host="127.0.0.1", dashboard_address=":0", silence_logs=50,
    ) as cluster:  # fmt: skip
        yield cluster


@pytest.mark.parametrize(
    "address",
    ["tcp://10.0.0.1:8786", "10.0.0.1:8786", "ws://dask.example:1", "tcp://[2001:db8::1]:1"],
)
def test_a_scheduler_that_others_can_reach_needs_tls(address: str) -> None:
    with pytest.raises(BadInput, match="is not encrypted"):
        elsewhere.require_safe(address)


@pytest.mark.parametrize(
    "address", ["tls://10.0.0.1:8786", "tcp://127.0.0.1:1", "localhost:8786", "tcp://[::1]:8786"]
)
def test_tls_and_this_machine_are_safe(address: str) -> None:
    elsewhere.require_safe(address)


def test_nobody_answers() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        with (
            pytest.raises(NotJudged, match=f"^no dask scheduler answers at {address}: .*--resume$"),
            elsewhere.scheduler_client(address),
        ):
            pass
    assert not [one for one in gc.get_objects() if isinstance(one, Client)]


def test_no_certificate_is_bad_input() -> None:
    with pytest.raises(BadInput, match="TLS"), elsewhere.scheduler_client("tls://127.0.0.1:1"):
        pass


@pytest.mark.parametrize("cluster", [(0, 1)], indirect=True)
def test_there_are_no_workers(cluster: LocalCluster) -> None:
    with (
        pytest.raises(NotJudged, match="has no workers: start one, and run it again"),
        elsewhere.scheduler_client(cluster.scheduler_address),
    ):
        pass


@pytest.mark.parametrize("cluster", [(1, 2)], indirect=True)
def test_a_worker_that_would_judge_two_at_once_is_refused(cluster: LocalCluster) -> None:
    with (
        pytest.raises(BadInput, match="start it with --nthreads 1"),
        elsewhere.scheduler_client(cluster.scheduler_address),
    ):
        pass


def test_all_workers_go_away(cluster: LocalCluster) -> None:
    with elsewhere.scheduler_client(cluster.scheduler_address) as client:
        running = as_completed([client.submit(time.sleep, 60)])
        cluster.scale(0)
        with pytest.raises(NotJudged, match=r"^all dask workers went away: start one"):
            next(elsewhere.as_they_come(client, running))


def test_what_dask_keeps_back_since_the_clock_was_set_back_is_not_waited_for(
    cluster: LocalCluster,
) -> None:
    with elsewhere.scheduler_client(cluster.scheduler_address) as client:
        (to_worker,) = cluster.scheduler.stream_comms.values()
        to_worker.next_deadline = time.time() + 86400  # as after a jump between two sends
        running = as_completed([client.submit(time.sleep, 0)])
        with pytest.raises(NotJudged, match=r"^the dask workers wait, and so do we: .*--resume$"):
            next(elsewhere.as_they_come(client, running))


def test_a_busy_worker_is_waited_for(cluster: LocalCluster) -> None:
    with elsewhere.scheduler_client(cluster.scheduler_address) as client:
        running = as_completed([client.submit(time.sleep, 3)])
        assert next(elsewhere.as_they_come(client, running)).status == "finished"


def test_a_plugin_goes_when_the_batch_ends(cluster: LocalCluster) -> None:
    def plugins(client: Client) -> bool:
        return "one" in next(iter(client.run(lambda dask_worker: [*dask_worker.plugins]).values()))

    plugin = WorkerPlugin()
    plugin.name = "one"
    with elsewhere.scheduler_client(cluster.scheduler_address) as client:
        with elsewhere.lent(client, plugin):
            assert plugins(client)
        assert not plugins(client)


def test_a_worker_with_other_checks_does_not_judge(cluster: LocalCluster) -> None:
    grader = HasGrader({})
    grader.code = "other"
    with (
        elsewhere.scheduler_client(cluster.scheduler_address) as client,
        pytest.raises(NotJudged, match="its course is another version"),
        elsewhere.lent(client, grader),
    ):
        pass


def test_a_result_that_can_be_fetched_no_more(cluster: LocalCluster) -> None:
    with elsewhere.scheduler_client(cluster.scheduler_address) as client:
        future = client.submit(time.sleep, 1)
        future.cancel()
        with pytest.raises(NotJudged, match="dask scheduler went away"), elsewhere.reached():
            future.result(timeout=5)
