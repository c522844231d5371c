"""The workshop on a real engine, with Dockerfiles that cost next to nothing."""

import os
import re
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from autograder.engine.client import RUN_LABEL
from autograder.engine.runs import labels_of, new_run, remove_own
from autograder.lessons import Workshop, compare, side_by_side, time_travel, workshop
from autograder.lessons.message import LessonStopped, in_one_line
from autograder.lessons.running import Running
from autograder.ready import Ready

pytestmark = pytest.mark.engine

MAIN = "basic_improvements/main.py"
SERVER = """\
import http.server

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"variant": "tiny"}')

http.server.HTTPServer(("", 8000), Answer).serve_forever()
"""


@pytest.fixture
def shop(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    for name, value in ready.environment.items():
        monkeypatch.setenv(name, value)
    made = workshop("step-3-pin-and-split")
    yield made
    made.clean_up()


def test_one_byte_reaches_only_the_steps_that_see_it(shop: Workshop) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nCOPY poetry.lock /\nCOPY . /app\nRUN ls /app\n")
    first = shop.build("first", fresh=True)
    before = (shop.folder / MAIN).read_bytes()
    shop.change_one_byte(MAIN)
    assert len((shop.folder / MAIN).read_bytes()) == len(before) + 1
    picture = side_by_side(first, shop.build("again"))
    assert repr(picture).split("again:\n")[1].splitlines() == [
        "base image  FROM python:3.11",
        "cached      COPY poetry.lock /",
        "ran         COPY . /app",
        "ran         RUN ls /app",
    ]


def test_what_one_date_cached_never_passes_for_the_other(shop: Workshop) -> None:
    shop.write("Dockerfile", f"FROM python:3.11\nRUN echo {secrets.token_hex(8)}\n")
    for date in ("then", "now"):
        assert repr(shop.build(date=date)).splitlines()[1].startswith("ran ")  # type: ignore[arg-type]
    assert repr(shop.build(date="now")).splitlines()[1].startswith("cached ")


def test_a_fresh_build_finds_nothing_in_the_cache_and_the_next_one_finds_it(
    shop: Workshop,
) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nWORKDIR /app\nRUN echo the same\n")
    ran = [
        "base image  FROM python:3.11",
        "ran         WORKDIR /app",
        "ran         RUN echo the same",
    ]
    assert repr(shop.build()).splitlines() == ran
    assert repr(shop.build()).splitlines()[1:] == [
        "cached      WORKDIR /app",
        "cached      RUN echo the same",
    ]
    assert repr(shop.build(fresh=True)).splitlines() == ran


def test_what_makes_a_base_fresh_is_no_part_of_the_picture(shop: Workshop) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nCOPY poetry.lock /\n")
    images = shop.build("fresh", fresh=True), shop.build("dated", date="now")
    assert repr(compare(*images)).splitlines()[:2] == [
        "in both images:",
        "base image    FROM python:3.11",
    ]


def test_another_lock_names_what_it_changes(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.update_lock()
    assert capsys.readouterr().out.endswith("poetry.lock: gunicorn is 22.0.0 now, not 21.2.0\n")
    assert 'version = "22.0.0"' in (shop.folder / "poetry.lock").read_text()


def test_an_app_is_asked_from_this_machine_and_leaves_no_container(
    shop: Workshop, engine_client: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write("server.py", SERVER)
    shop.write("Dockerfile", 'FROM python:3.11\nCOPY . .\nCMD ["python3", "server.py"]\n')
    one = shop.build()
    apps = shop.start(one), shop.start(one)
    assert apps[0].address != apps[1].address
    assert [app.ask() for app in apps] == [{"variant": "tiny"}] * 2
    with urllib.request.urlopen(apps[0].address, timeout=10) as answer:
        assert answer.status == 200
    capsys.readouterr()
    assert _log_with(2, "asked for /", apps[0], capsys)
    apps[0].stop()
    assert (repr(apps[0]), apps[0].ask()) == ("app 1 is stopped",) * 2
    run = engine_client.images.get(one.tag).labels[RUN_LABEL]
    mine = {"label": f"{RUN_LABEL}={run}"}
    assert len(engine_client.containers.list(all=True, filters=mine)) == 1
    shop.clean_up()
    assert not engine_client.containers.list(all=True, filters=mine)


def _log_with(
    number: int, words: str, app: Running, capsys: pytest.CaptureFixture[str], *, seconds: int = 10
) -> bool:
    """Whether an app's log has words so often, soon: its two streams reach an engine apart."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        app.log()
        if capsys.readouterr().out.count(words) == number:
            return True
        time.sleep(0.2)
    return False


def test_an_app_that_ends_says_so(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nCMD echo the reason; exit 7\n")
    app = shop.start(shop.build())
    assert app.ask() == "the container ended with exit code 7"
    capsys.readouterr()
    app.log()
    assert capsys.readouterr().out == "the reason\n"


def test_containers_of_a_kernel_that_was_killed_are_removed(
    shop: Workshop, engine_client: docker.DockerClient
) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    run = new_run(Path.cwd()).replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    left = engine_client.containers.run(
        "python:3.11", ["sleep", "60"], detach=True, labels=labels_of(run)
    )
    remove_own(engine_client, Path.cwd())
    with pytest.raises(docker.errors.NotFound):
        left.reload()


def test_a_failed_build_is_told_wherever_its_image_is_wanted(shop: Workshop) -> None:
    shop.write("Dockerfile", "FROM python:3.11\n\nRUN echo the reason; exit 7\n")
    failed = shop.build("broken")
    assert repr(failed).splitlines()[1] == "failed      RUN echo the reason; exit 7"
    for picture in (failed.layers(), time_travel(failed, failed)):
        assert "line 3 of the Dockerfile" in repr(picture)
        assert "the reason" in picture._repr_html_()
    assert shop.ask(failed) == "there is no image to start"
    with pytest.raises(LessonStopped, match="there is no image to start"):
        shop.start(failed)


def test_a_dockerfile_that_is_none_stops_the_cell_in_one_line(shop: Workshop) -> None:
    shop.write("Dockerfile", "FORM python:3.11\n")
    with pytest.raises(LessonStopped, match="line 1: FORM is not a Dockerfile instruction"):
        shop.build()


def test_compose_can_name_an_image_after_the_folder(shop: Workshop) -> None:
    """An image's name has no `_` at its end and no two kinds of separators in a row."""
    assert re.fullmatch(r"step-3-pin-and-split-[0-9a-f]{8}", shop.folder.name)
    assert shop.folder.stat().st_mode & 0o077 == 0


def test_clean_up_leaves_no_image_and_no_folder(
    shop: Workshop, engine_client: docker.DockerClient
) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nCOPY . /app\n")
    tag = shop.build().tag
    run = engine_client.images.get(tag).labels[RUN_LABEL]
    shop.clean_up()
    assert not engine_client.images.list(filters={"label": f"{RUN_LABEL}={run}"})
    assert not shop.folder.exists()


def test_an_interrupted_cell_says_so() -> None:
    with pytest.raises(LessonStopped, match="stopped"), in_one_line():
        raise KeyboardInterrupt
