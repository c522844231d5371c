"""The image of a grading engine in a container: Debian's Docker, built or imported once."""

import io
import subprocess
import tarfile
from pathlib import Path

import docker
from docker.errors import BuildError, DockerException, ImageNotFound

from autograder import places
from autograder.engine.base_image import registry_answers
from autograder.engine.rootfs import ENGINE_PACKAGES, Say, debootstrap, locked, prepare_root
from autograder.errors import EngineUnavailable

SUITE = "trixie"
BASE = f"debian:{SUITE}-slim"
IMAGE = "container-course/grading-engine:1"
"""The tag tells the edition: another recipe is another tag."""
DOCKERFILE = f"""\
FROM {BASE}
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends {" ".join(ENGINE_PACKAGES)} \\
    && rm -rf /var/lib/apt/lists/*
"""
CONFIG = ("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)


def ensure_box_image(client: docker.DockerClient, say: Say) -> None:
    """Have the engine hold IMAGE: built on Debian's own, else imported from a root folder of ours.

    Raises EngineUnavailable with what is missing.
    """
    with locked(places.home() / "engine" / ".box-image.lock"):
        try:
            client.images.get(IMAGE)
            return
        except ImageNotFound:
            say(f"making the image of grading engines, {IMAGE}: a minute or two, once")
        if registry_answers(client, BASE):
            _build(client)
        else:
            _import(client, say)


def remove_box_image(client: docker.DockerClient) -> None:
    """Remove IMAGE; nothing happens where there is none, or a container still has it."""
    try:
        client.images.remove(IMAGE)
    except DockerException:
        return


def _build(client: docker.DockerClient) -> None:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(DOCKERFILE)
        archive.addfile(member, io.BytesIO(DOCKERFILE.encode()))
    context.seek(0)
    try:
        client.images.build(fileobj=context, custom_context=True, tag=IMAGE, rm=True, forcerm=True)
    except BuildError as error:
        raise EngineUnavailable(f"{IMAGE} could not be built from {BASE}: {error}") from error


def _import(client: docker.DockerClient, say: Say) -> None:
    """Import a debootstrapped root: only root on Linux can make one."""
    try:
        root = box_root(say)
    except EngineUnavailable as error:
        raise EngineUnavailable(
            f"the image of grading engines cannot be made, as {BASE} cannot be pulled: "
            "connect to the internet, then try again"
        ) from error
    repository, _, tag = IMAGE.partition(":")
    tar = ["tar", "--create", "--one-file-system", "--numeric-owner", "--directory", str(root)]
    with subprocess.Popen([*tar, "."], stdout=subprocess.PIPE) as packing:
        client.api.import_image(
            src=packing.stdout, repository=repository, tag=tag, changes=list(CONFIG)
        )
    if packing.returncode:
        remove_box_image(client)
        raise EngineUnavailable(f"{root} could not be read: tar ended with {packing.returncode}")


def box_root(say: Say) -> Path:
    """The course engine's own root; one beside it where that is older than grading in containers.

    A disk is formatted inside of the container, for which the older ones have no program. Raises
    EngineUnavailable.
    """
    folder = places.home().resolve() / "engine"
    prepare_root(folder / "root", SUITE, say)
    if (folder / "root/usr/sbin/mkfs.ext4").exists():
        return folder / "root"
    debootstrap(folder / "root-box", SUITE, ENGINE_PACKAGES, say)
    return folder / "root-box"
