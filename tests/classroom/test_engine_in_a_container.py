"""The grading engine as a container: of an engine of ours that stands for a Docker that is there.

It has a home of its own, so that nobody else takes over what is killed here.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from autograder import places
from autograder.engine import processes
from autograder.engine.base_image import BASE_IMAGES, ensure_base_images, held_as
from autograder.engine.box import DATA
from autograder.engine.box_image import IMAGE, box_root
from autograder.engine.grading import FORM, ContainerEngine, container_engine
from autograder.engine.grading_container import LABEL
from autograder.engine.own import OwnEngine
from autograder.engine.stand_in import STAND_IN
from autograder.exercises import find_exercise
from autograder.grading import Report, judge
from autograder.hand_in import HandIn, read_hand_in
from autograder.ready import Ready, grading_ready

from .course_folder import command, grade, make_course, submit
from .test_engine_attacks import (
    BASE,
    FILL,
    POSE,
    TRY,
    assert_apart,
    assert_filled,
    host_addresses,
    last_step,
    listener,
    losetup,
    posing,
    python,
    runs,
    seen,
    wait_for,
)

pytestmark = [pytest.mark.engine_matrix, pytest.mark.timeout(300)]

CONTEXTS = Path(__file__).parents[1] / "contexts"
STEP_3 = "step-3-pin-and-split"
CLI = [sys.executable, "-P", "-m", "autograder.cli"]


class There:
    """The Docker that is there already."""

    def __init__(self, own: OwnEngine, client: docker.DockerClient, home: Path) -> None:
        self.own, self.client, self.everyones_home = own, client, home
        self.api: Any = client.api

    def boxes(self) -> list[str]:
        """The grading engines that run or ran on it."""
        rows = self.api.containers(all=True, filters={"label": LABEL})
        return [row["Names"][0].strip("/") for row in rows]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    folder, root = tmp_path_factory.mktemp("there"), box_root(print)
    home = folder / "home"
    (home / "engine").mkdir(parents=True)
    (home / "engine/root").symlink_to(root)
    for name in ("base", "wheels", "index"):
        if (places.home() / name).exists():
            shutil.copytree(places.home() / name, home / name, copy_function=link)
    everyones_home = places.home()
    own = OwnEngine(root=root.resolve(), run=folder / "run", data=folder / "data")
    own.start(print)
    try:
        with pytest.MonkeyPatch.context() as patch, closing(docker.DockerClient(own.host)) as sdk:
            patch.setenv("COURSE_HOME", str(home))
            patch.setenv("DOCKER_HOST", own.host)
            patch.setenv(FORM, "container")
            ensure_base_images(sdk, print, ours=False)
            yield There(own, sdk, everyones_home)
    finally:
        own.stop()


def link(source: str, target: str) -> None:
    """Copy a file without its bytes, where that is possible."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


class Box:
    """A grading engine in a container, as a worker has it."""

    def __init__(self, ready: Ready, there: There, end: Callable[[], None]) -> None:
        self.ready, self.there, self.end = ready, there, end
        self.own: ContainerEngine = container_engine(0, there.own.host)
        assert ready.engine.host == self.own.host

    def judge(self, dockerfile: str, **files: str) -> Report:
        self.ready = self.ready.for_another(print)
        sent = {"Dockerfile": dockerfile, **files}
        hand_in = HandIn({name: text.encode() for name, text in sent.items()})
        return judge(find_exercise(STEP_3), hand_in, self.ready.offer(), timeout=60)

    def inside(self, *words: str) -> str:
        """What a command prints in the container itself, where dockerd is root."""
        container = self.there.client.containers.get(self.own.name)
        return str(container.exec_run([*words]).output.decode())

    def limit(self, controller: str, v1: str, v2: str) -> str:
        unified = (processes.CGROUPS / "cgroup.controllers").exists()
        file = f"hand-in/{v2}" if unified else f"{controller}/hand-in/{v1}"
        return self.inside("cat", f"/sys/fs/cgroup/{file}").strip()

    def alive(self) -> tuple[int, str]:
        """Who the engine and the index are: another answer is another life."""
        container = self.there.client.containers.get(self.own.name)
        with closing(docker.DockerClient(self.own.host)) as sdk:
            index = sdk.containers.get("container-course-index").attrs["State"]
        assert index["Running"]
        return container.attrs["State"]["Pid"], index["StartedAt"]


@pytest.fixture(scope="module")
def box(there: There) -> Iterator[Box]:
    with ExitStack() as stack:
        ready = stack.enter_context(grading_ready(print))
        yield Box(ready, there, stack.close)


