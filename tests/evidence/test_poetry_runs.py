"""A Dockerfile that takes notes of Poetry: where they are taken, and what is read of them."""

import base64
import json
import os
import re
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
    setup = [("RUN", '["python3", "-I", "-'), ("ENV", "PYTHONPATH=/usr/shar")]
    assert rows[0][:2] == setup
    assert rows[0][3] == ("ENV", "PYTHONPATH=/usr/shar"), "again after the learner's own"
    assert rows[1] == [("COPY", ". .")]
    assert rows[2] == [("RUN", "poetry export")], "it has the notes of the stage it starts from"
    assert rows[4][:2] == setup


def test_the_last_stage_holds_the_notes_of_every_needed_stage() -> None:
    last = noted().stages[-1]
    assert getattr(last.base, "reference", None) == "helper:1"
    log = last.instructions[0].value.split()[0]
    assert [row.value for row in last.instructions] == [
        f"{log} /noted/{index}" for index in (0, 2, 4)
    ]


def test_the_notes_of_no_two_builds_have_one_name() -> None:
    """And none that a line written beforehand could hold, nor the one that PYTHONPATH shows."""
    texts = [noting(parse(TEXT), TEXT, "helper:1") for _ in range(2)]
    logs = [parse(text).stages[-1].instructions[0].value.split()[0] for text in texts]
    assert logs[0] != logs[1]
    for text, log in zip(texts, logs, strict=True):
        assert len(log.rpartition("/")[2]) == 16
        shown = re.findall(r"PYTHONPATH=(\S+)", text)
        assert not any(log.startswith(folder.partition(":")[0]) for folder in shown)
        assert "course" not in " ".join([log, *shown])
        scripts = re.findall(r"b64decode\('([^']+)'\)", text)
        assert all(f'"{log}"' in base64.b64decode(script).decode() for script in scripts)


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
    (tmp_path / "sitecustomize.py").write_text(text.replace("/course-note", str(log)))
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
    build = noted()
    (row,) = [
        row for row in build.stages[0].instructions if "-I" in row.value and row.keyword == "RUN"
    ]
    _, _, _, code = json.loads(row.value)
    log = build.stages[-1].instructions[0].value.split()[0]
    note = build.stages[0].instructions[1].value.partition("=")[2]
    moved = code.replace(note, str(tmp_path / "note")).replace(log, str(tmp_path / "log"))
    moved = moved.replace("sysconfig.get_path('stdlib')", repr(str(tmp_path)))
    assert moved.count(str(tmp_path)) == 4
    subprocess.run([sys.executable, "-I", "-c", moved], check=True)
    script = Path(poetry_runs.__file__).with_name("note_poetry.py").read_text()
    script = script.replace("/course-note", log)
    for folder in (tmp_path, tmp_path / "note"):
        assert (folder / "sitecustomize.py").read_text() == f"\n{script}"
    assert (tmp_path / "log").read_text() == ""
