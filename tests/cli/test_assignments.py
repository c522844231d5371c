"""The Assignment List offers what release/ holds, by nbgrader's own release command."""

import shutil
from pathlib import Path

import pytest

from autograder import places
from autograder.cli.assignments import contents, offer_assignments


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the course's assignments and nbgrader settings, with an exchange of its own."""
    real, copy = places.project(), tmp_path / "project"
    shutil.copytree(real / "release", copy / "release")
    shutil.copytree(real / "source", copy / "source")
    shutil.copy2(real / "nbgrader_config.py", copy)
    monkeypatch.setattr(places, "project", lambda: copy)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    return copy


def test_every_assignment_is_offered_once_and_again_when_it_changed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slugs = {folder.name for folder in (project / "release").iterdir()}
    outbound = project / ".exchange/container-course/outbound"

    offer_assignments()
    assert {folder.name for folder in outbound.iterdir()} == slugs
    assert contents(outbound) == contents(project / "release")
    assert {slug: contents(project / slug) for slug in slugs} == {
        slug: contents(outbound / slug) for slug in slugs
    }
    assert "failed" not in capsys.readouterr().err

    offer_assignments()
    assert capsys.readouterr().err == ""

    slug = sorted(slugs)[0]
    (project / slug / "Dockerfile").write_text("a learner's work")
    (project / "release" / slug / "news.txt").write_text("a new file")
    offer_assignments()
    assert capsys.readouterr().err == f"Offering {slug} in the Assignment List …\n"
    assert (outbound / slug / "news.txt").read_text() == "a new file"
    assert (project / slug / "Dockerfile").read_text() == "a learner's work"
    assert not (project / slug / "news.txt").exists()


def test_a_failure_is_told_and_does_not_stop_the_start(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "nbgrader_config.py").write_text("raise SystemExit('broken')")
    offer_assignments()
    assert "nbgrader release_assignment failed" in capsys.readouterr().err
