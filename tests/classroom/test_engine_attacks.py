"""Hand-ins that attack the grading engine: each is a Dockerfile, with the outcome that it gets.

One engine takes them all, one after another, as in a batch. After each of them nothing of it may be
left; at the end the engine judges the reference as if nothing had been.
"""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.engine import processes
from autograder.engine.client import RUN_LABEL
from autograder.engine.grading import GradingEngine, grading_engine_at
from autograder.engine.request import BuildRequest
from autograder.engine.sandbox import Sandbox
from autograder.errors import BadInput
from autograder.evidence.observe import Observer
from autograder.exercises import find_exercise
from autograder.facts.dockerfile import parse
from autograder.grading import Report, judge, material
from autograder.hand_in import HandIn, read_hand_in
from autograder.index import addresses_in
from autograder.index.server import MOST_OPEN
from autograder.ready import INDEX as INDEX_ENDED
from autograder.ready import Ready, grading_ready

pytestmark = [pytest.mark.engine_matrix, pytest.mark.timeout(300)]

STEP_3 = find_exercise("step-3-pin-and-split")
CONTEXTS = Path(__file__).parents[1] / "contexts" / STEP_3.slug
BASE = "FROM python:3.11\n"
INDEX = "container-course-index"
NETWORKS = ["bridge", "host", "none"]
ELSEWHERE = "a base image cannot be had here"


class Attacked:
    """The engine under attack. Every hand-in is judged as grading does it, one after another."""

    def __init__(self, ready: Ready) -> None:
        self.ready = ready
        own = grading_engine_at(ready.engine.host)
        assert own is not None
        self.own: GradingEngine = own
        self.api: Any = ready.offer().engine.api
        self.images = self._images()
        self.stopped = False  # by a test, on purpose

    def judge(self, dockerfile: str, timeout: float = 60, **files: str) -> Report:
        self.ready = self.ready.for_another(print)
        return self.judge_now(dockerfile, timeout, **files)

    def judge_now(self, dockerfile: str, timeout: float = 60, **files: str) -> Report:
        """The same, whatever the last one left."""
        sent = {"Dockerfile": dockerfile, **files}
        hand_in = HandIn({name: text.encode() for name, text in sent.items()})
        return judge(STEP_3, hand_in, self.ready.offer(), timeout=timeout)

    def printed(self, dockerfile: str, timeout: float = 60, **files: str) -> str:
        """What the last step prints. It is to fail, so that the rest need not be judged."""
        report = self.judge(dockerfile, timeout, **files)
        assert not report.score
        assert report.build is not None
        assert report.build.failure is not None
        assert report.build.failure.line == parse(dockerfile).instructions[-1].line
        return last_step(report)

    def left(self) -> dict[str, object]:
        """What is on the engine that was not there at first."""
        named = {"label": RUN_LABEL}
        return {
            "containers": [
                row["Names"]
                for row in self.api.containers(all=True)
                if row["Names"] != [f"/{INDEX}"]
            ],
            "labelled": self.api.images(filters=named, all=True),
            "images": sorted(self._images() - self.images),
            "networks": sorted({row["Name"] for row in self.api.networks()} - {*NETWORKS}),
            "processes": self.pids(),
        }

    def pids(self) -> list[int]:
        """The processes of builds and apps, by their numbers on the host."""
        files = (p for g in self.groups("pids") for p in g.rglob("cgroup.procs"))
        return sorted({int(pid) for file in files for pid in file.read_text().split()})

    def groups(self, controller: str) -> list[Path]:
        """The control group of hand-ins: one folder, or none any more."""
        top = processes.CGROUPS
        name = self.own.cgroup_parent.strip("/")
        unified = (top / "cgroup.controllers").exists()
        folder = top / name if unified else top / controller / name
        return [folder] if folder.is_dir() else []

    def limit(self, controller: str, v1: str, v2: str) -> str:
        """A control file of that group."""
        (folder,) = self.groups(controller)
        unified = (processes.CGROUPS / "cgroup.controllers").exists()
        return (folder / (v2 if unified else v1)).read_text().strip()

    def alive(self) -> tuple[list[int], str]:
        """Who the engine and the index are: another answer is another life."""
        index = self.api.inspect_container(INDEX)["State"]
        assert index["Running"]
        return processes.marked(self.own.run, "dockerd"), index["StartedAt"]

    def _images(self) -> set[str]:
        return {row["Id"] for row in self.api.images(all=True)}


@pytest.fixture(scope="module")
def engine() -> Iterator[Attacked]:
    with grading_ready(print) as ready:
        yield Attacked(ready)


@pytest.fixture(autouse=True)
def _nothing_stays(engine: Attacked) -> Iterator[None]:
    yield
    if engine.stopped:
        return
    wait_for(engine.own.is_running)  # a busy one may be late
    deadline = time.monotonic() + 20  # BuildKit ends what it was told to cancel in a moment
    while any(engine.left().values()):
        assert time.monotonic() < deadline, engine.left()
        time.sleep(0.2)


def last_step(report: Report) -> str:
    assert report.build is not None
    return "\n".join(report.build.steps[-1].printed)


def seen(report: Report) -> str:
    """What all checks saw, when they saw the same."""
    (words,) = {row.outcome.seen for row in report.rows}
    return words


