"""Where hand-ins are graded: in a process, in a container, or nowhere, and one line says so."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.cli.findings import State, grading
from autograder.engine import find, grading_process, processes
from autograder.engine.box import LIMIT
from autograder.engine.cgroup import rows
from autograder.engine.grading import (
    FORM,
    ContainerEngine,
    GradingEngine,
    claimed_engine,
    container_engine,
    grading_engine,
    grading_engine_at,
    outer_docker,
    stop_abandoned,
)
from autograder.engine.grading_container import volume_of
from autograder.errors import EngineUnavailable
from autograder.limits import LIMITS

DOCKER = "unix:///var/run/docker.sock"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv(FORM, raising=False)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    return tmp_path


def person(monkeypatch: pytest.MonkeyPatch, *, root: bool, system: str = "linux") -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(sys, "platform", system)


def unasked() -> str | None:
    pytest.fail("no Docker is looked for")


def test_root_on_linux_grades_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    person(monkeypatch, root=True)
    assert outer_docker(unasked) is None
    with claimed_engine(unasked) as engine:
        assert isinstance(engine, GradingEngine)


def test_root_may_ask_for_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    person(monkeypatch, root=True)
    monkeypatch.setenv(FORM, "container")
    with claimed_engine(lambda: DOCKER) as engine, claimed_engine(lambda: DOCKER) as other:
        assert isinstance(engine, ContainerEngine)
        assert engine.outer == DOCKER
        assert engine != other
        assert engine.host != other.host


@pytest.mark.parametrize(
    ("root", "system"), [(False, "linux"), (True, "darwin"), (False, "darwin")]
)
def test_others_grade_in_a_container(
    monkeypatch: pytest.MonkeyPatch, root: bool, system: str
) -> None:
    person(monkeypatch, root=root, system=system)
    assert outer_docker(lambda: DOCKER) == DOCKER


@pytest.mark.parametrize(
    ("docker", "words"),
    [
        (None, "needs a Docker engine that answers, or root on Linux"),
        (
            "tcp://192.0.2.1:2376",
            "Docker on this machine, and tcp://192.0.2.1:2376 may be another",
        ),
        ("ssh://grader@build.example", "run this there, or unset DOCKER_HOST"),
    ],
)
def test_where_neither_is_possible_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, docker: str | None, words: str
) -> None:
    person(monkeypatch, root=False)
    with pytest.raises(EngineUnavailable, match=words) as caught, claimed_engine(lambda: docker):
        pass
    assert "\n" not in str(caught.value)


def test_a_misspelt_form_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORM, "contaner")
    with pytest.raises(EngineUnavailable, match=f"{FORM} is contaner: it may be `container`"):
        outer_docker(unasked)


def test_a_docker_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """And what was noted of it is no obstacle to the next."""
    gone = f"unix://{home}/nothing.sock"
    engine = container_engine(0, gone)
    engine.run.mkdir(parents=True)
    (engine.run / "outer").write_text(gone)
    assert grading_engine_at(engine.host) == engine
    stop_abandoned()
    with pytest.raises(EngineUnavailable, match=f"the Docker at {gone} fails a grading engine"):
        engine.renew(unasked, "0", print)  # type: ignore[arg-type]
    assert not engine.is_running()


def test_what_a_killed_process_kept_in_an_engines_folder_goes(home: Path) -> None:
    gone = f"unix://{home}/nothing.sock"
    engines = (grading_engine(0), container_engine(0, gone))
    for engine in engines:
        engine.scratch.mkdir(parents=True)
        (engine.scratch / "hand-in.json").write_text("{}")
        engine.claim.parent.mkdir()
    (engines[1].run / "outer").write_text(gone)
    with claimed_engine(unasked) as engine:
        assert engine == engines[0]
        stop_abandoned()
        assert [one.scratch.exists() for one in engines] == [True, False], "one is at work"
    assert not engines[0].scratch.exists()


def test_an_engine_is_known_by_its_address(home: Path) -> None:
    assert grading_engine_at(grading_engine(3).host) == grading_engine(3)
    assert find.own_engine_at(grading_engine(3).host) == grading_engine(3)
    assert grading_engine_at(container_engine(3, DOCKER).host) is None  # it never was
    assert grading_engine_at(DOCKER) is None
    assert grading_engine_at(None) is None
    assert container_engine(3, DOCKER).volume == volume_of(home.resolve() / "engine")


def test_a_socket_path_that_is_too_long_is_named(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("COURSE_HOME", str(home / ("x" * 100)))
    with pytest.raises(EngineUnavailable, match="shorten COURSE_HOME"):
        container_engine(0, DOCKER).renew(unasked, "0", print)  # type: ignore[arg-type]


def test_doctor_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner needs none of it: nothing is missing."""
    person(monkeypatch, root=True)
    assert grading(DOCKER).seen == "in a process of root, on this machine"
    person(monkeypatch, root=False)
    assert grading(DOCKER).seen == "in a container of this Docker"
    row = grading("tcp://192.0.2.1:2376")
    assert row.state is State.NAMED
    assert "may be another" in row.to_do


