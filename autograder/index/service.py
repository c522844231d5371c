"""The package index as a service on the engine that builds: found, started, made or ended."""

import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, cast, get_args

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import LogConfig

from autograder.engine.base_image import BASE_IMAGES, held_as
from autograder.engine.client import NO_ANSWER, reason, told
from autograder.engine.rootfs import Say, locked
from autograder.errors import NotJudged
from autograder.index.addresses import bridge_addresses
from autograder.index.archive import FOLDER, archive_fingerprint, pack
from autograder.index.certificate import certificate
from autograder.index.manifest import CUTOFF, Arch, Date
from autograder.index.site import ensure_site
from autograder.index.wheels import ensure_wheels
from autograder.places import home
from autograder.public_index import HOST_NAMES

NAME = "container-course-index"
LABEL = "org.container-course"
_READY = b"serving\n"  # what server.py prints once it listens


@dataclass(frozen=True)
class Index:
    """A package index that is up and answers under the public index's names.

    `addresses` holds one address on the engine's default bridge for each date that it serves;
    `ca_pem` is the PEM text of the authority a build must trust; `started` is the moment when its
    container started, in the engine's words: another moment is another life.
    """

    addresses: Mapping[Date, str]
    ca_pem: str
    started: str = field(default="", compare=False)

    def hosts(self, date: Date = "now") -> dict[str, str]:
        """The `extra_hosts` that make a build see the index as it was at that date.

        BuildKit's cache knows the names of `extra_hosts` but not their addresses: without a name
        of its own, what a build of `then` cached would pass for a build of `now`.
        """
        names = HOST_NAMES if date == "now" else (*HOST_NAMES, f"{date}.index.invalid")
        return dict.fromkeys(names, self.addresses[date])


@dataclass(frozen=True)
class _Wanted:
    """What `ensure_index` was asked for."""

    cgroup_parent: str
    dates: tuple[Date, ...]


def ensure_index(
    client: docker.DockerClient,
    say: Say,
    *,
    cgroup_parent: str = "",
    dates: tuple[Date, ...] = tuple(CUTOFF),
) -> Index:
    """The index, serving these dates on this engine; one that already runs is used as it is.

    cgroup_parent: the control group of its container, when that is not to be the engine's own.

    Raises NotJudged, with the reason in one line, when the engine or the wheels stand in the way.
    """
    wanted = _Wanted(cgroup_parent, dates)
    try:
        running = _running(client, wanted)
        if running is None:
            with locked(home() / "index/.lock"):
                running = _running(client, wanted) or _started(client, say, wanted)
        return Index(_addresses_of(running), certificate().ca, running.attrs["State"]["StartedAt"])
    except NO_ANSWER as error:
        why = reason(error)
        raise NotJudged(f"the package index did not start on the engine: {why}") from error


def index_edition() -> str:
    """A short name for what `ensure_index` would put on an engine of this checkout."""
    return "-".join(archive_fingerprint(arch, certificate())[:8] for arch in get_args(Arch))


def index_started(client: docker.DockerClient) -> str:
    """The moment when the index that runs was started; `` where none runs, or nothing answers."""
    try:
        state = client.containers.get(NAME).attrs["State"]
    except NO_ANSWER:
        return ""
    return str(state["StartedAt"]) if state["Running"] else ""


def stop_index(client: docker.DockerClient) -> None:
    """End the index and remove its container; nothing happens when there is none.

    Raises NotJudged when the engine fails.
    """
    with told("ending the package index"), suppress(NotFound):
        client.containers.get(NAME).remove(force=True, v=True)


def _running(client: docker.DockerClient, wanted: _Wanted) -> Container | None:
    container = _made(client, wanted)
    return container if container and container.status == "running" else None


def _made(client: docker.DockerClient, wanted: _Wanted) -> Container | None:
    """The container that holds exactly what this checkout would put into it."""
    try:
        container = client.containers.get(NAME)
    except NotFound:
        return None
    arch = container.labels.get(f"{LABEL}.index.arch", "")
    same = arch in get_args(Arch) and container.labels.get(f"{LABEL}.index") == (
        archive_fingerprint(cast(Arch, arch), certificate())
    )
    # On a copy of another engine's disk it would be in that engine's group, and end with it.
    group = container.attrs["HostConfig"].get("CgroupParent", "")
    same = (
        same
        and group == wanted.cgroup_parent
        and set(_addresses_of(container)) == set(wanted.dates)
    )
    # A container that never ran may be one that was never filled.
    return container if same and container.status != "created" else None


