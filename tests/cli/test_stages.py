"""How `./course test` runs a stage and reads what came of it."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.cli import leftovers, stages
from autograder.cli.stages import Result, counts, launch, read_result, run_wave
from autograder.cli.suite import STAGES, Stage
from autograder.cli.summary import summarise

JUNIT = '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="1"/></testsuites>'


def run(tmp_path: Path, *stages: Stage) -> list[Result]:
    results: list[Result] = []
    run_wave(stages, tmp_path, os.environ, results.append)
    return results


def python(name: str, code: str, minutes: int = 1) -> Stage:
    return Stage(name, 1, minutes, ("python", "-c", code))


def test_a_stage_without_tests_counts_as_one(tmp_path: Path) -> None:
    good, bad = run(tmp_path, python("good", ""), python("bad", "raise SystemExit(3)"))
    if good.name == "bad":
        good, bad = bad, good
    assert (good.passed, good.failed, good.note) == (1, 0, "")
    assert (bad.passed, bad.failed, bad.note) == (0, 1, "exit code 3")


def test_stages_of_a_wave_run_side_by_side(tmp_path: Path) -> None:
    began = time.monotonic()
    run(tmp_path, *(python(name, "import time; time.sleep(2)") for name in "abc"))
    assert time.monotonic() - began < 5


DEAF = """
import os, pathlib, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path("{0}.part").write_text(str(os.getpid()))
os.rename("{0}.part", "{0}")
time.sleep(120)
"""
LEADER = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
subprocess.Popen([sys.executable, "-c", {0!r}]).wait()
"""


def test_a_stage_past_its_time_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage ends when it is asked; a child of its own is deaf to that."""
    monkeypatch.setattr(stages, "PATIENCE", 2)
    monkeypatch.setenv(leftovers.MARK, "")  # put back at the end: this run's own mark stands there
    mark, began = leftovers.new_mark(), tmp_path / "began"
    endless = python("endless", LEADER.format(DEAF.format(began)), minutes=0)
    stage = launch(endless, tmp_path, os.environ)
    deadline = time.monotonic() + 60
    while not began.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    child = int(began.read_text())
    try:
        assert runs(child)
        assert stage.ended()
        assert stage.process.returncode == -signal.SIGINT
        assert not runs(child)
        assert leftovers.marked_processes(mark) == {}
    finally:
        leftovers.end_processes([child])
    ended = read_result(stage, tmp_path)
    assert (ended.failed, ended.note) == (1, "given up after 0 minutes")


def runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended but for its parent's question."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_it_printed_is_kept(tmp_path: Path) -> None:
    (result,) = run(tmp_path, python("words", "print('some words')"))
    assert result.log == tmp_path / "words.log"
    assert result.log.read_text() == "some words\n"


def test_pytest_is_counted_by_its_own_junit_file(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(JUNIT)
    assert counts(tmp_path / "junit.xml") == (5, 3, 1)


@pytest.mark.parametrize(
    ("code", "wanted", "note"),
    [
        ("def test_a(): pass", (1, 0), ""),
        ("def test_a(): pass\ndef test_b(): assert 0", (1, 1), "exit code 1"),
        ("", (0, 1), "no test was found"),
        ("import os\ndef test_a(): os._exit(9)", (0, 1), "exit code 9"),
    ],
)
def test_a_real_pytest_stage(tmp_path: Path, code: str, wanted: tuple[int, int], note: str) -> None:
    (tmp_path / "test_it.py").write_text(code)
    stage = Stage("it", 1, 1, ("pytest", "-p", "no:cacheprovider", str(tmp_path)))
    (result,) = run(tmp_path, stage)
    assert (result.passed, result.failed) == wanted
    assert result.note == note
    assert bool(result.failures) == ("assert" in code)
    assert all(line == "test_b: assert 0" for line in result.failures)


def test_the_last_line_is_for_ci(capsys: pytest.CaptureFixture[str]) -> None:
    types = Result("types", failed=1, note="[red] herring", failures=("test_a: [b] < 2",))
    code = summarise([Result("unit", passed=7), types])
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[-2] == "types: test_a: [b] < 2"
    assert lines[-1] == "7 passed, 1 failed"
    assert any("[red] herring" in line for line in lines)
    assert code == 1


def test_every_program_of_the_table_is_installed() -> None:
    for stage in STAGES:
        assert Path(stage.line(Path())[0]).exists(), stage.name
    assert len({stage.name for stage in STAGES}) == len(STAGES)


def test_a_forgotten_process_is_found_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        assert leftovers.processes() == {}  # no other system shows a process's environment
        return
    monkeypatch.setenv(leftovers.MARK, "")  # put back at the end: this run's own mark stands there
    mark = leftovers.new_mark()
    forgotten = [sys.executable, "-c", "import time; time.sleep(60)"]
    pid = os.spawnv(os.P_NOWAIT, sys.executable, forgotten)
    try:
        deadline = time.monotonic() + 10
        while not leftovers.marked_processes(mark) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert pid in leftovers.marked_processes(mark)
    finally:
        leftovers.end_processes([pid])
        os.waitpid(pid, 0)
    assert leftovers.marked_processes(mark) == {}


def test_traces_name_only_what_is_new() -> None:
    before = leftovers.Traces(mounts=frozenset({"/"}), objects=frozenset({"image a:1"}))
    after = leftovers.Traces(
        mounts=frozenset({"/", "/mnt"}), objects=frozenset({"image a:1", "container left"})
    )
    assert after.since(before) == ["container left", "mount /mnt"]
    assert before.since(after) == []
