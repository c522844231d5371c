"""The images that notebooks keep while their kernels live, and what is left of dead ones.

A kernel removes its own images when it ends. One that was killed cannot: a label says which
notebook's and which process's they were, so that the next build in the same folder removes them, or
`./course stop`.
"""

import hashlib
import os
import platform
import secrets
from pathlib import Path

import docker

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
    with told("looking for images of earlier runs"):
        rows = client.api.images(filters={"label": RUN_LABEL})
    for row in rows:
        run = str((row.get("Labels") or {}).get(RUN_LABEL, ""))
        if not run.startswith(mark):
            continue
        pid = int(run.split("-")[3])
        if pid == os.getpid() or not lives(pid):
            for reference in row.get("RepoTags") or [row["Id"]]:
                Engine(client).remove_image(reference)
