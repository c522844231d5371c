"""The base images that lessons build on: the engine's own, pulled, or our labelled stand-in."""

import hashlib
import io
import platform
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import docker
from docker.errors import BuildError, DockerException, ImageNotFound
from docker.models.images import Image
from requests.exceptions import RequestException

from autograder import places
from autograder.engine.client import Engine
from autograder.engine.request import BuildRequest
from autograder.engine.rootfs import Say
from autograder.engine.stand_in import (
    CONFIG,
    EDITION,
    STAND_IN,
    STAND_IN_LABEL,
    STAND_IN_REPOSITORY,
    stand_in_tarball,
)
from autograder.errors import EngineUnavailable
from autograder.facts.dockerfile import parse

REPOSITORY = "python"
TAGS = ("3.11", "3.11-slim", "3.11-bookworm", "3.11-slim-bookworm")
BASE_IMAGES = tuple(f"{REPOSITORY}:{tag}" for tag in TAGS)

# What an unpinned reference means today changes with the day; here it means these, always.
LOOSE_IMAGES = {
    "python": "python:3.11",
    "python:latest": "python:3.11",
    "python:3": "python:3.11",
    "python:bookworm": "python:3.11-bookworm",
    "python:slim": "python:3.11-slim",
    "python:3-slim": "python:3.11-slim",
    "python:3-bookworm": "python:3.11-bookworm",
    "python:slim-bookworm": "python:3.11-slim-bookworm",
    "python:3-slim-bookworm": "python:3.11-slim-bookworm",
}

CA_REPOSITORY = "container-course/python"
CA_LABEL = "org.container-course.ca"
REGISTRY_SECONDS = 6
SILENT_SECONDS = 600

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRUST = f"PIP_CERT={BUNDLE} SSL_CERT_FILE={BUNDLE} REQUESTS_CA_BUNDLE={BUNDLE}"
# For login shells, too: `su - USER` begins with an empty environment.
CA_DOCKERFILE = f"""\
FROM {{base}}
COPY ca.pem /usr/local/share/ca-certificates/container-course.crt
RUN update-ca-certificates && echo "export {TRUST}" > /etc/profile.d/container-course.sh
ENV {TRUST}
LABEL {CA_LABEL}={{mark}}
"""
DPKG_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def ensure_base_images(
    client: docker.DockerClient,
    say: Say,
    *,
    ours: bool,
    ca_pem: str | None = None,
    references: Sequence[str] = BASE_IMAGES,
) -> None:
    """Have the engine hold every base image, or our stand-in, which its label names.

    What is there stays; what is not is pulled; for what cannot be pulled there is the stand-in,
    until it can: on an engine that is not `ours` a registry that was silent is asked again. On
    an engine that is `ours` that gets the base image's tag, and each also trusts `ca_pem`, so that
    a plain `docker build` finds both. On another engine a base image's tag is never set by us: it
    would mislead the user's other builds. Raises EngineUnavailable.
    """
    missing = _pull_missing(client, references, say)
    if not ours:
        missing = [reference for reference in missing if not held_as(client, reference)]
    if missing:
        image = _stand_in(client, say)
        say("no image registry here: a stand-in, made from Debian's Python and labelled so, is for")
        say(f"  {', '.join(missing)}")
        for reference in missing if ours else ():
            _tag(image, reference)
    if ca_pem is None or not ours:
        return
    trusting = {_trusting(client, reference, ca_pem): reference for reference in references}
    for image, reference in trusting.items():
        _break_in(client, image, reference)


def held_as(client: docker.DockerClient, reference: str) -> str | None:
    """The name of what the engine has for a base image: its own, or the stand-in's, or None."""
    if _is_current(client, reference):
        return reference
    return STAND_IN if _find(client, STAND_IN) else None


@dataclass(frozen=True)
class Held:
    """What an engine has for a base image: under which name, and the image's id."""

    name: str
    id: str


def base_images_of(client: docker.DockerClient, say: Say) -> dict[str, Held]:
    """What an engine holds or can pull, by the base images' references."""
    _pull_missing(client, BASE_IMAGES, say)
    names = ((reference, held_as(client, reference)) for reference in BASE_IMAGES)
    return {
        reference: Held(name, str(client.images.get(name).id)) for reference, name in names if name
    }


def copy_images(
    source: docker.DockerClient, target: docker.DockerClient, images: Mapping[str, Held], say: Say
) -> None:
    """Give an engine of ours, without a network, the images of another under their references."""
    copied: dict[str, str] = {}
    for reference, held in images.items():
        if held.id in copied:
            _tag(target.images.get(copied[held.id]), reference)
            continue
        say(f"copying {held.name}")
        # Under its name, as an id may mean nothing to another image store.
        target.api.load_image(source.api.get_image(held.name))  # type: ignore[no-untyped-call]
        if held.name != reference:
            _tag(target.images.get(held.name), reference)
            _untag(target, held.name)
        copied[held.id] = reference


def _trusting(client: docker.DockerClient, reference: str, ca_pem: str, name: str = "") -> Image:
    """Have `reference`, or another name, mean that image, whose bundle and pip trust `ca_pem`.

    Made once per base and certificate: the engine's build cache holds it. Raises ImageNotFound.
    """
    image, name = client.images.get(reference), name or reference
    mark = hashlib.sha256((CA_DOCKERFILE + ca_pem).encode()).hexdigest()[:16]
    if (image.labels or {}).get(CA_LABEL) != mark:
        files = {"Dockerfile": CA_DOCKERFILE.format(base=image.id, mark=mark), "ca.pem": ca_pem}
        try:
            image = _built(client, files)
        except BuildError:  # seen once in a busy hour: the runtime lost a container meanwhile
            image = _built(client, files)
    if name not in image.tags:
        _tag(image, name)
    return image


