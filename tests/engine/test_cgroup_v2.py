"""A grading engine and its limits on a kernel that has cgroups v2 and no others.

The machine's own may have v1. User-mode Linux, a package of Debian's, is a kernel that runs as a
process: its `/` is this machine's own, read-only, with an overlay on top, so what runs there is
this very code, and what it writes is gone with it. It has one processor and is several times as
slow.
https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from autograder.engine.own import course_engine
from autograder.engine.rootfs import apt_install
from autograder.limits import LIMITS
from autograder.places import home, project
from autograder.ready import Ready, grading_ready

pytestmark = [pytest.mark.engine_matrix, pytest.mark.soak, pytest.mark.timeout(1800)]

SECONDS = 1500
MEMORY = "5G"
DISK_BYTES = 30 * 10**9
MODULES = Path("/usr/lib/uml/modules")
NEEDED = (
    "overlay loop bridge br_netfilter veth iptable_nat iptable_filter ip6table_nat"
    " ip6table_filter xt_addrtype xt_conntrack xt_MASQUERADE xt_nat xt_tcpudp xt_comment"
    " nf_tables nft_compat ebt_arp ebt_ip"
)
INIT = """\
#!/bin/sh
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
for module in {needed}; do modprobe -d {place} "$module"; done
mount -t tmpfs tmpfs /mnt
mkdir /mnt/disk /mnt/root
mount -t ext4 /dev/ubda /mnt/disk
mkdir /mnt/disk/upper /mnt/disk/work
mount -t overlay -o lowerdir=/,upperdir=/mnt/disk/upper,workdir=/mnt/disk/work overlay /mnt/root
mount -t proc proc /mnt/root/proc
mount -t sysfs sysfs /mnt/root/sys
mount -t cgroup2 cgroup2 /mnt/root/sys/fs/cgroup
mount --rbind /dev /mnt/root/dev
mkdir -p /mnt/root/dev/shm
mount -t tmpfs tmpfs /mnt/root/dev/shm
mount -t tmpfs tmpfs /mnt/root/run
ip link set lo up
cd /mnt/root
mkdir machine
mount --make-rprivate /
pivot_root . machine
umount -l /machine
# Of nf_tables this kernel has the family of bridges alone.
for name in iptables ip6tables; do
    for link in {root}/etc/alternatives/$name*; do
        case $link in *.gz) continue ;; esac
        ln -sf "/usr/sbin/$(basename "$link" | sed s/tables/tables-legacy/)" "$link"
    done
done
cd {project}
export HOME=/root COURSE_HOME={home} PATH="$(dirname {python}):$PATH"
echo BOOTED
{python} -P {job} || true
sync
exec {python} -c "import ctypes; ctypes.CDLL(None).reboot(0x4321fedc)"
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Any:
    """What was seen there."""
    with grading_ready(print):
        pass  # so that its template is there
    place = tmp_path_factory.mktemp("kernel")
    said = booted(make(place), place)
    rows = [row for row in said.splitlines() if row.startswith("FOUND ")]
    assert rows, said[-3000:]
    return json.loads(rows[0][6:])


def make(place: Path) -> Path:
    """The program that the kernel starts with, beside its modules and its disk."""
    apt_install(("user-mode-linux", "kmod", "e2fsprogs"), print)
    (version,) = (path.name for path in MODULES.iterdir())
    shutil.copytree(MODULES / version, place / "lib/modules" / version)
    subprocess.run(["depmod", "-b", place, version], check=True)
    with (place / "disk.img").open("wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", place / "disk.img"], check=True)
    init = place / "init"
    init.write_text(
        INIT.format(
            needed=NEEDED,
            place=place,
            root=course_engine().root,
            project=project(),
            home=home(),
            python=sys.executable,
            job=Path(__file__).with_name("on_cgroup_v2.py"),
        )
    )
    init.chmod(0o755)
    return init


def booted(init: Path, place: Path) -> str:
    """What is said there until it halts."""
    command = [
        *("linux.uml", f"mem={MEMORY}", f"ubda={place / 'disk.img'}"),
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}"),
        *("con=null", "con0=null,fd:1", "ssl=null"),
    ]
    with (place / "log").open("wb") as log:
        kernel = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "TMPDIR": "/dev/shm"},  # its memory is a file
            start_new_session=True,
        )
    try:
        kernel.wait(SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(kernel.pid, signal.SIGKILL)
        kernel.wait()
    said = (place / "log").read_text(errors="replace").replace("\r\n", "\n")
    assert "\nBOOTED\n" in said, said[-3000:]
    return said.partition("\nBOOTED\n")[2]


def test_the_engine_runs_within_its_limits(found: Any) -> None:
    assert found["engine"] == ["2", "cgroupfs"]
    limits = {
        "memory.max": [str(LIMITS.memory_bytes // 4096 * 4096)],  # in whole pages
        "memory.swap.max": ["0"],
        "pids.max": [str(LIMITS.processes)],
        "cpu.max": [str(LIMITS.processors * 100_000), "100000"],
    }
    assert found["hand-in"].items() >= limits.items()
    assert found["little"] == []


def test_a_memory_bomb_ends_alone(found: Any) -> None:
    assert "exit code: 137" in found["memory"][0]
    assert int(found["hand-in"]["memory.peak"][0]) <= LIMITS.memory_bytes
    for group, kills in (("hand-in", "1"), ("index", "0")):
        events = found[group]["memory.events"]
        assert events[events.index("oom_kill") + 1] == kills


def test_forks_come_to_an_end(found: Any) -> None:
    assert "exit code: 3" in found["forks"][0]
    assert int(found["hand-in"]["pids.peak"][0]) == LIMITS.processes


def test_no_group_is_left(found: Any) -> None:
    assert found["left"] == []
