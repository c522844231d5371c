"""Podman, told apart: it answers to Docker's API, and verdicts reached on it would not hold."""

import os
from collections.abc import Mapping
from typing import Any

from autograder.errors import EngineUnavailable

ENGINE = "Podman Engine"


class NotDocker(EngineUnavailable):
    """Podman answers in Docker's place."""


def refuse_podman(host: str, version: Mapping[str, Any]) -> None:
    """Raise NotDocker, with what to do, if podman is what answered `version` at `host`.

    Its builder, Buildah, may take a RUN from its cache though a file that the RUN mounts has
    changed, so right hand-ins would fail; and without root its builds cannot reach the index.
    https://github.com/podman-container-tools/buildah/issues/6609
    """
    if all(part.get("Name") != ENGINE for part in version.get("Components") or ()):
        return
    if host == os.environ.get("DOCKER_HOST"):
        to_do = "unset DOCKER_HOST, or let it name a Docker engine"
    else:
        to_do = "start Docker, and let DOCKER_HOST name its socket"
    raise NotDocker(
        f"podman {version['Version']} answers at {host}, and the course judges on Docker alone "
        f"(its README says why): {to_do}"
    )
