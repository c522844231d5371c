"""A small site of two made-up wheels, written by the real writer, asked through the real server."""

import gc
import hashlib
import socket
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakSet

import pytest
import uvicorn
from starlette.testclient import TestClient

from autograder.index import server
from autograder.index.manifest import Wheel
from autograder.index.server import SIMPLE_JSON, Door, Line, application
from autograder.index.site import write_site

THEN, NOW = "10.0.0.253", "10.0.0.254"


def make_wheel(folder: Path, version: str, year: int) -> Wheel:
    filename = f"a_b-{version}-py3-none-any.whl"
    with zipfile.ZipFile(folder / filename, "w") as archive:
        archive.writestr(
            f"a_b-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: a-b\nVersion: {version}\n"
            "Requires-Python: >=3.8\nRequires-Dist: click (>=8)\n",
        )
    sha256 = hashlib.sha256((folder / filename).read_bytes()).hexdigest()
    return Wheel(filename, sha256, datetime(year, 1, 1, tzinfo=UTC), "any")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    made = (make_wheel(folder, "1.0", 2023), make_wheel(folder, "2.0", 2025))
    write_site(folder / "site", made, folder)
    return folder


def ask(folder: Path, address: str) -> TestClient:
    app = application(folder / "site", folder, {THEN: "then", NOW: "now"})
    return TestClient(app, base_url=f"http://{address}")


def test_each_address_has_its_own_date(folder: Path) -> None:
    for address, versions in ((THEN, ["1.0"]), (NOW, ["1.0", "2.0"])):
        page = ask(folder, address).get("/simple/a-b/", headers={"Accept": SIMPLE_JSON})
        assert page.json()["versions"] == versions


def test_an_address_that_is_neither_is_now(folder: Path) -> None:
    page = ask(folder, "10.0.0.7").get("/simple/a-b/", headers={"Accept": SIMPLE_JSON})
    assert page.json()["versions"] == ["1.0", "2.0"]


def test_the_same_page_comes_as_json_and_as_html(folder: Path) -> None:
    client = ask(folder, NOW)
    as_json = client.get("/simple/A_b/", headers={"Accept": f"{SIMPLE_JSON}, text/html;q=0.1"})
    assert as_json.headers["content-type"] == SIMPLE_JSON
    (_, newest) = as_json.json()["files"]
    assert newest["requires-python"] == ">=3.8"
    assert newest["upload-time"].startswith("2025-01-01T00:00:00")
    as_html = client.get("/simple/a-b/", headers={"Accept": "text/html"})
    assert as_html.headers["content-type"].startswith("text/html")
    assert f"#sha256={newest['hashes']['sha256']}" in as_html.text


def test_a_release_has_the_json_that_poetry_asks_for(folder: Path) -> None:
    client = ask(folder, NOW)
    release = client.get("/pypi/a-b/1.0/json").json()
    assert release["info"]["requires_dist"] == ["click (>=8)"]
    assert release["urls"][0]["digests"]["sha256"]
    assert client.get("/pypi/a-b/json").json()["info"]["version"] == "2.0"
    assert ask(folder, THEN).get("/pypi/a-b/2.0/json").status_code == 404


def test_a_file_and_its_metadata_match_their_hashes(folder: Path) -> None:
    client = ask(folder, NOW)
    page = client.get("/simple/a-b/", headers={"Accept": SIMPLE_JSON}).json()
    for file in page["files"]:
        path = "/packages/ab/cd/" + file["filename"]
        content = client.get(path).content
        assert hashlib.sha256(content).hexdigest() == file["hashes"]["sha256"]
        metadata = client.get(f"{path}.metadata").content
        assert hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]


@pytest.mark.parametrize(
    "path",
    [
        "/simple/nothing/",
        "/pypi/a-b/9/json",
        "/packages/..",
        "/simple/%2e%2e/",
        "/key.pem",
        "/packages/" + "a" * 300,
        "/simple/" + "a" * 5000 + "/",
        "/packages/%00",
        "/pypi/a-b/%00/json",
        "/packages/%ff%fe",
    ],
)
def test_what_is_not_there_is_404(folder: Path, path: str) -> None:
    assert ask(folder, NOW).get(path).status_code == 404


def test_more_connections_than_the_server_can_bear_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with Door(0) as door, socket.create_connection(door.getsockname(), timeout=5):
        monkeypatch.setattr(server, "MOST_OPEN", 0)
        with pytest.raises(BlockingIOError):
            door.accept()
        monkeypatch.setattr(server, "MOST_OPEN", 10_000)
        with door.accept()[0] as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < server.GONE_SECONDS


@pytest.fixture
def served(folder: Path) -> Iterator[int]:
    """The port on loopback where the site is served, without TLS, as `main` would serve it."""
    app = application(folder / "site", folder, {"127.0.0.1": "now"})
    running = uvicorn.Server(uvicorn.Config(app, http=Line, lifespan="off", log_level="error"))
    with Door(0) as door:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            running.should_exit = True
            thread.join()


def reset_after_an_answer(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 404 " in line.recv(9999)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_connection_that_was_reset_leaves_the_memory(served: int) -> None:
    for _ in range(50):
        reset_after_an_answer(served)
    deadline = time.monotonic() + 2  # uvicorn's own time for a silent connection is 5 s
    while Line.in_memory and gc.collect() is not None:
        assert time.monotonic() < deadline, len(Line.in_memory)
        time.sleep(0.05)


def test_connections_that_are_still_in_memory_count(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [Line.__new__(Line) for _ in range(3)]
    monkeypatch.setattr(Line, "in_memory", WeakSet(kept))
    with Door(0) as door, socket.create_connection(door.getsockname(), timeout=5):
        monkeypatch.setattr(Path, "iterdir", lambda _: iter(()))
        monkeypatch.setattr(server, "MOST_OPEN", 2)
        with pytest.raises(BlockingIOError):
            door.accept()
        kept.pop()
        door.accept()[0].close()
