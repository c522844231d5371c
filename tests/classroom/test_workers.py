"""What is sent to dask's workers, without an engine."""

import warnings

from distributed import Client, LocalCluster

from autograder.classroom.workers import judged
from autograder.hand_in import MOST_BYTES, MOST_BYTES_IN_ALL, HandIn


def test_the_largest_hand_in_is_sent_without_a_word() -> None:
    """Dask would warn the instructor's terminal of a large graph, which nobody there can mend."""
    number = MOST_BYTES_IN_ALL // MOST_BYTES
    hand_in = HandIn({str(name): bytes([name]) * MOST_BYTES for name in range(number)})
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="tcp",
            host="127.0.0.1", dashboard_address=":0", silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
        warnings.catch_warnings(),
    ):  # fmt: skip
        warnings.simplefilter("error", UserWarning)
        ((key, verdict),) = judged(client, "step-1-naive", [("large", hand_in)])
    assert key == "large"
    assert verdict.reason.startswith("a worker failed")  # it came there, and found no grader
