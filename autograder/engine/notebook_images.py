"""What notebooks keep on the engine while their kernels live, and what is left of dead ones.

A kernel removes its own images and containers when it ends. One that was killed cannot: a label
says which notebook's and which process's they were, so that the next build in the same folder
removes them, or `./course stop`.
"""

import hashlib
import os
import platform
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from docker.errors import NotFound

from autograder.engine.client import RUN_LABEL, Engine, told
from autograder.engine.processes import lives


def notebook_run(folder: Path) -> str:
    """A run id that names this machine, the notebook's folder and this process."""
    return f"{_mark()}{_short(str(folder.resolve()))}-{os.getpid()}-{secrets.token_hex(4)}"


def remove_own_images(client: docker.DockerClient, folder: Path) -> None:
    """Remove what this process, and processes that are gone, built for the folder's notebooks.

    Another living kernel on the same folder (nbgrader's Validate is one) keeps its images.
    """
    _remove(client, f"{_mark()}{_short(str(folder.resolve()))}-")


def remove_notebook_images(client: docker.DockerClient) -> None:
    """Remove what kernels that are gone built for any notebook of this machine."""
    _remove(client, _mark())


def _mark() -> str:
    """Process ids mean something on one machine only, and an engine may serve many."""
    return f"notebook-{_short(platform.node())}-"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _remove(client: docker.DockerClient, mark: str) -> None:
    """Containers first: an image that one of them is made of would not go."""
    with told("looking for what is left of earlier runs"):
        for row in client.api.containers(all=True, filters={"label": RUN_LABEL}):
            if _abandoned(row, mark):
                with suppress(NotFound):  # another may be clearing up as well
                    client.api.remove_container(row["Id"], force=True, v=True)
        images = client.api.images(filters={"label": RUN_LABEL})
    for row in images:
        if _abandoned(row, mark):
            for reference in row.get("RepoTags") or [row["Id"]]:
                Engine(client).remove_image(reference)


def _abandoned(row: dict[str, Any], mark: str) -> bool:
    """Whether a row of the engine's list is this process's, or that of one that is gone."""
    run = str((row.get("Labels") or {}).get(RUN_LABEL, ""))
    if not run.startswith(mark):
        return False
    pid = int(run.split("-")[3])
    return pid == os.getpid() or not lives(pid)