def outcomes(report: Report) -> dict[str, str]:
    return {row.id: row.outcome.seen for row in report.rows if row.outcome.state == "failed"}


def python(code: str) -> str:
    """A RUN of some Python, in the form that no shell reads."""
    return f"RUN {json.dumps(['python3', '-c', code])}\n"


# Limits


def test_limits_are_set_in_the_control_group(engine: Attacked) -> None:
    limits, page = engine.own.limits, os.sysconf("SC_PAGE_SIZE")
    memory = int(engine.limit("memory", "memory.limit_in_bytes", "memory.max"))
    assert memory == limits.memory_bytes // page * page
    assert engine.limit("pids", "pids.max", "pids.max") == str(limits.processes)
    processor = engine.limit("cpu", "cpu.cfs_quota_us", "cpu.max").split()
    assert processor[0] == str(limits.processors * 100_000)


def test_a_fork_bomb(engine: Attacked) -> None:
    before = engine.alive()
    bomb = "import os, time\nwhile True:\n  if os.fork() == 0:\n    time.sleep(60)"
    report = engine.judge(BASE + python(bomb))
    assert report.score == 0
    assert "Resource temporarily unavailable" in seen(report)
    assert engine.alive() == before


def test_a_memory_bomb_in_a_build(engine: Attacked) -> None:
    before = engine.alive()
    report = engine.judge(BASE + "RUN python3 -c 'b = [bytearray(2**26) for n in range(9999)]'\n")
    assert report.score == 0
    assert seen(report).endswith(": Killed")
    assert report.build is not None
    assert "exit code: 137" in report.build.steps[-1].error
    assert engine.alive() == before


def test_a_memory_bomb_in_the_app(engine: Attacked) -> None:
    before = engine.alive()
    bomb = json.dumps(["python3", "-c", "b = [bytearray(2**26) for n in range(9999)]"])
    report = engine.judge(f"{BASE}CMD {bomb}\n")
    assert report.score == 1
    assert "the container ended with exit code 137" in outcomes(report)["app-answers"]
    assert engine.alive() == before


def test_a_log_flood_in_a_build(engine: Attacked) -> None:
    printed = engine.printed(BASE + "RUN yes | head -c 100000000; false\n")
    assert 1_000 < len(printed) < 300_000


def test_a_log_flood_in_the_app(engine: Attacked) -> None:
    report = engine.judge(BASE + 'CMD ["sh", "-c", "yes $(seq 9999) | head -c 20000000"]\n')
    assert report.score == 1
    assert "nothing answered on port 8000: the container ended" in outcomes(report)["app-answers"]
    assert all(len(words) < 1000 for words in outcomes(report).values())


def test_an_endless_build(engine: Attacked) -> None:
    began = time.monotonic()
    report = engine.judge(BASE + "RUN trap '' TERM INT; sleep 600; sleep 600\n", timeout=3)
    assert time.monotonic() - began < 12  # a timeout is tried once more
    assert report.score == 0
    assert "the build was stopped after 3 s at RUN trap" in seen(report)
    assert {row.outcome.line for row in report.rows} == {2}


def test_a_server_that_a_build_leaves_behind(engine: Attacked) -> None:
    """It ends with its step; the next step is alone."""
    serve = "setsid nohup python3 -m http.server 9999 >/dev/null 2>&1 &"
    ask = "python3 /try.py 127.0.0.1 9999"
    served = f"for n in $(seq 99); do {ask} | grep REACHED && exit; sleep 0.1; done; exit 1"
    text = f"{BASE}COPY try.py /\nRUN ({serve}) ; {served}\nRUN {ask}; false\n"
    assert "refused" in engine.printed(text, **{"try.py": TRY})


# The network

TRY = """\
import socket, sys
for address in sys.argv[1].split(","):
    try:
        with socket.create_connection((address, int(sys.argv[2])), timeout=2):
            print(address, "REACHED")
    except OSError as error:
        print(address, error)
"""
SCAN = """\
import socket, sys
found, why = [], set()
for port in range(1, 65536):
    with socket.socket() as line:
        line.settimeout(1)
        try:
            line.connect((sys.argv[1], port))
            found.append(port)
        except OSError as error:
            why.add(error.strerror)
print("OPEN", found, *why)
"""


REACHES = """\
import socket, sys
from concurrent.futures import ThreadPoolExecutor

def reaches(where):
    try:
        socket.create_connection(where, timeout=2).close()
    except OSError:
        return False
    return True

own = socket.create_server(("127.0.0.1", 9999))
others = [*zip(sys.argv[1::2], sys.argv[2::2])]
with ThreadPoolExecutor(32) as pool:
    itself, *found = pool.map(reaches, [own.getsockname(), *others])
reached = [":".join(where) for where, yes in zip(others, found) if yes]
print("ITSELF", itself, "OF", len(found), "REACHED", reached)
"""


