"""The table of error rates: what test_contexts.py recorded, counted by engine and check."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.cli.error_rates import FILE, Judged, read, table, total, write_error_rates
from autograder.cli.stages import Result

RIGHT = {"a": "passed", "b": "passed"}
HALF = {"a": "passed", "b": "failed"}
NONE = {"a": "not_judged", "b": "not_judged"}
TEST = """\
import json
import pytest

@pytest.mark.parametrize("got", ["passed", "failed"])
def test_verdict(got, record_property):
    record_property("engine", "docker 1, buildkit")
    record_property("expected", json.dumps({"a": "passed", "b": "failed"}))
    record_property("got", json.dumps({"a": "passed", "b": "failed"} | {"a": got}))
    assert got == "passed"

def test_that_breaks(record_property):
    record_property("engine", "docker 1, classic")
    record_property("expected", '{"a": "passed"}')
    raise OSError

def test_of_something_else():
    pass
"""


def rows(*judged: Judged) -> list[list[str]]:
    """The cells of the table's rows, below its head."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table(judged).splitlines()[2:]
    ]


def test_all_as_expected() -> None:
    judged = [Judged("one", RIGHT, RIGHT), Judged("one", HALF, HALF), Judged("two", NONE, NONE)]
    assert rows(*judged) == [
        ["one", "`a`", "2", "0", "0", "0", "0", "0"],
        ["one", "`b`", "1", "0", "1", "0", "0", "0"],
        ["two", "`a`", "0", "0", "0", "0", "1", "0"],
        ["two", "`b`", "0", "0", "0", "0", "1", "0"],
    ]
    assert total(judged) == "3 hand-ins × engines, 6 verdicts: 0 false passes, 0 false fails"


def test_false_passes_and_false_fails() -> None:
    judged = [Judged("one", HALF, {"a": "failed", "b": "passed"}), Judged("one", HALF, HALF)]
    assert rows(*judged) == [
        ["one", "`a`", "2", "1", "0", "0", "0", "0"],
        ["one", "`b`", "0", "0", "2", "1", "0", "0"],
    ]
    assert total(judged) == "2 hand-ins × engines, 4 verdicts: 1 false passes, 1 false fails"


@pytest.mark.parametrize(
    ("expected", "got"),
    [("passed", "not_judged"), ("failed", "not_judged"), ("not_judged", "passed"), ("failed", "")],
)
def test_what_is_neither_is_counted_too(expected: str, got: str) -> None:
    judged = Judged("one", {"a": expected}, {"a": got} if got else {})
    ((*_, other),) = rows(judged)
    assert other == "1"
    assert total([judged]).endswith(" 0 false passes, 0 false fails, 1 otherwise wrong")


def test_a_real_pytest_records_it_in_workers_and_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    junit = tmp_path / "contexts.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", f"--junitxml={junit}"]
    command += ["-p", "no:cacheprovider", "-c", "/dev/null", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout
    judged = sorted(read(junit), key=str)
    assert judged == [
        Judged("docker 1, buildkit", HALF, {"a": "failed", "b": "failed"}),
        Judged("docker 1, buildkit", HALF, HALF),
        Judged("docker 1, classic", {"a": "passed"}, {}),
    ]
    line = "3 hand-ins × engines, 4 verdicts: 0 false passes, 1 false fails, 1 otherwise wrong"
    ran = Result("contexts", failed=1, log=tmp_path / "contexts.log")
    assert write_error_rates([ran], tmp_path) == line
    assert (tmp_path / FILE).read_text().endswith(f"{line}\n")
    assert "| docker 1, buildkit | `a` | 2 | 1 | 0 | 0 | 0 | 0 |" in (tmp_path / FILE).read_text()


def test_a_stage_that_did_not_run_leaves_no_old_counts(tmp_path: Path) -> None:
    (tmp_path / "contexts.xml").write_text("<testsuites>")
    (tmp_path / "other-engines.xml").write_text("<testsuites/>")
    died, not_run = Result("contexts", failed=1, log=tmp_path), Result("other-engines")
    assert write_error_rates([died, not_run], tmp_path) == "no hand-in was judged"
    assert "no hand-in was judged" in (tmp_path / FILE).read_text()
