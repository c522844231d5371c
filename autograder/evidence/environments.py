"""Which packages are installed where in some images, read by a trusted helper container.

The helper mounts the images' file systems through BuildKit (`RUN --mount=from=`), which works on
every engine and image store and streams nothing; what it prints is JSON of bounded size.
"""

import json
from pathlib import Path

from autograder.engine.client import Engine
from autograder.engine.request import BuildRequest
from autograder.errors import NotJudged
from autograder.facts.dockerfile import parse
from autograder.facts.image import Distribution, Environment

_SCRIPT = Path(__file__).with_name("scan_environments.py")
_SECONDS = 120.0


def environments(
    engine: Engine, images: list[str], names: tuple[str, ...], helper: str, tag: str
) -> list[tuple[Environment, ...]]:
    """For each image (a tag): the folders where any of the named packages is installed.

    tag: a tag of this run, given to the helper's image for as long as it lasts.
    """
    mounts = [
        f"--mount=type=bind,from={image},target=/seen/{number}"
        for number, image in enumerate(images)
    ]
    roots = " ".join(f"/seen/{number}" for number in range(len(images)))
    text = (
        f"FROM {helper}\n"
        f"RUN --mount=type=bind,target=/course {' '.join(mounts)} "
        f"python3 -I /course/scan.py {','.join(names)} {roots}\n"
    )
    files = {"Dockerfile": text.encode(), "scan.py": _SCRIPT.read_bytes()}
    request = BuildRequest(files, parse(text), tag=tag, no_cache=True, timeout=_SECONDS)
    try:
        facts = engine.build(request)
    finally:
        engine.remove_image(tag)
    if facts.failure:
        raise NotJudged(f"the image's packages could not be read: {facts.failure.message}")
    printed = [row for step in facts.steps for row in step.printed if row.startswith("FOUND ")]
    if not printed:
        raise NotJudged("the image's packages could not be read: the helper printed nothing")
    return [tuple(_environment(row) for row in found) for found in json.loads(printed[-1][6:])]


def _environment(row: dict[str, object]) -> Environment:
    rows = row["distributions"]
    assert isinstance(rows, list)
    return Environment(
        str(row["path"]),
        {row[0]: Distribution(*row) for row in rows},
    )
