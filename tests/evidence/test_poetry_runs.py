"""A Dockerfile that takes notes of Poetry: where they are taken, and what is read of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.evidence import poetry_runs
from autograder.evidence.poetry_runs import noting, read_runs
from autograder.facts.dockerfile import Dockerfile, parse
from autograder.facts.observation import PoetryRun

TEXT = """\
ARG V=3.11
FROM python:$V AS export
ENV PYTHONPATH=/app \\
    A=1
RUN poetry export
FROM scratch AS files
COPY . .
FROM export AS again
RUN poetry export
FROM python:3.11 AS unused
FROM python:3.11
COPY --from=again /a /a
COPY --from=files /b /b
"""


def noted() -> Dockerfile:
    return parse(noting(parse(TEXT), TEXT, "helper:1"))


def test_notes_are_taken_wherever_python_can_run() -> None:
    rows = [
        [(row.keyword, row.value[:20]) for row in stage.instructions] for stage in noted().stages
    ]
    setup = [("RUN", '["python3", "-I", "-'), ("ENV", "PYTHONPATH=/course-n")]
    assert rows[0][:2] == setup
    assert rows[0][3] == ("ENV", "PYTHONPATH=/course-n"), "again after the learner's own"
    assert rows[1] == [("COPY", ". .")]
    assert rows[2] == [("RUN", "poetry export")], "it has the notes of the stage it starts from"
    assert rows[4][:2] == setup


def test_the_last_stage_holds_the_notes_of_every_needed_stage() -> None:
    last = noted().stages[-1]
    assert getattr(last.base, "reference", None) == "helper:1"
    assert [row.value for row in last.instructions] == [
        f"/course-note/poetry /noted/{index}" for index in (0, 2, 4)
    ]


def test_what_is_no_note_is_left_out() -> None:
    printed = ("1.7.0 export", "", "1.8.5", "a b c", "x" * 99 + " install")
    assert read_runs(printed) == (PoetryRun("1.7.0", "export"), PoetryRun("x" * 20, "install"))


@pytest.mark.parametrize(
    ("program", "loads", "arguments", "wanted"),
    [
        ("poetry", "poetry.console.application", ["--no-ansi", "export", "-o", "f"], "{} export\n"),
        ("p", "poetry.console.application", ["-C", "/app", "install"], "{} install\n"),
        ("poetry", "poetry.console.application", ["install", "--only-root"], "{} nothing\n"),
        ("poetry", "poetry.console.application", ["install", "--dry-run"], "{} nothing\n"),
        ("mine.py", "poetry_plugin_export.exporter", ["install"], "{} export\n"),
        ("poetry", "os", ["install"], ""),
        ("pip", "os", ["install", "poetry"], ""),
    ],
)
def test_poetry_notes_its_version_and_command(
    tmp_path: Path, program: str, loads: str, arguments: list[str], wanted: str
) -> None:
    """Whatever its program is called, or what calls its plugin."""
    log, script = tmp_path / "log", tmp_path / program
    log.touch()
    script.write_text(f"import {loads}")
    for module in ("poetry/console/application.py", "poetry_plugin_export/exporter.py"):
        (tmp_path / "lib" / module).parent.mkdir(parents=True)
        (tmp_path / "lib" / module).touch()
    text = (Path(poetry_runs.__file__).parent / "note_poetry.py").read_text()
    (tmp_path / "sitecustomize.py").write_text(text.replace("/course-note/poetry", str(log)))
    info = tmp_path / "poetry-1.7.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poetry\nVersion: 1.7.0\n")
    subprocess.run(
        [sys.executable, script, *arguments],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{tmp_path}/lib"},
        check=True,
    )
    assert log.read_text() == wanted.format("1.7.0")


def test_the_note_is_set_up_for_who_reads_no_environment_too(tmp_path: Path) -> None:
    """The RUN line of the first stage, run as the builder would: JSON, then Python."""
    (row,) = [
        row for row in noted().stages[0].instructions if "-I" in row.value and row.keyword == "RUN"
    ]
    _, _, _, code = json.loads(row.value)
    moved = code.replace("/course-note", str(tmp_path / "note"))
    moved = moved.replace("sysconfig.get_path('stdlib')", repr(str(tmp_path)))
    assert moved.count(str(tmp_path)) == 4
    subprocess.run([sys.executable, "-I", "-c", moved], check=True)
    script = Path(poetry_runs.__file__).with_name("note_poetry.py").read_text()
    for folder in (tmp_path, tmp_path / "note"):
        assert (folder / "sitecustomize.py").read_text() == f"\n{script}"
    assert (tmp_path / "note/poetry").read_text() == ""
