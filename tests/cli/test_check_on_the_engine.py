"""`./course check` with an engine: the verdicts, the time it takes, and that nothing stays."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.facts.build import Builder
from autograder.grading import material
from autograder.hand_in import HandIn
from autograder.ready import Ready

pytestmark = pytest.mark.engine
Done = subprocess.CompletedProcess[str]
Check = Callable[..., Done]
STEP_3 = "step-3-pin-and-split"
CONTEXTS = Path(__file__).parents[1] / "contexts" / STEP_3
RUN_LABEL = "org.container-course.run"
CHECKS = [criterion.id for criterion in find_exercise(STEP_3).criteria]


@pytest.fixture
def check(ready: Ready) -> Check:
    """Runs `check` in a process of its own, on the engine of these tests."""

    def run(*arguments: str | Path) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "autograder.cli", "check", *arguments],
            env={**os.environ, "COLUMNS": "200", **ready.environment},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def hand_in(folder: Path, dockerfile: str) -> Path:
    (folder / "Dockerfile").write_text(dockerfile)
    return folder


@pytest.fixture
def mark() -> str:
    """A label of the test's own: others may use the engine at the same time."""
    return f"org.container-course.test={time.time_ns()}"


def marked(source: Path, folder: Path, mark: str) -> Path:
    """A copy of a hand-in whose images, and their containers, bear a label."""
    text = (source / "Dockerfile").read_text()
    return hand_in(folder, text.replace("\n", f"\nLABEL {mark}\n", 1))


def left_behind(client: docker.DockerClient, mark: str) -> list[str]:
    """The images and containers of a test that are still there."""
    return [
        *(row["Id"] for row in client.api.images(filters={"label": [RUN_LABEL, mark]})),
        *(row["Id"] for row in client.api.containers(all=True, filters={"label": mark})),
    ]


def test_the_reference_passes(
    check: Check,
    engine_client: docker.DockerClient,
    mark: str,
    tmp_path: Path,
) -> None:
    folder = marked(CONTEXTS / "reference", tmp_path, mark)
    done = check(STEP_3, folder, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert list(told) == ["exercise", "score", "max_score", "checks", "seconds"]
    assert (told["exercise"], told["score"], told["max_score"]) == (STEP_3, 10, 10)
    assert [row["id"] for row in told["checks"]] == CHECKS
    for row in told["checks"]:
        fields = ["id", "max_points", "outcome", "points", "seen", "try_next", "line"]
        assert sorted(row) == sorted(fields)
        assert (row["outcome"], row["points"]) == ("passed", row["max_points"])
        assert row["seen"]
    assert {"set-up", "first build", "in all", "process"} == set(told["seconds"])
    assert left_behind(engine_client, mark) == []


def test_a_failing_step_is_shown_and_scores_nothing(check: Check) -> None:
    done = check(STEP_3, CONTEXTS / "failing-step")
    assert done.returncode == 1
    assert "0 of 10 points" in done.stdout
    assert "RUN pip install poetry==1.7.0.99" in done.stdout
    assert "No matching distribution found for poetry==1.7.0.99" in done.stdout
    assert "compare the version in this step" in done.stdout
    told = json.loads(check(STEP_3, CONTEXTS / "failing-step", "--json").stdout)
    assert (told["score"], {row["line"] for row in told["checks"]}) == (0, {2})


def test_a_failing_check_is_in_the_table(check: Check) -> None:
    done = check(STEP_3, CONTEXTS / "step-2-unpinned")
    assert done.returncode == 1
    for text in ("of 10 points", "✔", "✘", "poetry-pinned", "0/2", "try next", "(line 2)"):
        assert text in done.stdout


def test_what_the_builder_cannot_parse_is_bad_input(check: Check, tmp_path: Path) -> None:
    text = "FROM python:3.11\n\nCOPY --unknown=1 a /\n"
    done = check(STEP_3, hand_in(tmp_path, text))
    assert (done.returncode, done.stdout) == (2, "")
    line = done.stderr.splitlines()[-1]
    assert "Dockerfile line 3: " in line
    assert "unknown" in line


def running(command: str) -> bool:
    """Whether a process with these words in its command line runs on this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if command.encode() in words:
            return True
    return False


@pytest.mark.parametrize("builder", ["buildkit", "classic"])
@pytest.mark.parametrize("command", ["sleep {}", "yes {}", "sh -c 'trap \"\" TERM; sleep {}'"])
def test_a_build_that_never_ends_is_stopped(
    ready: Ready, engine_client: docker.DockerClient, builder: Builder, command: str, mark: str
) -> None:
    number = mark.partition("=")[2]
    words = command.format(number)
    text = f"FROM python:3.11\nLABEL {mark}\nRUN {words}\n".encode()
    judged = material(find_exercise(STEP_3), HandIn({"Dockerfile": text}))
    began = time.monotonic()
    with Observer(ready.offer(builder=builder), judged, timeout=4).images() as observer:
        facts = observer.build("first", judged.files)
    assert time.monotonic() - began < 30
    assert facts.failure is not None
    assert (facts.failure.kind, facts.failure.line) == ("timeout", 3)
    assert facts.failure.message == "the build was stopped after 4 s"
    assert words in facts.failure.step
    assert (number in "".join(facts.failure.log)) == command.startswith("yes")
    deadline = time.monotonic() + 20
    while running(number) or left_behind(engine_client, mark):
        assert time.monotonic() < deadline, left_behind(engine_client, mark)
        time.sleep(0.2)


@pytest.mark.parametrize("case", ["failing-step", "wrong-module"])
def test_nothing_is_left_behind_by_a_hand_in_that_fails(
    check: Check,
    engine_client: docker.DockerClient,
    mark: str,
    case: str,
    tmp_path: Path,
) -> None:
    folder = marked(CONTEXTS / case, tmp_path, mark)
    assert check(STEP_3, folder).returncode == 1
    assert left_behind(engine_client, mark) == []