@contextmanager
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port on every address of the host, loopback too, and who connected to it."""
    came: list[object] = []

    def accept() -> None:
        while True:
            try:
                line, peer = server.accept()
            except OSError:
                return
            came.append(peer)
            line.close()

    server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    with closing(server):
        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], came


def host_addresses() -> list[str]:
    rows = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    fields = (row.split() for row in rows.splitlines())
    return [words[3].partition("/")[0] for words in fields if not words[3].startswith("fe80")]


def assert_heard(port: int, came: list[object], addresses: list[str]) -> None:
    """The listener is reached at every address from here; that is then forgotten."""
    for address in addresses:
        with socket.create_connection((address, port), timeout=5):
            pass
    deadline = time.monotonic() + 5
    while len(came) < len(addresses):
        assert time.monotonic() < deadline
    came.clear()


def test_nothing_of_the_host_is_reached(engine: Attacked) -> None:
    """Neither by a RUN nor by an ADD, which the engine itself would do."""
    addresses = host_addresses()
    assert len(addresses) > 1
    with listener() as (port, came):
        assert_heard(port, came, addresses)
        text = f"{BASE}COPY try.py /\nRUN python3 /try.py {','.join(addresses)} {port}; false\n"
        printed = engine.printed(text, **{"try.py": TRY}).splitlines()
        assert len(printed) == len(addresses)
        assert not any("REACHED" in row for row in printed)
        for address in addresses:
            name = f"[{address}]" if ":" in address else address
            report = engine.judge(f"{BASE}ADD http://{name}:{port}/x /x\n")
            assert report.score is None
            assert "/x /x wanted more than the course offers" in seen(report)
        report = engine.judge(f"{BASE}ADD http://127.0.0.1:{port}/x.git /x\n")
        assert report.score is None
        assert came == []


def test_the_app_reaches_nothing_but_itself(engine: Attacked) -> None:
    """Not even the gateway and the index, which a RUN reaches."""
    addresses = host_addresses()
    gateway = engine.api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    with listener() as (port, came):
        assert_heard(port, came, addresses)
        there = [(address, str(port)) for address in addresses]
        there += [(gateway, "53"), (engine.ready.index.addresses["now"], "443")]
        start = ["python3", "/reaches.py", *(word for where in there for word in where)]
        text = f"{BASE}COPY reaches.py /\nCMD {json.dumps(start)}\n"
        report = engine.judge(text, **{"reaches.py": REACHES})
        assert came == []
    assert report.score == 1
    wanted = f"the container printed: ITSELF True OF {len(there)} REACHED []"
    assert outcomes(report)["app-answers"].endswith(wanted)


def test_the_gateway_answers_nothing_but_names(engine: Attacked) -> None:
    gateway = engine.api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    text = f"{BASE}COPY scan.py /\nRUN python3 /scan.py {gateway}; false\n"
    assert engine.printed(text, **{"scan.py": SCAN}) == "OPEN [53] Connection refused"


def test_the_app_of_another_run_is_not_reached(engine: Attacked) -> None:
    """The index is: so the network works, and the silence means something."""
    offer = engine.ready.offer()
    text = f'{BASE}CMD ["python3", "-m", "http.server", "8000"]\n'
    tag = "course-attack:app"
    request = BuildRequest({"Dockerfile": text.encode()}, parse(text), tag)
    try:
        assert offer.engine.build(request).succeeded
        with Sandbox(offer.engine) as other, Sandbox(offer.engine) as own:
            other.serve(tag, "app")
            found = engine.api.inspect_container(other.containers["app"])["NetworkSettings"]
            (network,) = found["Networks"].values()
            address = network["IPAddress"]
            ask = ["python3", "-c", TRY, address, "8000"]
            deadline = time.monotonic() + 20
            while "REACHED" not in other.run(offer.helper, ask, 20):
                assert time.monotonic() < deadline
            assert "REACHED" not in own.run(offer.helper, ask, 20)
            index = engine.ready.index.addresses["now"]
            text = (
                f"{BASE}COPY try.py /\n"
                f"RUN python3 /try.py {index} 443; python3 /try.py {address} 8000; false\n"
            )
            printed = last_step(engine.judge_now(text, **{"try.py": TRY})).splitlines()
    finally:
        offer.engine.remove_image(tag)
    assert printed[0] == f"{index} REACHED"
    assert "REACHED" not in printed[1]


OFFERED = """\
import ssl, sys, urllib.request
trusting = ssl._create_unverified_context()
for address in sys.argv[1:]:
    asked = urllib.request.Request(f"https://{address}/simple/poetry/")
    try:
        with urllib.request.urlopen(asked, timeout=3, context=trusting) as page:
            print(address, "NOW" if b"poetry-1.8.5" in page.read() else "THEN")
    except OSError as error:
        print(address, "no answer")
"""


def test_no_other_date_is_reached(engine: Attacked) -> None:
    """At another date an unpinned Poetry is 1.7.0: who could pose as the index would have it so."""
    bridge = engine.api.inspect_network("bridge")["IPAM"]["Config"][0]
    own = engine.api.inspect_container(INDEX)["NetworkSettings"]["IPAddress"]
    there = addresses_in(bridge["Subnet"], bridge["Gateway"])
    text = (
        f"{BASE}COPY offered.py /\n"
        f"RUN python3 /offered.py {there['now']} {own} {there['then']}; false\n"
    )
    printed = engine.printed(text, **{"offered.py": OFFERED}).splitlines()
    assert printed == [f"{there['now']} NOW", f"{own} NOW", f"{there['then']} no answer"]
    assert [*engine.ready.index.addresses] == ["now"]


POSE = """\
import socket, struct, sys, time
name, index = sys.argv[1], socket.inet_aton(sys.argv[2])
for address, port in ((sys.argv[2], 443), (sys.argv[3], 53)):
    try:
        socket.create_connection((address, port), timeout=3).close()
        print("REACHED", end=" ")
    except OSError:  # where nothing keeps them apart, the other may pose already
        print("SILENT", end=" ")
