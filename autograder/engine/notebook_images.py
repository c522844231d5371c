"""The images that graded notebooks keep while their kernels live, and what is left of dead ones.

A kernel removes its own images when it ends. One that was killed cannot: the label says whose
they were, so that the next build in the same folder, or `./course clean`, removes them.
"""

import hashlib
import os
import platform
import secrets
from pathlib import Path

import docker

from autograder.engine.client import RUN_LABEL, Engine, told

_MARK = "notebook"


def notebook_run(folder: Path) -> str:
    """A run id that names the notebook's folder and the process that builds for it."""
    return f"{_mark_of(folder)}-{os.getpid()}-{secrets.token_hex(4)}"


def remove_own_images(client: docker.DockerClient, folder: Path) -> None:
    """Remove what this process, and processes that are gone, built for the folder's notebook.

    Another living kernel on the same folder (nbgrader's Validate is one) keeps its images.
    """
    for reference, run in _images(client):
        if run.startswith(f"{_mark_of(folder)}-") and not _another_lives(run):
            Engine(client).remove_image(reference)


def remove_notebook_images(client: docker.DockerClient) -> None:
    """Remove every image that any notebook built on this engine."""
    for reference, _ in _images(client):
        Engine(client).remove_image(reference)


def _mark_of(folder: Path) -> str:
    """Host and folder: learners who share an engine often have the same paths."""
    place = f"{platform.node()}:{folder.resolve()}"
    return f"{_MARK}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _another_lives(run: str) -> bool:
    pid = int(run.split("-")[2])
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _images(client: docker.DockerClient) -> list[tuple[str, str]]:
    """Reference and run id of every notebook's image."""
    with told("looking for images of earlier runs"):
        rows = client.api.images(filters={"label": RUN_LABEL})
    return [
        (reference, run)
        for row in rows
        if (run := str((row.get("Labels") or {}).get(RUN_LABEL, ""))).startswith(f"{_MARK}-")
        for reference in (row.get("RepoTags") or [row["Id"]])
    ]
