"""What stands in the way of a check or a lesson, and what does not."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder import ready
from autograder.engine.find import FoundEngine
from autograder.errors import EngineUnavailable, NotJudged

FOUND = FoundEngine("unix:///theirs.sock", ours=False, version="26.1.5", arch="amd64")


def made_ready(monkeypatch: pytest.MonkeyPatch, home: Path, error: NotJudged) -> list[str]:
    """What is said where the clearing up ends so."""

    def remove_abandoned(_: object) -> None:
        raise error

    monkeypatch.setenv("COURSE_HOME", str(home))
    monkeypatch.setattr(ready, "find_engine", lambda *_, **__: FOUND)
    monkeypatch.setattr(ready, "equip", lambda *_: "ready")
    monkeypatch.setattr(ready, "connect", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(ready, "remove_abandoned", remove_abandoned)
    said = list[str]()
    assert ready.make_ready(said.append, yes=False) == "ready"
    return said


def test_what_earlier_runs_left_stands_in_nobodys_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = NotJudged("removing what is left of earlier runs failed: Read timed out.")
    said = made_ready(monkeypatch, tmp_path, error)
    assert said == [f"{error} (the next command tries again)"]


def test_an_engine_that_is_gone_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        made_ready(monkeypatch, tmp_path, EngineUnavailable("it stopped answering"))
