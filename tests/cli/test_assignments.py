"""The Assignment List offers what release/ holds, by nbgrader's own release command."""

import shutil
import sys
from pathlib import Path

import pytest

from autograder import places
from autograder.cli import assignments
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


def test_an_nbgrader_that_never_ends_is_told_and_the_lessons_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deaf = project / "nbgrader"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(project / "python"))
    monkeypatch.setattr(assignments, "NBGRADER_SECONDS", 0.2)
    assignments.nbgrader("release_assignment", "step-1-naive")
    said = capsys.readouterr().err
    assert said == "  nbgrader release_assignment failed: it did not end in 0.2 s\n"
