"""A real JupyterLab: found again, out of the user's way, and ended with all it started."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder import lab, lab_server, places, welcome
from autograder.errors import BadInput, NotJudged


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course home for one JupyterLab."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("COURSE_HOME", str(folder))
        patch.setenv("JUPYTER_DATA_DIR", str(folder / "none"))  # what a user handed in is not ours
        yield folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[lab.Lab]:
    process, running = lab.start({"DOCKER_HOST": "unix:///of/the/engine"})
    try:
        yield running
    finally:
        lab.stop(process.pid)


def get(server: lab.Lab, path: str, **body: str) -> str:
    request = urllib.request.Request(
        server.base_url + path,
        json.dumps(body).encode() if body else None,
        {"Authorization": f"token {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def test_it_is_found_again_by_another_call(server: lab.Lab) -> None:
    assert lab.running() == server


def test_its_page_opens_with_the_token_and_only_with_it(server: lab.Lab) -> None:
    with urllib.request.urlopen(server.page(), timeout=30) as answer:
        assert "JupyterLab" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{server.base_url}api/contents", timeout=30)


def test_learners_see_neither_the_instructors_panels_nor_news(server: lab.Lab) -> None:
    page = get(server, "lab")
    config = json.loads(page.partition('id="jupyter-config-data" type="application/json">')[2]
                        .partition("</script>")[0])  # fmt: skip
    for hidden in ("formgrader", "create-assignment", "course-list"):
        assert f"@jupyter/nbgrader:{hidden}" in config["disabledExtensions"]
    assert "@jupyterlab/apputils-extension:announcements" in config["disabledExtensions"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(server, "formgrader")
    assert "assignment_list" not in page  # that panel is theirs
    assert get(server, "assignments?course_id=none")


def test_it_opens_on_the_welcome_page_which_is_as_of_now(server: lab.Lab) -> None:
    assert "/lab/tree/Welcome.md?token=" in server.page()
    (places.project() / welcome.PAGE).write_text("of another day")
    page = json.loads(get(server, "api/contents/Welcome.md"))
    assert page["content"] == welcome.page(places.project())


def test_validate_answers_from_a_process_of_its_own(server: lab.Lab) -> None:
    told = json.loads(get(server, "assignments/validate?path=docs/none.ipynb", body="any"))
    assert told["success"] is False
    assert told["value"].startswith("FileNotFoundError: ")
    assert "\n" not in told["value"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        get(server, "assignments/validate?path=../../etc/passwd", body="any")


def test_kernels_reach_the_engine_and_keep_their_files_in_the_home(
    server: lab.Lab, home: Path
) -> None:
    environment = lab.environment({"DOCKER_HOST": "unix:///of/the/engine"})
    assert environment["DOCKER_HOST"] == "unix:///of/the/engine"
    assert environment["PATH"].startswith(str(places.project() / ".venv"))
    paths = [environment[name] for name in environment if name.startswith(("JUPYTER_", "IPYTHON"))]
    assert {path for path in paths if path.startswith(str(Path.home() / ".jupyter"))} == set()
    assert (home / "jupyter").stat().st_mode & 0o077 == 0


def test_its_own_port_is_taken_and_said_so(server: lab.Lab) -> None:
    port = int(server.base_url.rstrip("/").rpartition(":")[2])
    with pytest.raises(BadInput, match=f"port {port} cannot be used"):
        lab.require_free(port)


def test_without_a_port_it_takes_the_next_free_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(lab, "DEFAULT_PORT", other.getsockname()[1])
        process, running = lab.start({})
        try:
            assert not running.base_url.endswith(f":{other.getsockname()[1]}/")
        finally:
            lab.stop(process.pid)


def test_a_jupyterlab_that_cannot_start_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    with pytest.raises(NotJudged, match="JupyterLab did not start; the end of"):
        lab.start({}, extra=["--ServerApp.ip=192.0.2.1"])


def test_stop_ends_its_kernels_and_a_dead_server_is_not_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    process, running = lab.start({"MARK": str(tmp_path)})
    get(running, "api/kernels", name="python3")
    assert len(marked(tmp_path)) >= 2
    lab.stop(process.pid)
    assert marked(tmp_path) == []
    assert lab.running() is None


def test_a_killed_server_is_not_taken_for_a_running_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    process, _ = lab.start({})
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list((tmp_path / "jupyter/runtime").glob("jpserver-*.json"))
    assert lab.running() is None


def marked(folder: Path) -> list[str]:
    """The command lines of the processes that carry this test's mark."""
    listing = subprocess.run(["ps", "axeww", "-o", "command"], capture_output=True, text=True)
    return [line for line in listing.stdout.splitlines() if f"MARK={folder}" in line]


def test_one_that_is_deaf_is_killed_and_the_reason_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    deaf = ["sh", "-c", "trap '' TERM; echo the reason; while :; do sleep 0.1; done"]
    monkeypatch.setattr(lab, "command", lambda _: deaf)
    monkeypatch.setattr(lab, "START_SECONDS", 1)
    monkeypatch.setattr(lab, "STOP_SECONDS", 1)
    with pytest.raises(NotJudged, match=r"JupyterLab did not start.*the reason"):
        lab.start({"MARK": str(tmp_path)})
    assert marked(tmp_path) == []


def test_a_validate_that_never_ends_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = tmp_path / "python"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(deaf))
    monkeypatch.setattr(lab_server, "VALIDATE_SECONDS", 0.2)
    told: list[str] = []
    handler = SimpleNamespace(
        current_user="learner",
        root_dir=str(tmp_path),
        get_argument=lambda _: "notebook.ipynb",
        log=logging.getLogger("test"),
        finish=told.append,
    )
    asyncio.run(lab_server.validate_apart(handler))
    assert json.loads(told[0]) == {"success": False, "value": "Validate did not end in 0 s"}
