import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.errors import NotJudged
from autograder.index import wheels as module
from autograder.index.manifest import Wheel, wheels_for
from autograder.index.wheels import batches, ensure_wheels


def wheel(filename: str) -> Wheel:
    return Wheel(filename, "0" * 64, datetime(2023, 1, 1, tzinfo=UTC), "any")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    return tmp_path


def test_a_batch_holds_each_project_once() -> None:
    a1, a2, b1 = (wheel(f"{name}-py3-none-any.whl") for name in ("a-1", "a-2", "b-1"))
    assert batches([a1, a2, b1]) == [[a1, b1], [a2]]


def test_batches_are_no_larger_than_asked() -> None:
    many = [wheel(f"p{i}-1-py3-none-any.whl") for i in range(5)]
    assert [len(batch) for batch in batches(many, size=2)] == [2, 2, 1]


def test_nothing_is_fetched_when_all_is_there(home: Path) -> None:
    (home / "wheels").mkdir()
    for one in wheels_for("arm64"):
        (home / "wheels" / one.filename).touch()
    said: list[str] = []
    assert ensure_wheels("arm64", said.append) == home / "wheels"
    assert said == []


def test_an_index_that_does_not_answer_is_one_clear_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    one = wheels_for("amd64")[:1]
    monkeypatch.setattr(module, "wheels_for", lambda _: one)
    with pytest.raises(NotJudged, match="does not answer") as caught:
        ensure_wheels("amd64", lambda _: None)
    assert "\n" not in str(caught.value)
    assert {path.name for path in (home / "wheels").iterdir()} == {".lock"}


def test_a_python_without_pip_is_one_clear_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = home / "python"
    bare.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(NotJudged, match="No module named pip"):
        ensure_wheels("amd64", lambda _: None)


def test_a_full_disk_is_named_before_anything_is_fetched(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SPACE", 2**62)
    with pytest.raises(NotJudged, match="MB left"):
        ensure_wheels("amd64", lambda _: None)
    assert (home / "wheels").is_dir()


def test_a_pip_that_never_ends_is_one_clear_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = home / "python"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(deaf))
    monkeypatch.setattr(module, "FETCH_SECONDS", 0.2)
    one = wheels_for("amd64")[:1]
    monkeypatch.setattr(module, "wheels_for", lambda _: one)
    with pytest.raises(NotJudged, match=r"did not fetch .* in 0\.2 s: check the net") as caught:
        ensure_wheels("amd64", lambda _: None)
    assert "\n" not in str(caught.value)
    assert {path.name for path in (home / "wheels").iterdir()} == {".lock"}


def test_an_interrupt_ends_pip(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = home / "python"
    slow.write_text(f"#!/bin/sh\ntouch {home}/began\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    one = wheels_for("amd64")[:1]
    monkeypatch.setattr(module, "wheels_for", lambda _: one)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt() -> None:
        while not (home / "began").exists():
            time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            ensure_wheels("amd64", lambda _: None)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 20
    assert {path.name for path in (home / "wheels").iterdir()} == {".lock"}