time.sleep(1)
rows = [row.split() for row in open("/proc/net/arp")]
gateway = next(bytes.fromhex(row[3].replace(":", "")) for row in rows if row[0] == sys.argv[3])
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
line.bind(("eth0", 0))
line.setblocking(False)
own, everybody = line.getsockname()[4], b"\\xff" * 6
word = b"POSED BY " + name.encode()
nobody = socket.inet_aton("192.0.2.1")
neighbours = [index[:2] + bytes([0, n]) for n in range(2, 12)]

def arp(whom, who=index):
    head = struct.pack("!HHBBH", 1, 0x800, 6, 4, 1)
    return everybody + own + b"\\x08\\x06" + head + own + who + bytes(6) + whom + word

def packet(to, whom, who=index):
    udp = struct.pack("!HHHH", 443, 9, 8 + len(word), 0) + word
    head = struct.pack("!BBHHHBBH4s4s", 69, 0, 20 + len(udp), 0, 0, 64, 17, 0, who, whom)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    return to + own + b"\\x08\\x00" + head + udp

began, came = time.monotonic(), set()
while time.monotonic() < began + 5:
    for whom in neighbours:
        line.send(arp(whom))
        line.send(packet(gateway, whom))
        line.send(arp(whom, whom))
        line.send(packet(everybody, whom, nobody))
    line.send(everybody + own + b"\\x88\\xb5" + word)  # of no protocol that anybody knows
    time.sleep(0.1)
    try:
        while True:
            frame, origin = line.recvfrom(2000)
            if b"POSED" in frame and origin[2] != 4:  # not what went out of here
                came.add((frame[12:14].hex(), frame.partition(b"POSED")[2]))
    except BlockingIOError:
        pass
print("FROM", began, "TO", time.monotonic(), sorted(came))
"""


def posing(index: str, gateway: str) -> str:
    """A Dockerfile with two stages that pose as the index, and at the end print what came."""
    pose = f"COPY pose.py /\nRUN python3 /pose.py %s {index} {gateway} > /log\n"
    return (
        f"FROM python:3.11 AS one\n{pose % 'one'}"
        f"{BASE}{pose % 'two'}COPY --from=one /log /log-of-one\nRUN cat /log*; false\n"
    )


def rows_of_posing(printed: str) -> list[list[str]]:
    """What the stages of `posing` printed, the second first: they ran at one time."""
    two, one = (row.split(maxsplit=6) for row in printed.splitlines())
    assert float(one[3]) < float(two[5])
    assert float(two[3]) < float(one[5])
    return [two, one]


def assert_apart(printed: str) -> None:
    """Both stages of `posing` reached the index and the gateway, at one time, not each other."""
    two, one = rows_of_posing(printed)
    assert one[:2] == two[:2] == ["REACHED", "REACHED"]
    assert one[6] == two[6] == "[]"


OPEN = """
PATH=/usr/sbin:/usr/bin:/sbin:/bin
ebtables-nft -P FORWARD ACCEPT && ebtables-nft -F FORWARD
"""


def test_stages_that_are_not_kept_apart_hear_each_other(engine: Attacked) -> None:
    """So the silence means something, in the test below."""
    engine.ready = engine.ready.for_another(print)
    gateway = engine.api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    text = posing(engine.ready.index.addresses["now"], gateway)
    files = {"pose.py": f"{POSE}# Another text: what these steps hear is not for the cache.\n"}
    try:
        code, said = engine.own.ask(OPEN)
        assert code == 0, said
        printed = last_step(engine.judge_now(text, **files))
    finally:
        engine.ready = engine.ready.for_another(print)  # which keeps them apart again
    two, one = rows_of_posing(printed)
    assert "('0806', b' BY one')" in two[6]
    assert "('0806', b' BY two')" in one[6]


def test_a_stage_does_not_reach_another_that_runs_beside_it(engine: Attacked) -> None:
    """Neither by what goes to everybody, in whose name ever, nor by the gateway."""
    gateway = engine.api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    text = posing(engine.ready.index.addresses["now"], gateway)
    assert_apart(engine.printed(text, **{"pose.py": POSE}))


BAD_REQUESTS = """\
import socket, ssl, sys, threading, time
trusting = ssl._create_unverified_context()
paths = ["packages/" + "a" * 300, "packages/%00", "pypi/a/%00/json", "packages/%ff%fe"]
host = " HTTP/1.1\\r\\nHost: x\\r\\n"
asked = "".join(f"GET /{path}{host}\\r\\n" for path in paths).encode()
broken = f"POST /{host}Transfer-Encoding: chunked\\r\\n\\r\\n{'F' * 16}\\r\\n".encode()
end = time.monotonic() + 8
answered, why = [], set()  # a list, as threads add to it

def go():
    while time.monotonic() < end:
        try:
            with socket.create_connection((sys.argv[1], 443), 5) as line:
                with trusting.wrap_socket(line) as line:
                    for _ in range(20):
                        line.sendall(asked)
                        if line.recv(9999):
                            answered.append(1)
                    line.sendall(broken)
        except OSError as error:
            why.add(type(error).__name__)