def test_base_images_come_from_the_docker_outside(box: Box, there: There) -> None:
    """The engine itself reaches no registry, and a grader who is not root cannot make any."""
    with closing(docker.DockerClient(box.own.host)) as inside:
        tags = {tag for image in inside.images.list() for tag in image.tags}
        assert {*BASE_IMAGES} <= tags
        assert STAND_IN not in tags  # which it would have where it had made them
        held = held_as(there.client, BASE_IMAGES[0])
        outside = there.client.images.get(held).attrs["RootFS"]["Layers"]
        assert inside.images.get(BASE_IMAGES[0]).attrs["RootFS"]["Layers"][:1] == outside


def verdicts(ready: Ready) -> dict[str, list[tuple[str, str, int, int | None]]]:
    """Of a right hand-in of the first step, and of one of the last that only names its base."""
    right = read_hand_in(CONTEXTS / "step-1-naive" / "reference")
    wrong = HandIn({"Dockerfile": BASE.encode()})
    reports = {
        "right": judge(find_exercise("step-1-naive"), right, ready.offer()),
        "wrong": judge(find_exercise(STEP_3), wrong, ready.offer()),
    }
    return {
        name: [(row.id, row.outcome.state, row.points, row.outcome.line) for row in report.rows]
        for name, report in reports.items()
    }


