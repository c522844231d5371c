"""A small site of two made-up wheels, written by the real writer, asked through the real server."""

import hashlib
import socket
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from autograder.index import server
from autograder.index.manifest import Wheel
from autograder.index.server import SIMPLE_JSON, Door, application
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
    "path", ["/simple/nothing/", "/pypi/a-b/9/json", "/packages/..", "/simple/%2e%2e/", "/key.pem"]
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