threads = [threading.Thread(target=go) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("ANSWERED", len(answered), *why)
"""
FLOOD = """\
import resource, select, socket, sys, time
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
lines, poll = [], select.poll()
for n in range(3000):
    line = socket.socket()
    line.setblocking(False)
    line.connect_ex((sys.argv[1], 443))
    poll.register(line, select.POLLOUT)
    lines.append(line)

def made():  # with anything beside POLLOUT it failed
    return sum(what == select.POLLOUT for _, what in poll.poll(0))

end = time.monotonic() + 20
while made() <= int(sys.argv[2]) and time.monotonic() < end:
    time.sleep(0.1)
time.sleep(2)
print("MADE", made())
"""


def test_the_index_gets_over_bad_requests(engine: Attacked) -> None:
    """It held 200 MB after 8 s of them, and died of its memory in the next hand-in."""
    before = engine.alive()
    index = engine.ready.index.addresses["now"]
    text = f"{BASE}COPY bad.py /\nRUN python3 /bad.py {index}; false\n"
    printed = engine.printed(text, **{"bad.py": BAD_REQUESTS})
    assert int(printed.split()[1]) > 200, printed
    memory = engine.api.stats(INDEX, stream=False)["memory_stats"]
    files = [memory["stats"].get(name, 0) for name in ("total_inactive_file", "inactive_file")]
    assert memory["usage"] - max(files) < 150 * 2**20
    assert "Traceback" not in engine.api.logs(INDEX).decode()
    assert engine.alive() == before


def test_the_index_gets_over_a_flood_of_connections(engine: Attacked) -> None:
    before = engine.alive()
    index = engine.ready.index.addresses["now"]
    text = f"{BASE}COPY flood.py /\nRUN python3 /flood.py {index} {MOST_OPEN}; false\n"
    printed = engine.printed(text, **{"flood.py": FLOOD})
    assert int(printed.split()[1]) > MOST_OPEN, printed
    assert "Successfully" in engine.printed(
        f"{BASE}RUN pip download --no-deps click==8.1.7; false\n"
    )
    assert engine.alive() == before


def test_an_index_that_ended_is_noticed_and_comes_back(engine: Attacked) -> None:
    engine.ready = engine.ready.for_another(print)
    assert engine.ready.what_ended() == ""
    engine.api.restart(INDEX, timeout=1)
    assert engine.ready.what_ended() == INDEX_ENDED
    engine.ready = engine.ready.for_another(print)
    engine.api.kill(INDEX)
    assert engine.ready.what_ended() == INDEX_ENDED
    engine.ready = engine.ready.for_another(print)
    assert engine.ready.what_ended() == ""
    assert "Successfully" in engine.printed(
        f"{BASE}RUN pip download --no-deps click==8.1.7; false # again\n"
    )


# Out of the container

HARMLESS = "test -e /try.sh"
ESCAPES = f"""\
{HARMLESS}
mknod /disk b 7 0
mknod /zero c 1 5
mount -t tmpfs none /mnt
mount --bind / /mnt
unshare --map-root-user true
unshare --mount true
nsenter --target 1 --mount true
hostname another
date --set 2001-01-01
dmesg
echo 1 > /proc/sys/kernel/panic
echo 1 > /proc/sys/net/ipv4/ip_forward
echo b > /proc/sysrq-trigger
test -e /sys/fs/cgroup/memory.max && echo 1 > /sys/fs/cgroup/memory.max
test -e /sys/fs/cgroup/memory/tasks && echo 1 > /sys/fs/cgroup/memory/memory.limit_in_bytes
mkdir /sys/fs/cgroup/memory/mine
test -e /dev/kmsg
test -e /dev/mem
test -e /dev/loop0
test -e /var/run/docker.sock
test -e /run/course
""".splitlines()
CALLS = """\
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (175, 169), "aarch64": (105, 142)}[platform.machine()]
for name, number in zip(("init_module", "reboot"), numbers):
    done = libc.syscall(number, 0xfee1dead, 672274793, 0x89abcdef, 0)
    print(name, done, errno.errorcode.get(ctypes.get_errno()))
