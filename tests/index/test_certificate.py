import socket
import ssl
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.index.certificate import ca_pem, certificate
from autograder.public_index import HOST_NAMES


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    return tmp_path


def test_it_is_made_once_and_the_key_is_for_the_owner_only(home: Path) -> None:
    assert certificate() == certificate()
    key = home / "index" / "certificate" / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert {path.name for path in key.parent.iterdir()} == {"ca.pem", "chain.pem", "key.pem"}


@pytest.mark.parametrize("name", HOST_NAMES)
def test_who_trusts_the_authority_trusts_the_server(home: Path, name: str) -> None:
    certificate()
    folder = home / "index" / "certificate"
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    client = ssl.create_default_context(cadata=ca_pem())
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: server.wrap_socket(theirs, server_side=True).close())
    thread.start()
    with client.wrap_socket(ours, server_hostname=name) as tls:
        found = tls.getpeercert()
    thread.join()
    assert found is not None
    ends = datetime.strptime(str(found["notAfter"]), "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    assert ends.year > 2040
