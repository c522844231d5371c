"""The index on a real engine, asked by the real pip and Poetry from inside containers."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest
from packaging.version import Version

from autograder.index import Date, Index, ensure_index, stop_index
from autograder.places import project

pytestmark = pytest.mark.engine

APP = project() / "source" / "step-3-pin-and-split"
TRUST = """\
cp /etc/ssl/certs/ca-certificates.crt /ca.pem; echo "$CA" >> /ca.pem
export PIP_CERT=/ca.pem SSL_CERT_FILE=/ca.pem REQUESTS_CA_BUNDLE=/ca.pem
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
set -e; mkdir /app; cd /app
"""


@pytest.fixture(scope="module")
def index(engine_client: docker.DockerClient) -> Index:
    return ensure_index(engine_client, print)


def run(client: docker.DockerClient, index: Index, date: Date, script: str, **files: Path) -> str:
    """What a shell script says in a fresh container that sees the index at that date."""
    written = "".join(
        f"cat > {path.name} <<'END-OF-FILE'\n{path.read_text()}\nEND-OF-FILE\n"
        for path in files.values()
    )
    output = client.containers.run(
        "python:3.11",
        ["sh", "-c", TRUST + written + script],
        environment={"CA": index.ca_pem},
        extra_hosts=index.hosts(date),
        labels={"org.container-course": "test"},
        remove=True,
    )
    return output.decode().strip()


def poetry_version(said: str) -> Version:
    return Version(said.rsplit("version ", 1)[1].rstrip(")"))


def test_an_index_that_runs_is_found_at_once(
    engine_client: docker.DockerClient, index: Index
) -> None:
    began = time.monotonic()
    again = ensure_index(engine_client, pytest.fail)
    assert time.monotonic() - began < 0.5
    assert again == index


def test_poetry_changes_between_the_two_dates(
    engine_client: docker.DockerClient, index: Index
) -> None:
    script = "pip install -q poetry && poetry --version"
    assert poetry_version(run(engine_client, index, "then", script)) == Version("1.7.0")
    assert poetry_version(run(engine_client, index, "now", script)) >= Version("2.5")


@pytest.mark.parametrize(
    "wanted", ["poetry~=1.7.0", pytest.param("poetry==1.7.*", marks=pytest.mark.soak)]
)
def test_a_loose_pin_gets_a_newer_poetry(
    engine_client: docker.DockerClient, index: Index, wanted: str
) -> None:
    said = run(engine_client, index, "now", f"pip install -q '{wanted}' && poetry --version")
    assert poetry_version(said) == Version("1.7.1")


def test_pinned_poetry_installs_the_lock_and_can_lock_anew(
    engine_client: docker.DockerClient, index: Index
) -> None:
    script = (
        "pip install -q poetry==1.7.0; poetry install -q --no-root --with prod\n"
        "poetry run pip list --format=freeze; poetry lock -q; grep -A1 fastapi poetry.lock"
    )
    lock, toml = APP / "poetry.lock", APP / "pyproject.toml"
    said = run(engine_client, index, "now", script, lock=lock, toml=toml)
    assert "fastapi==0.104.1" in said
    assert "gunicorn==21.2.0" in said
    assert 'version = "0.104.1"' not in said


@pytest.mark.soak
def test_poetry_can_update_itself(engine_client: docker.DockerClient, index: Index) -> None:
    script = "pip install -q poetry==1.7.0; poetry self update -q; poetry --version"
    assert poetry_version(run(engine_client, index, "now", script)) >= Version("2.5")


def test_a_stopped_index_comes_back_at_the_same_addresses(
    engine_client: docker.DockerClient, index: Index
) -> None:
    engine_client.containers.get("container-course-index").stop(timeout=1)
    began = time.monotonic()
    assert ensure_index(engine_client, pytest.fail) == index
    assert time.monotonic() - began < 3


def test_many_at_once_make_one_index(engine_client: docker.DockerClient, index: Index) -> None:
    stop_index(engine_client)
    said: list[str] = []
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ensure_index, engine_client, said.append) for _ in range(3)]
    assert [future.result() for future in asked] == [index] * 3
    assert said == ["starting the package index on the engine"]