"""


def test_a_build_cannot_get_out(engine: Attacked) -> None:
    """Every way that fails prints nothing; root there holds no key to the host."""
    programs = " ".join({way.split()[0] for way in ESCAPES})
    tries = f"for program in {programs}; do\ncommand -v $program >/dev/null || echo NO $program\n"
    tries += "done\n"
    tries += "".join(f"({way}) >/dev/null 2>&1 && echo DONE {json.dumps(way)}\n" for way in ESCAPES)
    text = f"{BASE}COPY try.sh calls.py /\nRUN sh /try.sh; python3 /calls.py; false\n"
    printed = engine.printed(text, **{"try.sh": tries, "calls.py": CALLS})
    assert printed.splitlines() == [
        f"DONE {HARMLESS}",
        "init_module -1 EPERM",
        "reboot -1 EPERM",
    ]


def test_no_socket_is_seen(engine: Attacked) -> None:
    look = "find / -xdev -type s; tail -n +2 /proc/net/unix; ls -d /proc/[0-9]*"
    printed = engine.printed(f"{BASE}RUN {look}; false\n").split()
    assert "/proc/1" in printed
    assert all(row.startswith("/proc/") for row in printed)
    assert len(printed) < 5


def test_root_in_a_build_is_nobody_outside(engine: Attacked) -> None:
    done: list[Report] = []
    text = f"{BASE}RUN sleep 31.41; false\n"
    thread = threading.Thread(target=lambda: done.append(engine.judge(text, timeout=3)))
    thread.start()
    try:
        status = wait_for(lambda: _status_of(engine, b"sleep\x0031.41"))
    finally:
        thread.join()
    assert status["Uid"].split() == ["100000"] * 4
    assert status["Seccomp"] == "2"
    sys_admin, sys_module, mknod_outside = 1 << 21, 1 << 16, 1 << 27
    capable = int(status["CapEff"], 16)
    assert not capable & (sys_admin | sys_module)
    assert capable & mknod_outside  # in its own user namespace, where it is worth nothing
    assert "the build was stopped after 3 s" in seen(done[0])


def _status_of(engine: Attacked, command: bytes) -> dict[str, str] | None:
    for pid in engine.pids():
        try:
            if command in Path(f"/proc/{pid}/cmdline").read_bytes():
                rows = Path(f"/proc/{pid}/status").read_text().splitlines()
                return {row.partition(":")[0]: row.partition(":")[2].strip() for row in rows}
        except FileNotFoundError:
            continue
    return None


def wait_for(find: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("line", "words", "score"),
    [
        ("RUN --network=host id", "network.host is not allowed", 0),
        # What an honest learner may have at home, and nobody has here, is not judged.
        ('RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"', "exit code: 1", None),
        ("RUN --mount=type=ssh,required=true id", "no active sessions", None),
        ("RUN --mount=type=secret,id=key cat /run/secrets/key", "exit code: 1", None),
        ("RUN --mount=type=secret,id=a,required id", "no active sessions", None),
        ("RUN --mount=type=bind,source=/run/course,target=/x ls /x", "no such file", 0),
        ("COPY ../../../run/course /x", "no such file", 0),
        ("ADD file:///run/course/docker.sock /x", "no such file", 0),
    ],
)
def test_what_the_engine_does_not_allow(
    engine: Attacked, line: str, words: str, score: int | None
) -> None:
    report = engine.judge(f"{BASE}{line}\n")
    assert report.score == score
    assert report.build is not None
    assert report.build.failure is not None
    assert words in report.build.failure.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"# syntax=evil/frontend:1\n{BASE}", "asks for another frontend"),
        (f"# syntax=docker/dockerfile-upstream:labs\n{BASE}", "asks for another frontend"),
        (f"#!/x\n# syntax=course-run-1:first\n{BASE}", "asks for another frontend"),
    ],
)
def test_what_is_no_dockerfile_here(engine: Attacked, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        engine.judge(text)


@pytest.mark.parametrize("first", ["", "# syntax=docker/dockerfile:1-labs\n"])
def test_what_only_a_builder_of_another_kind_allows(engine: Attacked, first: str) -> None:
    report = engine.judge(f"{first}{BASE}RUN --security=insecure id\n")
    assert report.score is None
    assert "uses RUN --security, which the buildkit builder of this engine" in seen(report)


# Other images


@pytest.fixture
def other(engine: Attacked) -> Iterator[dict[str, str]]:
    """What is on the engine and no base image: another run's image, the course's own, ids."""
    run = "course-run-0123456789ab:first"
    engine.api.tag("python:3.11", *run.split(":"))
    tags = (tag for row in engine.api.images() for tag in row["RepoTags"] or ())
    (stand_in,) = {tag for tag in tags if tag.startswith("container-course/stand-in:")} or {run}
    number = engine.api.inspect_image("python:3.11")["Id"]
    yield {"run": run, "own": stand_in, "id": number, "short": number[7:19]}
    engine.api.remove_image(run)


@pytest.mark.parametrize(
    "line",
    [
        "FROM no-such-image:1",
        "FROM {run}",
        "FROM docker.io/library/{run}",
        "FROM --platform=linux/amd64 {run}",
        "ARG BASE={run}\nFROM ${{BASE:-python:3.11}}",
        "FROM {own}",
        "FROM {id}",
        "FROM {short}",
        "FROM python@{id}",
        f"{BASE}COPY --from={{run}} /etc/hostname /x",
        f"{BASE}COPY --from={{own}} /etc/hostname /x",
        f"{BASE}COPY --from={{short}} /etc/hostname /x",
        f"{BASE}RUN --mount=from={{run}},target=/x ls /x",
        "FROM {run} AS a\nFROM python:3.11\nCOPY --from=a /etc/hostname /x",
    ],
)
def test_a_build_starts_from_a_base_image_only(
    engine: Attacked, other: dict[str, str], line: str
) -> None:
    report = engine.judge_now(f"{line.format(**other)}\nRUN false\n")
    assert report.score is None
    assert seen(report).startswith(ELSEWHERE)


def test_a_base_image_may_be_called_by_its_full_name(engine: Attacked) -> None:
    for name in ("docker.io/library/python:3.11", "index.docker.io/library/python", "python:3"):
        assert engine.judge(f"FROM {name} AS x\nRUN false\n").score == 0


# Forged evidence

FOUND = "FOUND " + json.dumps(
    [
        [
            {
                "path": "/usr/local/lib/python3.11/site-packages",
                "distributions": [
                    [name, version, "Poetry 1.7.0", 1, 1]
                    for name, version in STEP_3.asked().lock.versions.items()
                ],
            }
        ]
    ]
)
ANSWERED = "ANSWERED " + json.dumps([200, json.dumps({"variant": STEP_3.variant}), 0.1, ""])
FORGED = f"{FOUND}\n{ANSWERED}\n"
FORGERY = f"""\
{BASE}COPY forged /forged
RUN <<SCRIPT
rm -rf /usr/local/lib/python3.11/__pycache__
for name in os re json codecs encodings/__init__ site sitecustomize
do echo 'print(open("/forged").read())' > /usr/local/lib/python3.11/$name.py
done
{{ echo '#!/bin/cat'; cat /forged; }} > /forger
chmod 755 /forger
ln -s /evil /course-helper
ln -s /evil /course
mkdir -p /evil/usr/bin
cp /forged /evil/script.py
for name in /usr/local/bin/python* /evil/usr/bin/python3
do cp --remove-destination /forger $name
done
echo /forged > /etc/ld.so.preload
cp --remove-destination /forger /bin/dash
rm /lib64/ld-linux-*
SCRIPT
ENV LD_PRELOAD=/forged LD_LIBRARY_PATH=/forged LD_AUDIT=/forged LD_TRACE_LOADED_OBJECTS=1 \\
    PYTHONPATH=/forged PYTHONHOME=/forged PYTHONSTARTUP=/forged
