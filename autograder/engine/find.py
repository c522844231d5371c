"""Which Docker engine the course uses: the one that answers, or our own."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import docker
from docker.constants import DEFAULT_TIMEOUT_SECONDS
from docker.context import ContextAPI
from docker.errors import ContextException

from autograder import places
from autograder.engine.base_image import remove_stand_ins
from autograder.engine.client import NO_ANSWER, reason, told
from autograder.engine.grading import Grading, grading_engine_at
from autograder.engine.grading_container import remove_all
from autograder.engine.own import OwnEngine, course_engine
from autograder.engine.podman import NotDocker, refuse_podman
from autograder.engine.rootfs import Say, remove_tree
from autograder.engine.runs import remove_abandoned
from autograder.errors import EngineUnavailable, NotJudged

ANSWER_SECONDS = 3
DEFAULT_HOST = "unix:///var/run/docker.sock"
MADE = ("engine", "base", "bin", "wheels", "index", "rebuilt", "jupyter")
"""The folders under `places.home()` that the course makes."""


@dataclass(frozen=True)
class FoundEngine:
    """An engine that answered."""

    host: str
    """What DOCKER_HOST is to be."""
    ours: bool
    """Whether we started it and may change what it holds."""
    version: str
    """The engine's version, such as 26.1.5."""
    arch: str
    """What it runs, in Docker's words: amd64, arm64."""


def find_engine(say: Say, *, yes: bool) -> FoundEngine:
    """The engine of DOCKER_HOST, the docker context or the default socket; else our own, started.

    Our own is made for the first time only with consent: `yes`, COURSE_YES=1, or a yes typed at
    a terminal. Raises EngineUnavailable with what to do.
    """
    found = running_engine()
    if found is not None:
        return found
    own = course_engine()
    named = os.environ.get("DOCKER_HOST")
    if named and named != own.host:
        raise EngineUnavailable(
            f"DOCKER_HOST is {named}, and no Docker engine answers there: "
            "start it, or unset DOCKER_HOST"
        )
    return _start_own(own, say, yes=yes)


def running_engine() -> FoundEngine | None:
    """The engine that `find_engine` would return without starting one; None when none answers.

    Raises NotDocker where nothing but podman answers.
    """
    podman = None
    for host in _hosts():
        try:
            found = answering(host, ours=own_engine_at(host) is not None)
        except NotDocker as error:
            podman = error
            continue
        if found is not None:
            return found
    if podman:
        raise podman
    return None


def running_host() -> str | None:
    """The address of `running_engine`. Raises NotDocker where nothing but podman answers."""
    found = running_engine()
    return found.host if found else None


def own_engine_at(host: str) -> OwnEngine | Grading | None:
    """The engine of ours that has this address: the learner's, or one for grading; else None."""
    own = course_engine()
    return own if host == own.host else grading_engine_at(host)


def answering(host: str, *, ours: bool) -> FoundEngine | None:
    """What answers at `host` within ANSWER_SECONDS; None when nothing does.

    Raises EngineUnavailable when something would answer but not to this user, or is podman.
    """
    if not _open(host):
        return None
    try:
        with closing(connect(host, timeout=ANSWER_SECONDS)) as client:
            version = client.version()
        found = FoundEngine(host, ours, version["Version"], version["Arch"])
    except (EngineUnavailable, *NO_ANSWER, KeyError, TypeError):  # or no Docker is what answers
        return None
    refuse_podman(host, version)
    return found


def connect(host: str, timeout: int = DEFAULT_TIMEOUT_SECONDS) -> docker.DockerClient:
    """A client of the engine at `host`, with the certificates that go with the user's own.

    Raises EngineUnavailable when it does not answer: it is asked for its version.
    """
    try:
        if host in (os.environ.get("DOCKER_HOST"), _context_host()):
            client = docker.from_env(timeout=timeout)
        else:
            client = docker.DockerClient(base_url=host, timeout=timeout)
        # No proxy stands before a socket's file, and requests would look for one at every call.
        client.api.trust_env = not host.startswith("unix:")
        return client
    except NO_ANSWER as error:
        raise EngineUnavailable(
            f"the Docker engine at {host} does not answer: {reason(error)}"
        ) from error


