"""Which engine is found, and what the user is told when none is."""

import os
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from autograder.engine import find
from autograder.engine.own import course_engine
from autograder.errors import EngineUnavailable, NotJudged


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with no engine, whatever this one has."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "COURSE_YES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(find, "_context_host", lambda: None)
    monkeypatch.setattr(find, "DEFAULT_HOST", f"unix://{tmp_path}/nothing.sock")


def test_a_docker_host_that_is_dead_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user chose that engine: another one is no answer."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(EngineUnavailable, match=r"DOCKER_HOST is tcp://127.0.0.1:9, and no"):
        find.find_engine(print, yes=True)


def test_nothing_is_made_without_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no terminal to ask at, the line names the switch that consents."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(EngineUnavailable, match="--yes or COURSE_YES=1"):
        find.find_engine(print, yes=False)
    assert not course_engine().root.exists()


def test_without_root_the_line_says_how_to_start_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner with Docker installed and stopped needs one command."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnavailable, match="systemctl start docker"):
        find.find_engine(print, yes=True)


def test_a_socket_that_refuses_this_user_is_told_apart() -> None:
    """An engine that is there but closed to the user is a matter of a group."""
    # A folder that nobody else may enter refuses just as a root:docker socket does.
    script = (
        "import os, sys; from autograder.engine import find; os.setuid(65534)\n"
        "find.answering('unix:///proc/1/root/docker.sock', ours=False)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "this user may not use /proc/1/root/docker.sock" in done.stderr
    assert "usermod -aG docker" in done.stderr


def test_clean_removes_only_what_the_course_makes(tmp_path: Path) -> None:
    """A file of the user's in the same folder stays."""
    home = tmp_path / "home"
    (home / "engine" / "data").mkdir(parents=True)
    (home / "letter.txt").write_text("mine")
    find.clean(print)
    assert [path.name for path in home.iterdir()] == ["letter.txt"]


VERSION = b'{"Version": "26.1.5", "ApiVersion": "1.45", "Os": "linux", "Arch": "amd64"}'


class _Tls:
    """A Docker behind TLS that has nothing, and takes none without a certificate."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        own, users = (authority.issue_cert("127.0.0.1", common_name=name) for name in "ab")
        authority.cert_pem.write_to_path(folder / "ca.pem")
        users.private_key_pem.write_to_path(folder / "key.pem")
        users.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        own.configure_cert(context)
        self.asked = asked = list[str]()

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                code, body = 404, b'{"message": "No such image"}'
                if self.path.endswith("/version"):
                    code, body = 200, VERSION
                elif "/json?" in self.path or "/networks" in self.path:
                    code, body = 200, b"[]"
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_DELETE(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"tcp://127.0.0.1:{self.server.server_port}"


def test_clean_shows_the_certificates_of_a_docker_behind_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _Tls(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", there.host)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    find.clean(print)
    there.server.shutdown()
    assert [path for path in there.asked if "/images/json" in path]


def test_clean_goes_on_where_an_engine_keeps_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All else goes, and then it is said."""
    (tmp_path / "home" / "wheels").mkdir(parents=True)
    went = list[str]()

    def keep(_: object) -> None:
        raise NotJudged("removing what is left of earlier runs failed")

    found = find.FoundEngine("unix:///a.sock", ours=False, version="26.1.5", arch="amd64")
    monkeypatch.setattr(find, "_hosts", lambda: iter([found.host]))
    monkeypatch.setattr(find, "answering", lambda *_, **__: found)
    monkeypatch.setattr(find, "connect", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(find, "remove_abandoned", keep)
    monkeypatch.setattr(find, "remove_stand_ins", lambda _: went.append("stand-ins"))
    monkeypatch.setattr(find, "remove_all", lambda *_, **__: went.append("grading engines"))
    with pytest.raises(NotJudged, match="of earlier runs failed"):
        find.clean(print)
    assert went == ["stand-ins", "grading engines"]
    assert not (tmp_path / "home" / "wheels").exists()