def _built(client: docker.DockerClient, files: dict[str, str]) -> Image:
    image, _ = client.images.build(
        fileobj=_context(files), custom_context=True, rm=True, forcerm=True
    )
    return image


def ca_base_tag(client: docker.DockerClient, reference: str, ca_pem: str) -> str:
    """A name of the course's own for what the engine has for a base image, trusting `ca_pem`.

    BuildKit starts from names, not from ids. Raises ImageNotFound.
    """
    name = f"{CA_REPOSITORY}:{reference.rpartition(':')[2]}"
    held = held_as(client, reference) or reference
    _break_in(client, _trusting(client, held, ca_pem, name), name)
    return name


def _break_in(client: docker.DockerClient, image: Image, reference: str) -> None:
    """Have a build from this image come to its end before two run side by side.

    BuildKit (26.1) finds no step again while the first build ever from an image still runs, or one
    that overlaps it, and so on: hand-ins judged side by side then look as if nothing were split.
    """
    mark = f"{CA_REPOSITORY}:broken-in-{str(image.id)[-12:]}"
    if _find(client, mark) is None:
        text = f'FROM {reference}\nRUN ["true"]\n'
        Engine(client).build(BuildRequest({"Dockerfile": text.encode()}, parse(text), mark))


def remove_stand_ins(client: docker.DockerClient) -> None:
    """Take our own tags away; an image that others rest on stays, nameless, for them."""
    for reference in BASE_IMAGES:
        image = _find(client, reference)
        # Images built on a stand-in inherit its label: only its own names are ours to remove.
        if image is not None and STAND_IN_LABEL in (image.labels or {}):
            _untag(client, reference)
    for repository in (CA_REPOSITORY, STAND_IN_REPOSITORY):
        for image in client.images.list(name=repository):
            for tag in image.tags:
                if tag.startswith(f"{repository}:"):  # a user may have named it, too
                    _untag(client, tag)


def _untag(client: docker.DockerClient, reference: str) -> None:
    """Take a name away, also from an image of which there is a container."""
    with suppress(ImageNotFound):
        client.images.remove(reference, force=True)


def _is_current(client: docker.DockerClient, reference: str) -> bool:
    """Whether the engine holds this image, and under its name no earlier stand-in for it."""
    image = _find(client, reference)
    return image is not None and (image.labels or {}).get(STAND_IN_LABEL, EDITION) == EDITION


def _find(client: docker.DockerClient, reference: str) -> Image | None:
    try:
        return client.images.get(reference)
    except ImageNotFound:
        return None


def registry_answers(client: docker.DockerClient, reference: str) -> bool:
    """Whether the engine reaches the image's registry within REGISTRY_SECONDS."""
    patience, client.api.timeout = client.api.timeout, REGISTRY_SECONDS
    try:
        client.api.inspect_distribution(reference)  # type: ignore[no-untyped-call]
    except (DockerException, RequestException):
        return False
    finally:
        client.api.timeout = patience
    return True


def _pull_missing(client: docker.DockerClient, references: Sequence[str], say: Say) -> list[str]:
    """Pull what the engine lacks; what it lacks still.

    Where there is a stand-in to go on with, an engine that could not pull is left in peace for
    SILENT_SECONDS: each start, check and notebook would wait for a registry that is silent.
    """
    missing = [reference for reference in references if not _is_current(client, reference)]
    if not missing:
        return []
    engine = hashlib.sha256(str(client.info().get("ID")).encode()).hexdigest()[:12]
    note = places.home() / "base" / f".not-pulled-{engine}"
    ago = time.time() - note.stat().st_mtime if note.exists() else -1
    if 0 <= ago < SILENT_SECONDS and _find(client, STAND_IN):
        return missing
    if registry_answers(client, missing[0]):
        missing = [reference for reference in missing if not _pull(client, reference, say)]
    if missing:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()
    return missing


def _pull(client: docker.DockerClient, reference: str, say: Say) -> bool:
    say(f"pulling {reference}")
    try:
        client.images.pull(reference)
    except (DockerException, RequestException) as error:
        say(f"  {reference} could not be pulled: {error}")
        return False
    return True


def _tag(image: Image, reference: str) -> None:
    repository, _, tag = reference.rpartition(":")
    image.tag(repository, tag)


def _stand_in(client: docker.DockerClient, say: Say) -> Image:
    """The stand-in on this engine, imported from the tarball unless it is there already."""
    found = _find(client, STAND_IN)
    if found is not None:
        return found
    machine = DPKG_ARCHITECTURES.get(platform.machine(), platform.machine())
    if sys.platform != "linux" or client.version()["Arch"] != machine:
        raise EngineUnavailable(
            f"{BASE_IMAGES[0]} is not on the engine and cannot be pulled: "
            f"connect to the internet, then run: docker pull {BASE_IMAGES[0]}"
        )
    tarball = stand_in_tarball(say)
    say("importing the stand-in for the base images")
    repository, _, tag = STAND_IN.partition(":")
    client.api.import_image_from_file(str(tarball), repository, tag, list(CONFIG))
    return client.images.get(STAND_IN)


def _context(files: dict[str, str]) -> io.BytesIO:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    context.seek(0)
    return context