SHELL ["/forger"]
USER nobody
WORKDIR /evil
ENTRYPOINT ["/forger"]
CMD ["serve"]
"""
PRINTS = 'ENTRYPOINT ["cat", "/forged"]\nCMD ["/forged"]\nHEALTHCHECK CMD cat /forged\n'
NOTHING = "no Python environment in the image holds fastapi, gunicorn, uvicorn"


@pytest.mark.parametrize(
    "text",
    [
        FORGERY,
        f"{BASE}COPY forged /forged\n{PRINTS}",
        f"{BASE}COPY forged /forged\n{PRINTS}ONBUILD RUN cat /forged\n"
        'ONBUILD ENV LD_PRELOAD=/forged\nONBUILD SHELL ["cat", "/forged"]\n',
    ],
    ids=["interpreter-shell-and-loader", "entrypoint", "onbuild"],
)
def test_what_an_image_prints_is_no_evidence(engine: Attacked, text: str) -> None:
    report = engine.judge(text, forged=FORGED)
    assert report.score == 1  # its base image is pinned
    found = outcomes(report)
    assert "the container" in found.pop("app-answers")
    assert set(found.values()) == {NOTHING}


def test_forged_folders_win_what_they_say_and_no_more(engine: Attacked) -> None:
    """docs/checks.md says so under "What it cannot see"."""
    forge = (
        "import os\n"
        f"for name, version in {dict(STEP_3.asked().lock.versions)}.items():\n"
        "    stem = f'{name.replace(chr(45), chr(95))}-{version}.dist-info'\n"
        "    folder = f'/usr/local/lib/python3.11/site-packages/{stem}'\n"
        "    os.makedirs(folder)\n"
        "    open(f'{folder}/INSTALLER', 'w').write('Poetry 1.7.0')\n"
        "    open(f'{folder}/METADATA', 'w').write(f'Name: {name}')\n"
    )
    text = f'{BASE}COPY forge.py /\nRUN python3 /forge.py\nCOPY . .\nCMD ["false"]\n'
    report = engine.judge(text, **{"forge.py": forge})
    assert set(outcomes(report)) == {"lock-change-reinstalls", "app-answers"}
    assert report.score == 8
    assert "the image has 21.2.0" in outcomes(report)["lock-change-reinstalls"].replace("but ", "")


def test_a_feigned_want_of_network_wins_nothing(engine: Attacked) -> None:
    """It is not judged, without a point, and the step is there for a person to read."""
    report = engine.judge(f'{BASE}RUN echo "curl: (6) Could not resolve host: x" >&2; exit 6\n')
    assert report.score is None
    assert {row.points for row in report.rows} == {0}
    assert seen(report).startswith("RUN echo ")
    assert seen(report).endswith(
        "exit 6 wanted more than the course offers: curl: (6) Could not resolve host: x"
    )


# What one hand-in leaves for another

POISON = f"""\
{BASE}RUN --mount=type=cache,target=/root/.cache/pip echo evil > /root/.cache/pip/http-v2
RUN --mount=type=cache,id=/root/.cache/pip,sharing=shared,target=/pip cat /pip/http-v2
RUN --mount=type=cache,target=/root/.cache/pypoetry/cache \\
    echo evil > /root/.cache/pypoetry/cache/repositories
RUN --mount=type=cache,target=/root/.cache/pypoetry/artifacts,sharing=locked \\
    chmod 0 /root/.cache/pypoetry/artifacts; echo evil > /root/.cache/pypoetry/artifacts/marker
RUN --mount=type=cache,id=ours,sharing=shared,target=/ours echo evil > /ours/marker
RUN --mount=type=cache,id=ours,target=/ours cat /ours/marker; false
"""
LOOK = f"""\
{BASE}ARG BUILDKIT_CACHE_MOUNT_NS=
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=cache,id=ours,target=/ours \\
    --mount=type=cache,target=/root/.cache/pypoetry/cache,sharing=shared \\
    find /root/.cache/pip /ours /root/.cache/pypoetry/cache -type f; false