def clean(say: Say) -> None:
    """Remove all that the course made: engines, what is on those of others, its folders.

    Raises EngineUnavailable when something foreign is mounted in there; NotJudged, when all else
    is gone, where an engine does not let go what is ours.
    """
    for engine in _own_engines():
        say(f"stopping the engine in {engine.run.parent}")
        engine.stop()
    kept: list[NotJudged] = []
    for host in _hosts():
        try:
            found = answering(host, ours=False)
        except NotDocker:
            continue
        if found is not None:
            kept += _cleaned(host)
    for name in MADE:
        folder = places.home() / name
        if folder.exists():
            say(f"removing {folder}")
            remove_tree(folder)
    if kept:
        raise kept[0]


def _cleaned(host: str) -> Iterator[NotJudged]:
    """Remove what the course made on an engine; what that fails for, when the rest was tried."""
    grading = partial(remove_all, folder=course_engine().run.parent)
    for remove in (remove_abandoned, remove_stand_ins, grading):
        try:
            with closing(connect(host)) as client, told("removing what the course made"):
                remove(client)
        except NotJudged as problem:
            yield problem


def _hosts() -> Iterator[str]:
    """Where to look, best first, each once."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        yield named
        return
    hosts = (_context_host(), DEFAULT_HOST, course_engine().host)
    yield from dict.fromkeys(host for host in hosts if host)


def _context_host() -> str | None:
    """The address in DOCKER_CONTEXT, or in the context that `docker context use` chose."""
    try:
        named = ContextAPI.kwargs_from_context()
    except ContextException as error:
        raise EngineUnavailable(f"the docker context cannot be used: {error}") from error
    return named.get("base_url")


def _open(host: str) -> bool:
    """Whether a Unix socket takes connections; an address of another kind is taken to."""
    if not host.startswith("unix://"):
        return True
    path = host.removeprefix("unix://")
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS)
            line.connect(path)
    except PermissionError:
        raise EngineUnavailable(
            f"a Docker engine is there, but this user may not use {path}: "
            "add yourself to its group (sudo usermod -aG docker $USER) and log in again"
        ) from None
    except OSError:
        return False
    return True


def _start_own(engine: OwnEngine, say: Say, *, yes: bool) -> FoundEngine:
    if sys.platform != "linux":
        raise EngineUnavailable("no Docker engine answers: start Docker Desktop, then try again")
    if os.geteuid() != 0:
        raise EngineUnavailable(
            "no Docker engine answers: start Docker (sudo systemctl start docker), "
            "or run this as root and the course makes an engine of its own"
        )
    if not (engine.root.is_dir() or yes or os.environ.get("COURSE_YES") == "1"):
        _ask(engine)
    say("starting our own Docker engine")
    engine.start(say)
    found = answering(engine.host, ours=True)
    if found is None:
        raise EngineUnavailable(f"our Docker engine started and fell silent: see {engine.run}")
    return found


def _ask(engine: OwnEngine) -> None:
    question = f"No Docker engine answers. Make one from Debian's packages in {engine.root.parent}"
    if not sys.stdin.isatty():
        raise EngineUnavailable(f"{question}? Say so with --yes or COURSE_YES=1")
    if input(f"{question} (4 GB)? [y/N] ").strip().lower() not in ("y", "yes"):
        raise EngineUnavailable("no Docker engine answers, and none was made")


def _own_engines() -> Iterator[OwnEngine]:
    """Every engine of ours that ever had a run folder, whoever made it."""
    folder = course_engine().root.parent
    for run in [folder / "run", *folder.glob("*/run")]:
        if (run / "dockerd.log").exists():
            yield OwnEngine(root=folder / "root", run=run, data=run.parent / "data")
