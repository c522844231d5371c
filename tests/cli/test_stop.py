"""What is to end ends, though something before it does not."""

from types import SimpleNamespace

import pytest

from autograder.cli import start
from autograder.errors import NotJudged


def test_stop_goes_on_where_an_engine_keeps_something(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = list[str]()

    def keep(_: object) -> None:
        raise NotJudged("removing what is left of earlier runs failed")

    monkeypatch.setattr(start.lab, "running", lambda: None)
    monkeypatch.setattr(start, "running_engine", lambda: SimpleNamespace(host="unix:///a.sock"))
    monkeypatch.setattr(start, "connect", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(start, "remove_abandoned", keep)
    monkeypatch.setattr(start, "stop_index", lambda _: ended.append("index"))
    monkeypatch.setattr(start, "stop_abandoned", lambda: ended.append("grading"))
    monkeypatch.setattr(start, "course_engine", lambda: SimpleNamespace(is_running=lambda: False))
    with pytest.raises(NotJudged, match="of earlier runs failed"):
        start.stop()
    assert ended == ["index", "grading"]