def test_verdicts_are_those_of_the_process_form(box: Box, there: There) -> None:
    """Points and lines: what the package index, several builds and an app come to."""
    boxed = verdicts(box.ready)
    assert {name: sum(row[2] for row in rows) for name, rows in boxed.items()} == {
        "right": 10,
        "wrong": 1,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(FORM)
        patch.setenv("COURSE_HOME", str(there.everyones_home))  # where there is a template already
        with grading_ready(print) as ready:
            assert boxed == verdicts(ready)


# Limits


def test_limits_are_set_inside_and_outside(box: Box, there: There) -> None:
    limits, page = box.own.limits, os.sysconf("SC_PAGE_SIZE")
    memory = int(box.limit("memory", "memory.limit_in_bytes", "memory.max"))
    assert memory == limits.memory_bytes // page * page
    assert box.limit("pids", "pids.max", "pids.max") == str(limits.processes)
    processor = box.limit("cpu", "cpu.cfs_quota_us", "cpu.max").split()
    assert processor[0] == str(limits.processors * 100_000)
    outside = there.client.containers.get(box.own.name).attrs["HostConfig"]
    assert limits.memory_bytes < outside["Memory"] == outside["MemorySwap"]
    assert limits.processes < outside["PidsLimit"]
    assert outside["CpuQuota"]
    room = box.own.room()
    assert limits.disk_bytes / 2 < room.bytes < limits.disk_bytes
    assert limits.inodes / 2 < room.files < limits.inodes


def test_a_fork_bomb(box: Box) -> None:
    before = box.alive()
    bomb = "import os, time\nwhile True:\n  if os.fork() == 0:\n    time.sleep(60)"
    report = box.judge(BASE + python(bomb))
    assert report.score == 0
    assert "Resource temporarily unavailable" in seen(report)
    assert box.alive() == before


def test_a_memory_bomb(box: Box) -> None:
    before = box.alive()
    report = box.judge(BASE + "RUN python3 -c 'b = [bytearray(2**26) for n in range(9999)]'\n")
    assert report.score == 0
    assert report.build is not None
    assert "exit code: 137" in report.build.steps[-1].error
    assert box.alive() == before


def test_root_in_a_build_is_nobody_outside(box: Box) -> None:
    """Nor does it see the disk of the machine."""
    report = box.judge(f"{BASE}RUN cat /proc/self/uid_map; ls /dev; false\n")
    first, *devices = last_step(report).splitlines()
    assert first.split() == ["0", "100000", "65536"]
    assert "null" in devices
    assert not [name for name in devices if name.startswith(("loop", "sd", "vd", "nvme"))]


# The network


def test_nothing_outside_is_reached(box: Box, there: There) -> None:
    """Neither by a RUN nor by the engine itself; a container beside it reaches the same port."""
    links = box.inside("ls", "/sys/class/net").split()
    assert {"lo", "course0"} <= {*links}
    assert not [name for name in links if not name.startswith(("lo", "course0", "veth", "br-"))]
    addresses = host_addresses()
    gateway = there.client.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    assert gateway in addresses
    with listener() as (port, came):
        knock = 'for a in $0; do timeout 2 bash -c "echo >/dev/tcp/$a/$1" && echo $a REACHED; done'
        ask = ["bash", "-c", knock, " ".join(addresses), str(port)]
        beside = there.client.containers.run(IMAGE, [*ask[:3], gateway, str(port)], remove=True)
        assert f"{gateway} REACHED" in beside.decode()
        assert came
        came.clear()
        inside = box.inside(*ask)
        assert "REACHED" not in inside
        assert "Network is unreachable" in inside or "refused" in inside
        text = f"{BASE}COPY try.py /\nRUN python3 /try.py {','.join(addresses)} {port}; false\n"
        printed = last_step(box.judge(text, **{"try.py": TRY})).splitlines()
        assert len(printed) == len(addresses)
        assert not any("REACHED" in row for row in printed)
        assert came == []


def test_a_stage_does_not_reach_another_that_runs_beside_it(box: Box) -> None:
    with closing(docker.DockerClient(box.own.host)) as sdk:
        (bridge,) = sdk.networks.get("bridge").attrs["IPAM"]["Config"]
    text = posing(box.ready.index.addresses["now"], bridge["Gateway"])
    assert_apart(last_step(box.judge(text, **{"pose.py": POSE})))


# The disk


def test_a_build_that_fills_the_disk(box: Box) -> None:
    """The next hand-in finds an engine that has room, in another container."""
    assert_filled(box.judge(f"{BASE}RUN {FILL}; false\n"), 2)
    before, room = box.alive(), box.own.room().bytes
    box.inside("fallocate", "--length", str(room - 1_000_000_000), f"{DATA}/ballast")
    assert not box.own.is_fit()
    assert last_step(box.judge(f"{BASE}RUN echo there is room; false\n")) == "there is room"
    assert box.alive() != before
    assert box.own.is_fit()


# The end


def test_a_batch_that_ends_leaves_no_container(box: Box, there: There) -> None:
    box.end()
    assert there.boxes() == []
    wait_for(lambda: "course-grading" not in losetup())


def test_a_second_batch_takes_over_what_a_killed_one_left(there: There, tmp_path: Path) -> None:
    make_course(tmp_path)
    submit(tmp_path, {"ada": BASE, "bob": f"{BASE}RUN false\n"})
    first = subprocess.Popen(
        command(tmp_path, "--workers", "1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(container_engine(0, there.own.host).is_running, 60)
    os.killpg(first.pid, signal.SIGKILL)  # its worker, which has the claim, too
    first.wait()
    (left,) = there.boxes()
    before = there.client.containers.get(left).id
    graded = grade(tmp_path, "--resume", "--workers", "1", code=0)
    assert {student: row["state"] for student, row in graded.items()} == dict.fromkeys(
        ("ada", "bob"), "graded"
    )
    assert graded["bob"]["score"] == 0
    assert before not in [row["Id"] for row in there.api.containers(all=True)]
    assert there.boxes() == []


DIES = """
import os
from autograder.ready import grading_ready
with grading_ready(print): os._exit(9)
"""


def test_stop_and_clean_leave_nothing(there: There) -> None:
    """No container, volume, image, process, mount or loop device, though the grader was killed."""
    assert subprocess.run([sys.executable, "-P", "-c", DIES]).returncode == 9
    (left,) = there.boxes()
    pid = there.client.containers.get(left).attrs["State"]["Pid"]
    inside = processes_below(pid)
    assert "course-grading" in losetup()
    cli("stop")
    assert there.boxes() == []
    wait_for(lambda: not [pid for pid in inside if runs(pid)])
    wait_for(lambda: "course-grading" not in losetup())
    groups = [path for path in processes.CGROUPS.rglob(f"{there.own.name}/*") if path.is_dir()]
    assert [path for path in groups if list(path.rglob("hand-in"))] == []
    cli("clean", "--yes")
    assert there.api.volumes(filters={"label": LABEL})["Volumes"] in ([], None)
    assert there.client.images.list() == []
    assert there.api.containers(all=True) == []
    assert not places.home().exists()
    assert str(places.home()) not in Path("/proc/self/mounts").read_text()


def cli(*words: str) -> None:
    done = subprocess.run([*CLI, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def processes_below(pid: int) -> list[int]:
    """The processes of a container whose first one this is, by their namespace."""
    namespace = Path(f"/proc/{pid}/ns/mnt").readlink()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            if (entry / "ns/mnt").readlink() == namespace:
                found.append(int(entry.name))
    assert len(found) > 2  # the script, dockerd, containerd
    return found
