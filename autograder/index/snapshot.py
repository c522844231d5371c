"""Maintainer's tool: resolve what the course needs at each date and rewrite the wheel manifest.

    python -m autograder.index.snapshot

Needs a pip that knows `--uploaded-prior-to` (26.0 or newer) and the public index.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from autograder.errors import BadInput
from autograder.index.manifest import (
    CUTOFF,
    PYTHON,
    Arch,
    Date,
    Wheel,
    write,
    write_public_versions,
)
from autograder.places import project
from autograder.public_index import PyPI

MACHINES: dict[Arch, str] = {"amd64": "x86_64", "arm64": "aarch64"}
#: Debian bookworm, under every `python:3.11` base image of the course, has glibc 2.36.
GLIBC_MINORS = range(5, 37)

TOOLS = ["pip", "setuptools", "wheel", "virtualenv", "pipx", "poetry-core"]
#: What a learner may write instead of 1.7.0. Each is resolved with the newest dependencies.
OLD_POETRIES = ["1.5.1", "1.6.0", "1.6.1", "1.7.0"]
NEW_POETRIES = ["1.7.1", "1.8.0", "1.8.1", "1.8.2", "1.8.3", "1.8.4", "1.8.5"]
NEW_POETRIES += ["2.0.1", "2.1.4", "2.2.1", "2.3.4", "2.4.3"]
#: Poetry locks for all of them, so the index must know what is asked for there alone.
OTHER_PLATFORMS = [
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "extra": ""},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "extra": ""},
]
STEP = "source/step-3-pin-and-split"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def requirement_sets(date: Date) -> Iterator[list[str]]:
    """What must be installable at that date, one set for each `pip install`."""
    yield from ([tool] for tool in TOOLS)
    if date == "now":
        yield ["uv"]
        yield ["httpx", "h11==0.14.0"]  # what FastAPI's TestClient wants, beside the lock's server
    yield ["poetry"]
    yield ["poetry", "poetry-plugin-export"]
    for version in OLD_POETRIES + (NEW_POETRIES if date == "now" else []):
        yield [f"poetry=={version}", "poetry-plugin-export"]
    yield from app_requirement_sets()


def app_requirement_sets() -> Iterator[list[str]]:
    """The app's direct dependencies: newest of all, newest in range, and with each one old."""
    tables = tomllib.loads((project() / STEP / "pyproject.toml").read_text())["tool"]["poetry"]
    ranges = tables["dependencies"] | tables["group"]["prod"]["dependencies"]
    del ranges["python"]
    yield from ([name] for name in ranges)
    yield [name + bounds for name, bounds in ranges.items()]


def locked_pins() -> Iterator[str]:
    """Every `name==version` that one of the app's lock files holds."""
    for name in ("poetry.lock", "poetry-second.lock"):
        lock = project() / STEP / name
        if lock.is_file():
            for package in tomllib.loads(lock.read_text())["package"]:
                yield f"{package['name']}=={package['version']}"


def resolve(requirements: list[str], arch: Arch, date: Date, *options: str) -> list[dict[str, Any]]:
    """Every wheel that pip would install at that date, as pip's installation report has it."""
    machine = MACHINES[arch]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    platforms += [f"{old}_{machine}" for old in ("manylinux2014", "manylinux2010", "manylinux1")]
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "pip", "install", "--isolated", "--quiet", "--dry-run"]
        command += ["--index-url", PyPI.simple_url, "--report", "-", "--target", target]
        command += ["--uploaded-prior-to", CUTOFF[date].isoformat(), "--only-binary=:all:"]
        command += ["--python-version", PYTHON, "--ignore-installed", *options]
        command += [part for platform in platforms for part in ("--platform", platform)]
        ran = subprocess.run([*command, *requirements], capture_output=True, text=True)
    if ran.returncode:
        raise BadInput(f"cannot resolve {requirements} for {arch} at {date}: {ran.stderr[-500:]}")
    return list(json.loads(ran.stdout)["install"])


@cache
def _upload_times(name: str) -> dict[str, datetime]:
    page = requests.get(f"{PyPI.simple_url}/{name}/", headers={"Accept": SIMPLE_JSON}, timeout=60)
    page.raise_for_status()
    return {
        file["filename"]: datetime.fromisoformat(file["upload-time"])
        for file in page.json()["files"]
    }


def public_versions(name: str) -> set[Version]:
    """What anybody could have installed of a project at "now", built or to be built."""
    found = set()
    for filename, uploaded in _upload_times(name).items():
        if uploaded < CUTOFF["now"]:
            read = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
            with suppress(ValueError):  # an egg, an installer, or a name from before the rules
                found.add(read(filename)[1])
    return found


def _wheel(entry: dict[str, Any], arch: Arch) -> Wheel:
    info = entry["download_info"]
    filename = info["url"].rsplit("/", 1)[1]
    name, _, _, tags = parse_wheel_filename(filename)
    anywhere = all(tag.platform == "any" for tag in tags)
    uploaded = _upload_times(name)[filename].replace(microsecond=0)
    return Wheel(
        filename, info["archive_info"]["hashes"]["sha256"], uploaded, "any" if anywhere else arch
    )


def elsewhere(entry: dict[str, Any]) -> Iterator[str]:
    """What a distribution asks for on some other platform; Poetry's solver looks at them all."""
    for text in entry["metadata"].get("requires_dist", ()):
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            continue  # pip resolved it for Linux already
        if any(marker.evaluate(other) for other in OTHER_PLATFORMS):
            yield f"{canonicalize_name(requirement.name)}{requirement.specifier}"


@dataclass(frozen=True)
class Job:
    """One `pip install` to resolve."""

    arch: Arch
    date: Date
    requirements: tuple[str, ...]
    options: tuple[str, ...] = ()
    may_fail: bool = False


def run(job: Job) -> tuple[set[Wheel], set[Job]]:
    """The wheels that a job brings, and the jobs that follow from them."""
    try:
        entries = resolve(list(job.requirements), job.arch, job.date, *job.options)
    except BadInput as error:
        if not job.may_fail:
            raise
        print(f"left out, no wheel for Linux: {error}", flush=True)
        return set(), set()
    print(
        f"{job.arch} {job.date}: {len(entries):3} files for {' '.join(job.requirements)}",
        flush=True,
    )
    asked = {name for entry in entries for name in elsewhere(entry)}
    more = {Job(job.arch, job.date, (name,), may_fail=True) for name in asked}
    return {_wheel(entry, job.arch) for entry in entries}, more


def first_jobs() -> Iterator[Job]:
    """What the course itself asks for."""
    for arch in MACHINES:
        for date in CUTOFF:
            yield from (Job(arch, date, tuple(wanted)) for wanted in requirement_sets(date))
        yield from (Job(arch, "now", (pin,), ("--no-deps",)) for pin in locked_pins())


def main() -> None:
    """Resolve every set for every date and architecture, and write the manifest."""
    wheels: set[Wheel] = set()
    done: set[Job] = set()
    waiting = set(first_jobs())
    with ThreadPoolExecutor(max_workers=3) as pool:
        while waiting:
            results = list(pool.map(run, waiting))
            done |= waiting
            wheels.update(*(found for found, _ in results))
            waiting = set().union(*(more for _, more in results)) - done
    write(wheels)
    write_public_versions({name: public_versions(name) for name in {w.project for w in wheels}})
    print(f"{len(wheels)} wheels")


if __name__ == "__main__":
    main()