"""


def test_cache_mounts_are_a_hand_in_s_own(engine: Attacked) -> None:
    common = replace(engine.ready.offer(), for_many=False)  # as on a learner's own engine
    reports = [judge(STEP_3, HandIn({"Dockerfile": t.encode()}), common) for t in (POISON, LOOK)]
    assert last_step(reports[1]).split() == [
        "/root/.cache/pip/http-v2",
        "/ours/marker",
        "/root/.cache/pypoetry/cache/repositories",
    ]
    assert engine.printed(POISON) == "evil"  # its own steps share them
    assert engine.printed(POISON) == "evil"  # and so do its own builds
    assert engine.printed(LOOK) == ""
    assert engine.ready.offer().earlier is None  # nor is anything remembered of one
    honest = material(STEP_3, read_hand_in(CONTEXTS / "cache-mounts"))
    with Observer(engine.ready.offer(), honest).images() as observer:
        assert observer.first_build().succeeded


@pytest.mark.parametrize(
    "how", ["COPY say.sh /\nRUN sh /say.sh", "RUN --mount=target=/c sh /c/say.sh"]
)
def test_a_step_of_the_same_text_is_not_shared(engine: Attacked, how: str) -> None:
    """Where its files are others: the cache goes by their bytes."""
    text = f"{BASE}{how}; echo; false\n"
    kept = f"{BASE}{how} > /said\nRUN cat /said; false\n"
    for words in ("evil", "honest", "evil"):
        assert engine.printed(text, **{"say.sh": f"echo {words}"}).split() == [words]
        assert engine.printed(kept, **{"say.sh": f"echo {words}"}) == words


# The disk: each of these leaves an engine that has no room, and the next finds one that has

FILL = (
    "for m in 4000 2000 1000 500 200 100 50 20 10 5 2 1 1 1; do fallocate -l ${m}M /full-$m; done"
)


def assert_filled(report: Report, line: int | None) -> None:
    assert report.score == 0
    assert seen(report).startswith("the build filled the disk, which had ")
    assert {row.outcome.line for row in report.rows} == {line}


def test_a_build_that_fills_the_disk(engine: Attacked) -> None:
    assert_filled(engine.judge(f"{BASE}RUN {FILL}; false\n"), 2)


def test_a_build_that_fills_the_disk_and_succeeds(engine: Attacked) -> None:
    """With less to fill, as the engine reads every byte of a layer that it keeps."""
    engine.ready = engine.ready.for_another(print)
    (pid, *_) = processes.marked(engine.own.run, "dockerd")
    ballast = f"/proc/{pid}/root/var/lib/docker/ballast"
    size = engine.own.room().bytes - 1_000_000_000
    subprocess.run(["fallocate", "--length", str(size), ballast], check=True)
    fill = "import os; s = os.statvfs('/'); f = os.open('/full', os.O_CREAT | os.O_WRONLY);"
    fill += " os.posix_fallocate(f, 0, s.f_bavail * s.f_frsize - 10**8)"
    assert_filled(engine.judge_now(BASE + python(fill)), None)
    assert not engine.own.is_fit()


def test_an_app_that_fills_the_disk(engine: Attacked) -> None:
    """Nobody can be asked or looked at then: there is no verdict, and no point either."""
    report = engine.judge(f'{BASE}COPY poetry.lock /\nCMD ["sh", "-c", "{FILL}; sleep 3"]\n')
    assert report.score is None
    assert {row.points for row in report.rows} == {0}


def test_a_build_that_makes_all_the_files_there_can_be(engine: Attacked) -> None:
    """In folders of other names each time: a build that took too long is tried once more."""
    make = (
        "import os\nfor n in range(999):\n  where = f'/m/{os.urandom(8).hex()}'\n"
        "  os.mkdir(where)\n"
        "  for i in range(999): os.mknod(f'{where}/{i}')"
    )
    mount = "RUN --mount=type=cache,target=/m "
    text = BASE + python(make).replace("RUN ", mount)
    assert_filled(engine.judge(text), 2)


# At the end


def test_the_reference_is_judged_as_if_nothing_had_been(engine: Attacked) -> None:
    report = engine.judge((CONTEXTS / "reference" / "Dockerfile").read_text())
    assert report.score == 10, outcomes(report)


def test_the_engine_stops_without_a_trace(engine: Attacked) -> None:
    """Not even what runs holds anything back: no mount, loop device, process or control group."""
    own, (dockerd,) = engine.own, processes.marked(engine.own.run, "dockerd")
    assert str(own.disk) in losetup()
    thread = threading.Thread(target=lambda: engine.judge_now(f"{BASE}RUN sleep 60\n"))
    thread.start()
    inside = wait_for(engine.pids)
    engine.stopped = True
    own.stop()
    thread.join()
    assert not own.is_running()
    assert not own.socket.exists()
    assert processes.marked(own.run) == []
    assert not [pid for pid in (dockerd, *inside) if runs(pid)]
    assert list(processes.CGROUPS.rglob(own.name)) == []
    assert str(own.run.parent) not in Path("/proc/self/mounts").read_text()
    wait_for(lambda: str(own.disk) not in losetup())


def runs(pid: int) -> bool:
    """Whether a process lives that is no zombie: those are for their parent to reap."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def losetup() -> str:
    return subprocess.run(["losetup", "--all"], capture_output=True, text=True, check=True).stdout