SMALL = replace(LIMITS, memory_bytes=10**9, processes=100, processors=2)


def limit(top: Path) -> subprocess.CompletedProcess[str]:
    """Run the container's own script on a folder tree that looks like the kernel's."""
    v2, v1 = rows("/hand-in", SMALL, unified=True), rows("/hand-in", SMALL, unified=False)
    told = {
        "UNIFIED": "".join(f"{file} {value}\n" for file, value in v2.items()),
        "SEVERAL": "".join(f"{file} {value}\n" for file, value in v1.items()),
    }
    script = f"set -eu; mount() {{ :; }}; groups={top}\n{LIMIT}"
    environment = {**os.environ, **told}
    return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True)


def written(top: Path) -> dict[str, str]:
    files = (path for path in top.rglob("*") if path.is_file())
    return {str(path.relative_to(top)): path.read_text().strip() for path in files}


def test_limits_inside_under_version_2(tmp_path: Path) -> None:
    """The processes that are there make way: only a group without any hands controllers down."""
    top = tmp_path / "cgroup"
    (top / "hand-in").mkdir(parents=True)
    (top / "cgroup.controllers").write_text("cpu memory pids")
    (top / "cgroup.procs").write_text("1\n")
    (top / "hand-in/memory.swap.max").touch()
    assert limit(top).returncode == 0
    assert written(top) == {
        "cgroup.controllers": "cpu memory pids",
        "cgroup.procs": "1",
        "cgroup.subtree_control": "+memory +pids +cpu",
        "engine/cgroup.procs": "1",
        "hand-in/memory.max": "1000000000",
        "hand-in/memory.swap.max": "0",
        "hand-in/pids.max": "100",
        "hand-in/cpu.max": "200000 100000",
    }


def test_limits_inside_under_version_1(tmp_path: Path) -> None:
    top = tmp_path / "cgroup"
    for name in ("memory", "pids", "cpu"):
        (top / name).mkdir(parents=True)
    assert limit(top).returncode == 0
    assert written(top) == {
        "memory/hand-in/memory.limit_in_bytes": "1000000000",
        "pids/hand-in/pids.max": "100",
        "cpu/hand-in/cpu.cfs_period_us": "100000",
        "cpu/hand-in/cpu.cfs_quota_us": "200000",
    }


def test_without_a_limit_nothing_starts(tmp_path: Path) -> None:
    top = tmp_path / "cgroup"
    (top / "pids/hand-in/pids.max").mkdir(parents=True)  # which cannot be written to
    done = limit(top)
    assert done.returncode != 0
    assert "pids.max" in done.stderr


def test_a_template_stays_until_it_is_copied_though_another_checkout_makes_its_own(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """Two checkouts have one home and a template each, and a new one removes the others.

    The engine is faked, and says nothing: at stake is who may remove what another copies.
    """
    person(monkeypatch, root=True)
    monkeypatch.setattr(GradingEngine, "start", lambda *_: None)
    monkeypatch.setattr(grading_process, "require_space", lambda *_: None)
    monkeypatch.setattr(grading_process, "_format", lambda disk, *_: disk.touch())
    copying, removed = threading.Event(), threading.Event()
    lost: list[Path] = []

    def copy(template: Path, disk: Path) -> None:
        if not copying.is_set():
            copying.set()
            removed.wait(1)
        if not template.exists():
            lost.append(template)
        disk.touch()

    make = GradingEngine._make_template

    def made(self: GradingEngine, template: Path, *rest: Any) -> None:
        make(self, template, *rest)
        if copying.is_set():
            removed.set()

    monkeypatch.setattr(grading_process, "_copy", copy)
    monkeypatch.setattr(GradingEngine, "_make_template", made)

    def renew(number: int, edition: str) -> None:
        engine = grading_engine(number)
        engine.run.mkdir(parents=True)
        engine.renew(lambda _: None, edition, print)

    first = threading.Thread(target=renew, args=(0, "one"))
    first.start()
    assert copying.wait(10)
    renew(1, "two")
    first.join(10)
    assert lost == []


def test_a_command_inside_that_never_ends_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nsenter").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "nsenter").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(processes, "marked", lambda *_: [1])
    monkeypatch.setattr(grading_process, "ASK_SECONDS", 0.2)
    with pytest.raises(EngineUnavailable, match=r"did not end a command in 0\.2 s"):
        grading_engine(0).ask("true")