def _started(client: docker.DockerClient, say: Say, wanted: _Wanted) -> Container:
    """Start the container that stopped, or make it anew."""
    bridge = client.networks.get("bridge").attrs
    there = bridge_addresses(bridge)
    addresses = {date: there[date] for date in wanted.dates}
    _refuse_taken(bridge, addresses)
    stopped = _made(client, wanted)
    if stopped and _addresses_of(stopped) == addresses:
        _start(stopped)
        return stopped
    return _new(client, addresses, say, wanted.cgroup_parent)


def _new(
    client: docker.DockerClient, addresses: Mapping[Date, str], say: Say, cgroup_parent: str
) -> Container:
    arch = _architecture(client)
    wheels = ensure_wheels(arch, say)
    site = ensure_site(arch, wheels)
    say("starting the package index on the engine")
    stop_index(client)
    container = _created(client, arch, addresses, cgroup_parent)
    with tempfile.TemporaryFile() as archive:
        pack(archive, arch, site, wheels, certificate())
        archive.seek(0)
        container.put_archive("/", archive)
    _start(container)
    return container


def _created(
    client: docker.DockerClient, arch: Arch, addresses: Mapping[Date, str], cgroup_parent: str
) -> Container:
    labels = {LABEL: "index", f"{LABEL}.index": archive_fingerprint(arch, certificate())}
    labels |= {f"{LABEL}.index.arch": arch}
    labels |= {f"{LABEL}.index.{date}": address for date, address in addresses.items()}
    return client.containers.create(
        _base(client),
        name=NAME,
        entrypoint=["python3", f"/{FOLDER}/server.py"],
        command=[f"{date}={addresses[date]}" for date in CUTOFF if date in addresses],
        environment={"PYTHONPATH": f"/{FOLDER}/lib"},
        working_dir=f"/{FOLDER}",
        labels=labels,
        # NET_ADMIN holds in the container's own network only: it takes the fixed addresses there.
        cap_drop=["ALL"],
        cap_add=["NET_ADMIN", "NET_BIND_SERVICE"],
        security_opt=["no-new-privileges"],
        cgroup_parent=cgroup_parent or None,
        mem_limit="512m",
        pids_limit=64,
        log_config=LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
    )


def _start(container: Container) -> None:
    """Start the container and wait for its server's own word that it serves."""
    said = b""
    # Closed, as the engine holds the server up while somebody listens and does not read.
    with closing(cast(Any, container.attach(stream=True))) as output:
        container.start()
        for chunk in output:
            said += chunk
            if _READY in said:
                container.reload()
                return
    last = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    raise NotJudged(f"the package index ended as soon as it was started: {last[-1]}")


def _addresses_of(container: Container) -> dict[Date, str]:
    labels = {date: f"{LABEL}.index.{date}" for date in CUTOFF}
    return {date: container.labels[n] for date, n in labels.items() if n in container.labels}


def _refuse_taken(bridge: Mapping[str, Any], addresses: Mapping[Date, str]) -> None:
    for other in (bridge.get("Containers") or {}).values():
        if other["IPv4Address"].split("/")[0] in addresses.values():
            raise NotJudged(
                f"the container {other['Name']} has the address the package index needs; "
                "stop it and try again"
            )


def _architecture(client: docker.DockerClient) -> Arch:
    arch = client.version()["Arch"]
    if arch not in get_args(Arch):
        raise NotJudged(f"the engine builds for {arch}; the package index has amd64 and arm64 only")
    return cast(Arch, arch)


def _base(client: docker.DockerClient) -> str:
    names = (held_as(client, reference) for reference in BASE_IMAGES)
    found = next(filter(None, names), None)
    if found is None:
        raise NotJudged(f"the engine has none of the base images {', '.join(BASE_IMAGES)}")
    return found
