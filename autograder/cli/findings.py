"""What `./course doctor` looks at, one row for each thing that the course needs."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from typing import Any, cast, get_args
from urllib.parse import urlsplit

import docker

from autograder import lab, places
from autograder.cli.browser import has_desktop
from autograder.engine.base_image import BASE_IMAGES, held_as
from autograder.engine.client import NO_ANSWER
from autograder.engine.find import FoundEngine, connect, running_engine
from autograder.engine.grading import outer_docker
from autograder.engine.own import course_engine
from autograder.engine.stand_in import STAND_IN_LABEL
from autograder.errors import EngineUnavailable
from autograder.index import Arch
from autograder.index.manifest import wheels_for

GIGABYTE = 1_000_000_000
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class State(Enum):
    """What a row means for `./course start`."""

    THERE = "there"
    TO_COME = "will be made"
    NAMED = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class Row:
    """One thing the course needs: its state, what was seen, and what to do about it."""

    thing: str
    state: State
    seen: str
    to_do: str = ""


def this_machine() -> Iterator[Row]:
    """Python, disk, proxy, user, browser and JupyterLab."""
    yield Row("Python", State.THERE, f"{platform.python_version()} in {sys.prefix}")
    yield disk()
    proxies = [f"{n}={without_password(v)}" for n, v in os.environ.items() if n.lower() in PROXIES]
    seen = ", ".join(sorted(proxies)) or "none set"
    yield Row("proxy", State.NAMED if proxies else State.THERE, seen)
    if os.geteuid() == 0:
        yield Row("user", State.NAMED, "root: JupyterLab listens on this machine only")
    else:
        yield Row("user", State.THERE, f"user id {os.geteuid()}")
    if has_desktop():
        yield Row("browser", State.THERE, "the desktop's")
    else:
        yield Row("browser", State.NAMED, "no desktop here", "open the address that start prints")
    server = lab.running()
    doing = f"running at {server.base_url}" if server else "not running"
    yield Row("JupyterLab", State.THERE, f"{version('jupyterlab')}, {doing}")


def disk() -> Row:
    """Free space where the course keeps its files, against what is still to be made."""
    where = places.home().absolute()
    while not where.exists():
        where = where.parent
    free = shutil.disk_usage(where).free
    needed = (2 if course_engine().root.is_dir() else 5) * GIGABYTE
    seen = f"{free / GIGABYTE:.0f} GB free in {where}, {needed / GIGABYTE:.0f} GB needed"
    if free < needed:
        return Row("disk", State.MISSING, seen, "make room, or set COURSE_HOME to another disk")
    return Row("disk", State.THERE, seen)


def without_password(proxy: str) -> str:
    """The proxy's address as it may be shown to someone who helps."""
    parts = urlsplit(proxy)
    return proxy.replace(f":{parts.password}@", ":***@") if parts.password else proxy


def the_engine() -> Iterator[Row]:
    """The Docker engine and what the course puts on it."""
    try:
        found = running_engine()
    except EngineUnavailable as error:
        yield Row("Docker engine", State.MISSING, "not usable", str(error))
        return
    if found is None:
        yield no_engine()
        yield Row("base images", State.TO_COME, "pulled, or a stand-in made from Debian 12")
        yield wheels("arm64" if platform.machine() in ("arm64", "aarch64") else "amd64")
        return
    if found.arch not in get_args(Arch):
        to_do = "use an engine that runs amd64 or arm64"
        yield Row("Docker engine", State.MISSING, f"{found.version} for {found.arch}", to_do)
        return
    try:
        with closing(connect(found.host)) as client:
            yield from on_engine(found, client)
    except (EngineUnavailable, *NO_ANSWER) as error:
        yield Row("Docker engine", State.MISSING, f"stopped answering: {error}", "restart it")
    yield wheels(cast(Arch, found.arch))


def no_engine() -> Row:
    """Whether an engine of our own can be made here, and else what a person can do."""
    named = os.environ.get("DOCKER_HOST")
    if named and named != course_engine().host:
        to_do = "start that engine, or unset DOCKER_HOST"
        return Row("Docker engine", State.MISSING, f"none answers at {named}", to_do)
    if sys.platform != "linux":
        return Row("Docker engine", State.MISSING, "none answers", "start Docker Desktop")
    if os.geteuid() != 0:
        to_do = "start Docker (sudo systemctl start docker), or run ./course as root"
        return Row("Docker engine", State.MISSING, "none answers", to_do)
    if course_engine().root.is_dir():
        return Row("Docker engine", State.TO_COME, "our own is made and not running")
    if not (shutil.which("debootstrap") or shutil.which("apt-get")):
        to_do = "install Docker, or debootstrap and Debian's archive keyring"
        return Row("Docker engine", State.MISSING, "none answers", to_do)
    return Row("Docker engine", State.TO_COME, "none answers: our own, from Debian's packages")


def on_engine(found: FoundEngine, client: docker.DockerClient) -> Iterator[Row]:
    """The engine that answers, its builder, and the base images."""
    info: dict[str, Any] = client.info()
    whose = "ours" if found.ours else "yours: the course adds its own things and removes them"
    snapshotter = any("snapshotter" in str(item) for item in info.get("DriverStatus") or [])
    store = f"{info.get('Driver')}{' (containerd store)' if snapshotter else ''}"
    seen = f"Docker {found.version}, {store}, {found.arch}, at {found.host}; {whose}"
    yield Row("Docker engine", State.THERE, seen)
    yield builder(found)
    yield base_images(client)
    yield grading(found.host)


def grading(host: str) -> Row:
    """What hand-ins would be graded on. Only instructors need it, so nothing is missing here."""
    try:
        outer = outer_docker(lambda: host)
    except EngineUnavailable as error:
        return Row("grading", State.NAMED, "not possible here", str(error))
    how = "in a container of this Docker" if outer else "in a process of root, on this machine"
    return Row("grading", State.THERE, how)


def builder(found: FoundEngine) -> Row:
    """Which features a learner's Dockerfile may use."""
    if int(found.version.split(".")[0]) >= 23:
        return Row("builder", State.THERE, "BuildKit, with heredocs")
    to_do = "Docker 23 or newer has heredocs"
    return Row("builder", State.NAMED, "BuildKit of an old engine: no heredocs", to_do)


def base_images(client: docker.DockerClient) -> Row:
    """How many base images the engine holds, and whether they are stand-ins."""
    there, stand_ins = 0, 0
    for reference in BASE_IMAGES:
        name = held_as(client, reference)
        if name:
            there += 1
            stand_ins += STAND_IN_LABEL in (client.images.get(name).labels or {})
    seen = f"{there} of {len(BASE_IMAGES)}" + (f", {stand_ins} stand-ins" if stand_ins else "")
    return Row("base images", State.THERE if there == len(BASE_IMAGES) else State.TO_COME, seen)


def wheels(arch: Arch) -> Row:
    """How much of the package index has been fetched."""
    wanted = wheels_for(arch)
    here = sum((places.home() / "wheels" / wheel.filename).is_file() for wheel in wanted)
    state = State.THERE if here == len(wanted) else State.TO_COME
    return Row("package index", state, f"{here} of {len(wanted)} wheels for {arch}")
