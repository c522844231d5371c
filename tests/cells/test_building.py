"""What the build cell takes from the notebook's folder before it asks any engine."""

from pathlib import Path

import pytest

from autograder.cells import answer, building
from autograder.errors import BadInput
from autograder.hand_in import NO_DOCKERFILE

TEXT = b"FROM python:3.11\n"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "_refused", None)


@pytest.mark.parametrize("name", ["Dockerfile", "dockerfile"])
def test_the_file_that_docker_takes_is_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=NO_DOCKERFILE):
        building._hand_in(tmp_path)
    (tmp_path / name).write_bytes(TEXT)
    assert building._hand_in(tmp_path).files["Dockerfile"] == TEXT


def test_a_virtual_environment_beside_it_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(TEXT)
    (tmp_path / "venv/lib").mkdir(parents=True)
    (tmp_path / "venv/lib64").symlink_to("lib")
    (tmp_path / "venv/pyvenv.cfg").touch()
    assert set(building._hand_in(tmp_path).files) == {"Dockerfile"}
