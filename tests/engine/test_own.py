"""A real engine of our own: started, used from a terminal, killed, and stopped without a trace."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from autograder.engine import network, processes
from autograder.engine.base_image import ensure_base_images
from autograder.engine.client import Engine
from autograder.engine.command import install_docker_command
from autograder.engine.own import OwnEngine, course_engine
from autograder.engine.request import BuildRequest
from autograder.errors import EngineUnavailable
from autograder.facts.dockerfile import parse
from autograder.public_index import HOST_NAMES

DOCKERFILE = f"""\
FROM python:3.11
COPY <<FILE /lookup.py
import socket
print("index at", *map(socket.gethostbyname, {HOST_NAMES}))
try:
    socket.gethostbyname("www.example.org")
except OSError as error:
    print("elsewhere:", error)
FILE
RUN <<SCRIPT
python /lookup.py
SCRIPT
CMD ["python", "-m", "http.server", "8000"]
"""

COMPOSE = """\
services:
  app:
    build: .
    ports: ["127.0.0.1:{port}:8000"]
    volumes: [".:/here:ro"]
"""

MEGABYTE = 1_000_000

pytestmark = pytest.mark.engine_matrix


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    """An engine on the host's network, with folders of its own and the course's Debian root."""
    folder = tmp_path_factory.mktemp("engine")
    own = OwnEngine(root=course_engine().root, run=folder / "run", data=folder / "data")
    own.start(print)
    try:
        yield own
    finally:
        own.stop()


@pytest.fixture(scope="module", autouse=True)
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[docker.DockerClient]]:
    """Two engines whose builds left more than they keep, the first of them only for seconds.

    They tidy a minute after a build, so this comes before all tests.
    """
    with ExitStack() as at_the_end:
        clients = []
        for minutes in (0.1, course_engine().cache_minutes):
            folder = tmp_path_factory.mktemp("filled")
            own = replace(
                course_engine(),
                run=folder / "run",
                data=folder / "data",
                own_network=True,
                cache_bytes=3 * MEGABYTE,
                cache_minutes=minutes,
            )
            own.start(print)
            at_the_end.callback(own.stop)
            install_docker_command(folder / "bin", own)
            terminal = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder)}
            (folder / "Dockerfile").write_text("FROM scratch\nCOPY random /\n")
            for _ in range(5):
                (folder / "random").write_bytes(os.urandom(MEGABYTE))
                run("docker build --quiet .", folder, terminal)
            sdk = at_the_end.enter_context(closing(docker.DockerClient(base_url=own.host)))
            sdk.images.prune()  # what an image still needs does not count, and stays
            clients.append(sdk)
        yield clients


@pytest.fixture(scope="module")
def client(engine: OwnEngine) -> Iterator[docker.DockerClient]:
    """The docker SDK on that engine, with one base image."""
    with closing(docker.DockerClient(base_url=engine.host)) as sdk:
        ensure_base_images(sdk, print, ours=True, references=["python:3.11"])
        yield sdk


@pytest.fixture
def project(tmp_path: Path, engine: OwnEngine) -> tuple[Path, dict[str, str], int]:
    """A folder to run `docker` in, the environment of a terminal, a free port."""
    install_docker_command(tmp_path / "bin", engine)
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = int(line.getsockname()[1])
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "docker-compose.yaml").write_text(COMPOSE.format(port=port))
    return folder, {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(folder)}, port


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command as a terminal would and return all it printed."""
    done = subprocess.run(
        command.split(),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_second_start_takes_milliseconds(engine: OwnEngine) -> None:
    """It answers already, so nothing is done."""
    started = time.monotonic()
    engine.start(print)
    assert time.monotonic() - started < 0.1
    assert engine.is_running()


def test_data_is_on_overlay2(client: docker.DockerClient) -> None:
    """The engine found a file system that its fast storage driver works on."""
    assert client.info()["Driver"] == "overlay2"


def test_a_layer_that_the_engine_lost_is_made_again(
    engine: OwnEngine, client: docker.DockerClient
) -> None:
    """Its record goes, with what stands on it. All else stays in the cache."""

    def cached(text: str) -> dict[str, bool]:
        request = BuildRequest({"Dockerfile": text.encode()}, parse(text), "lost")
        facts = Engine(client).build(request)
        assert facts.succeeded, facts.failure
        Engine(client).remove_image("lost")
        return {step.name: step.cached for step in facts.steps if step.name.startswith("RUN")}

    text = "FROM python:3.11\nRUN echo > /kept\nRUN echo > /lost\nWORKDIR /on/it\n"
    cached(text)
    (lost,) = (engine.data / "overlay2").glob("*/diff/lost")
    shutil.rmtree(lost.parents[1])
    other = text.replace("/on/it", "/elsewhere")
    assert cached(other) == {"RUN echo > /kept": True, "RUN echo > /lost": False}
    assert cached(text) == {"RUN echo > /kept": True, "RUN echo > /lost": True}


@pytest.mark.usefixtures("client")
def test_a_plain_docker_build_finds_the_index_and_nothing_else(
    engine: OwnEngine, project: tuple[Path, dict[str, str], int]
) -> None:
    """`docker build .` with heredocs, as typed in a terminal, gets names from our name server."""
    folder, environment, _ = project
    engine.point_index_at("172.31.255.9")
    assert engine.index_address == "172.31.255.9"
    started = time.monotonic()
    printed = run("docker build --progress=plain .", folder, environment)
    assert "index at 172.31.255.9 172.31.255.9" in printed
    assert "elsewhere: [Errno -2] Name or service not known" in printed
    assert time.monotonic() - started < 15
    assert "writing image" in run("docker buildx build --progress=plain .", folder, environment)


@pytest.mark.usefixtures("client")
def test_compose_up_builds_publishes_and_sees_the_project(
    project: tuple[Path, dict[str, str], int],
) -> None:
    """A published port answers on the host, and a bind mount shows the host's own files."""
    folder, environment, port = project
    (folder / "index.html").write_text("hello from the host")
    (folder / "Dockerfile").write_text("FROM python:3.11\nCMD python -m http.server -d /here 8000")
    run("docker compose up --build --detach", folder, environment)
    try:
        assert _get(f"http://127.0.0.1:{port}/") == "hello from the host"
    finally:
        run("docker compose down --timeout 1", folder, environment)


def _get(address: str) -> str:
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_starts_again_after_kill_9(engine: OwnEngine, client: docker.DockerClient) -> None:
    """A killed engine leaves shims, a socket and rules behind: they are no obstacle."""
    client.containers.run("python:3.11", "sleep 300", detach=True)
    (pid,) = processes.marked(engine.run, "dockerd")
    os.kill(pid, signal.SIGKILL)
    while processes.marked(engine.run, "dockerd"):
        time.sleep(0.05)
    assert not engine.is_running()
    engine.start(print)
    assert client.images.get("python:3.11").tags


def test_names_are_answered_after_the_subnet_had_to_change(
    engine: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A VPN may claim the old subnet; dockerd's memory of it must not win over the bridge's."""
    moving = replace(engine, run=tmp_path / "run", data=tmp_path / "data", own_network=True)
    try:
        for subnet in ("172.27.0.0/16", "172.28.0.0/16"):
            (tmp_path / "data" / "subnet").unlink(missing_ok=True)
            monkeypatch.setattr(network, "SUBNETS", (subnet,))
            moving.start(print)
            with closing(docker.DockerClient(base_url=moving.host)) as sdk:
                config = sdk.networks.get("bridge").attrs["IPAM"]["Config"]
            assert [row["Subnet"] for row in config] == [subnet]
            moving.stop()
    finally:
        moving.stop()


def test_two_starts_at_once_make_one_engine(engine: OwnEngine, tmp_path: Path) -> None:
    """The second waits for the first and finds it answering."""
    alone = replace(engine, run=tmp_path / "run", data=tmp_path / "data", own_network=True)
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(alone.start, [print, print]))
        assert len(processes.marked(alone.run, "dockerd")) == 1
    finally:
        alone.stop()
    assert processes.marked(alone.run) == []


def test_a_start_that_fails_says_why_and_leaves_nothing(engine: OwnEngine, tmp_path: Path) -> None:
    """The error ends with the log's own words."""
    broken = replace(
        engine,
        run=tmp_path / "run",
        data=tmp_path / "data",
        own_network=True,
        dockerd_args=("--no-such-flag",),
    )
    with pytest.raises(EngineUnavailable, match="unknown flag: --no-such-flag"):
        broken.start(print)
    assert processes.marked(broken.run) == []


def test_a_socket_path_that_is_too_long_is_named(engine: OwnEngine, tmp_path: Path) -> None:
    """Linux would refuse the socket; nobody waits a minute to learn it."""
    with pytest.raises(EngineUnavailable, match="shorten COURSE_HOME"):
        replace(engine, run=tmp_path / ("x" * 100)).start(print)


def test_stop_leaves_nothing(engine: OwnEngine, client: docker.DockerClient) -> None:
    """No process, bridge, rule, control group, mount or socket; not even with work running."""
    network = client.networks.create("left-behind", driver="bridge")
    busy = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
    client.containers.run("python:3.11", busy, detach=True, ports={"8000/tcp": None})
    bridges = {engine.name, f"br-{network.id[:12]}"}  # other engines may have more
    assert all((Path("/sys/class/net") / name).exists() for name in bridges)
    started = time.monotonic()
    engine.stop()
    assert time.monotonic() - started < 10
    engine.stop()
    assert processes.marked(engine.run) == []
    assert not any((Path("/sys/class/net") / name).exists() for name in bridges)
    assert engine.name not in _rules(engine)
    assert list(Path("/sys/fs/cgroup").rglob(engine.name)) == []
    assert str(engine.run.parent) not in Path("/proc/self/mounts").read_text()
    assert not engine.socket.exists()
    assert not engine.is_running()


def test_what_builds_leave_behind_stays_small(filled: list[docker.DockerClient]) -> None:
    """But what was used a moment ago stays, as a hand-in is still being judged."""
    short, usual = filled
    deadline = time.monotonic() + 100
    while (kept := _cached(short)) > 3 * MEGABYTE:
        assert time.monotonic() < deadline, kept
        time.sleep(1)
    assert kept >= MEGABYTE
    time.sleep(10)  # it began a little later
    assert _cached(usual) >= 5 * MEGABYTE


def _cached(client: docker.DockerClient) -> int:
    return sum(record["Size"] for record in client.df()["BuildCache"])


def _rules(engine: OwnEngine) -> str:
    command = ["chroot", str(engine.root), "iptables-save"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
