"""A class graded by a worker that was started by hand, into a gradebook on a PostgreSQL server.

Both are killed on the way and started again. One class, judged once, serves all of it.
"""

import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import psycopg
import pytest
from dask import config
from nbgrader.api import Gradebook

from autograder import places
from autograder.classroom.elsewhere import scheduler_client
from autograder.engine.grading import stop_abandoned
from autograder.engine.rootfs import apt_install
from autograder.errors import NotJudged
from autograder.ready import Ready

from .course_folder import SLUG, generate, make_course, submit

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(900)]
REFERENCE = Path(__file__).parents[1] / "contexts" / SLUG / "reference" / "Dockerfile"
# By name, so that there is a verdict before the one that takes long.
CLASS = {
    "ann": "FROM python:3.11\nRUN false\n",
    "bea": None,
    "cyd": REFERENCE.read_text(),
    "dan": "{",
}
SCORES = {"ann": 0.0, "bea": 0.0, "cyd": 10.0, "dan": None}
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/container-course.conf")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Path:
    """A course folder with a class in submitted/."""
    root = tmp_path_factory.mktemp("class")
    make_course(root)
    submit(root, CLASS)
    return root


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(course: Path) -> Iterator[Start]:
    """Starts `./course grade --resume`; none outlives its test."""
    started: list[subprocess.Popen[str]] = []

    def run(*options: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "autograder.cli", "grade", SLUG, "--json"]
        process = subprocess.Popen(
            [*command, "--course", str(course), "--resume", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", **variables},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def scores(process: subprocess.Popen[str]) -> dict[str, float | None]:
    """What it printed in the end; everybody was graded but the one that is damaged."""
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 1, errors
    return {row["student"]: row["score"] for row in map(json.loads, out.splitlines())}


def complaint(process: subprocess.Popen[str]) -> str:
    """The one line in which it ended, after what the progress bar said."""
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 3, errors
    assert out == ""
    said = [line for line in errors.splitlines() if line.startswith("course: ")]
    assert "Traceback" not in errors
    assert said == errors.splitlines()[-1:], errors
    return said[0]


def gradebook(url: str) -> dict[str, dict[str, float]]:
    """Learner -> criterion -> points."""
    with closing(Gradebook(url, "container-course")) as book:
        return {
            submission.student_id: {g.name: g.score for g in submission.notebooks[0].grades}
            for submission in book.assignment_submissions(SLUG)
        }


def sqlite(root: Path) -> str:
    return f"sqlite:///{root}/gradebook.db"


def until(true: Callable[[], Any], process: subprocess.Popen[str], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass
class Dask:
    """A scheduler and a worker as an instructor starts them, with certificates of their own."""

    folder: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """The file that docs/grading.md says to have on every machine."""
        return {"DASK_CONFIG": str(self.folder)}

    def start(self) -> subprocess.Popen[bytes]:
        """Start both; returns the scheduler."""
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        scheduler = self._run("scheduler", *where, "--protocol", "tls")
        scratch = ["--local-directory", str(self.folder / "scratch"), "--death-timeout", "60"]
        self._run("worker", self.address, "--nthreads", "1", *scratch)
        return scheduler

    def stop(self) -> None:
        """End both; a nanny ends its worker."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        program = str(Path(sys.executable).with_name("dask"))
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [program, *arguments, "--no-dashboard"],
                env={**os.environ, **self.settings},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process


def certify(folder: Path) -> None:
    """Make an authority and a certificate, as docs/grading.md says."""
    command = [sys.executable, "-m", "trustme", "--identities", "grading", "--dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    folder = tmp_path_factory.mktemp("dask")
    certify(folder)
    page = (places.project() / "docs" / "grading.md").read_text()
    (settings,) = re.findall(r"^    distributed:\n(?:     .*\n)+", page, re.M)
    (folder / "dask.yaml").write_text(dedent(settings).replace("/etc/course", str(folder)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dask = Dask(folder, port)
    yield dask
    dask.stop()
    stop_abandoned()


def test_a_scheduler_that_dies_costs_nothing(course: Path, dask: Dask, start: Start) -> None:
    scheduler = dask.start()
    grading = start("--scheduler", dask.address, **dask.settings)
    until((course / ".grading" / SLUG / "recorded.jsonl").exists, grading)
    scheduler.kill()
    assert complaint(grading).startswith("course: the dask scheduler went away: run it again with")
    dask.stop()
    dask.start()
    assert scores(start("--scheduler", dask.address, **dask.settings)) == SCORES
    found = {name: sum(points.values()) for name, points in gradebook(sqlite(course)).items()}
    assert found == {name: score for name, score in SCORES.items() if score is not None}
    pages = {name: page(course, name) for name in CLASS}
    assert "<strong>10</strong> of 10 points" in pages["cyd"]
    assert "data:image/svg+xml;base64," in pages["cyd"]
    assert "The build did not succeed at line 2." in pages["ann"]
    assert "damaged or cut off at line 1" in pages["dan"]
    assert "points" not in pages["dan"].partition("There is no verdict")[2]


def page(root: Path, student: str) -> str:
    return (root / "feedback" / student / SLUG / f"{SLUG}.html").read_text()


def test_a_stranger_with_another_certificate_is_not_let_in(dask: Dask) -> None:
    folder = dask.folder.with_name("stranger")
    folder.mkdir()
    certify(folder)
    tls = {
        "ca-file": str(folder / "client.pem"),
        "client.cert": str(folder / "server.pem"),
        "client.key": str(folder / "server.key"),
    }
    with (
        config.set({f"distributed.comm.tls.{name}": file for name, file in tls.items()}),
        pytest.raises(NotJudged, match="no dask scheduler answers at tls://"),
        scheduler_client(dask.address),
    ):
        pass


@dataclass
class Postgres:
    """A PostgreSQL server of the test's own, on a socket in its own folder."""

    folder: Path
    programs: Path
    owner: pwd.struct_passwd
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://course@/postgres?host={self.folder}"

    def make(self) -> None:
        self.folder.chmod(0o755)
        os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        made = self._popen("initdb", "-U", "course", "-A", "trust", "--no-sync", "-E", "UTF8")
        assert made.wait(120) == 0

    def start(self) -> None:
        self.process = self._popen(
            "postgres", "-k", str(self.folder), "-c", "listen_addresses=", "-c", "fsync=off"
        )
        until(self._answers, self.process, 60)

    def kill(self) -> None:
        """End it at once, as a power cut would, with no word to those who are connected."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self.programs / program), "-D", str(self.folder / "data"), *arguments],
                user=self.owner.pw_uid,
                group=self.owner.pw_gid,
                extra_groups=[],
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                stdout=log,
                stderr=log,
            )


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    if not (programs := postgres_programs()):
        # Debian's package starts a server of the machine's own, unless it is told not to.
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")
        try:
            apt_install(("postgresql",), print)
        finally:
            NO_CLUSTER.unlink()
        programs = postgres_programs()
    with tempfile.TemporaryDirectory(prefix="course-postgres-", dir="/tmp") as folder:
        server = Postgres(Path(folder), programs[-1], pwd.getpwnam("nobody"))
        server.make()
        server.start()
        yield server
        server.kill()


def postgres_programs() -> list[Path]:
    return sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def test_a_gradebook_server_that_dies_costs_nothing(
    course: Path, postgres: Postgres, start: Start
) -> None:
    generate(course, f"--db={postgres.url}")
    with postgres.connect() as connection:  # and the first verdict waits in the middle
        connection.execute("LOCK TABLE comment IN ACCESS EXCLUSIVE MODE")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        grading = start("--db", postgres.url)
        until(lambda: connection.execute(waiting).fetchone() != (0,), grading)
        postgres.kill()
        said = complaint(grading)
        connection.close()
    assert said.startswith("course: the gradebook postgresql://course@/postgres?host=")
    assert "does not answer: " in said
    assert complaint(start("--db", postgres.url)).startswith("course: the gradebook ")
    postgres.start()
    assert scores(start("--db", postgres.url)) == SCORES
    assert gradebook(postgres.url) == gradebook(sqlite(course))
