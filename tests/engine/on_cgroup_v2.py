"""Runs in the kernel that test_cgroup_v2.py boots: tells what a grading engine's limits come to.

Its last line is FOUND and a JSON object.
"""

import json
from pathlib import Path

from autograder.engine import find, grading_process, own
from autograder.engine.request import BuildRequest
from autograder.facts.dockerfile import parse
from autograder.ready import grading_ready

TOP = Path("/sys/fs/cgroup")
LIMITS = ("memory.max", "memory.swap.max", "pids.max", "cpu.max")
SEEN = ("memory.peak", "pids.peak", "memory.events")
FORKS = """
import os, time
made = 0
try:
    while made < 5000:
        if os.fork() == 0:
            time.sleep(900)
            os._exit(0)
        made += 1
except OSError as error:
    os.write(1, f"{made} forks: {error}\\n".encode())
os._exit(3)
"""
STEPS = {
    "little": 'RUN python -c "print(len(bytearray(100_000_000)))"',
    "memory": 'RUN python -c "bytearray(4_000_000_000)"',
    "forks": "COPY forks.py /\nRUN timeout 600 python /forks.py",
}


def main() -> None:
    """Start a grading engine, have it build what fits and what does not, and look at its groups."""
    own.START_SECONDS, own.GONE_SECONDS = 900, 90  # all is slow there
    find.ANSWER_SECONDS, grading_process.ASK_SECONDS = 120, 600
    found: dict[str, object] = {}
    with grading_ready(print) as ready:
        engine = ready.offer().engine
        about = engine.client.info()
        found["engine"] = [about["CgroupVersion"], about["CgroupDriver"]]
        for name, step in STEPS.items():
            text = f"FROM python:3.11\n{step}\n"
            files = {"Dockerfile": text.encode(), "forks.py": FORKS.encode()}
            failure = engine.build(BuildRequest(files, parse(text), f"test:{name}")).failure
            found[name] = [failure.message, *failure.log] if failure else []
        (batch,) = TOP.glob("course-*")
        found["hand-in"] = told(batch / "hand-in", *LIMITS, *SEEN)
        found["index"] = told(batch / "index", *SEEN)
    found["left"] = [str(path) for path in TOP.glob("course-*")]
    print("FOUND", json.dumps(found), flush=True)


def told(group: Path, *names: str) -> dict[str, list[str]]:
    """The words of some of a group's files."""
    return {name: (group / name).read_text().split() for name in names}


if __name__ == "__main__":
    main()
