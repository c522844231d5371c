"""Which packages are installed where in some images, read by a trusted program.

The quick way starts from the image and runs the helper's own Python on it, loader and libraries
included, out of a mount. Nothing of the image's is executed or read as settings: the loader is
called by its path, an empty file covers what it would load first (/etc/ld.so.preload), and the
variables that it heeds are cleared (ld.so(8)). Where that cannot be (an ONBUILD would run, the
engine's helper is another one), the slow way mounts the image in the helper; BuildKit then reads
and hashes all of it.

Either way nothing is streamed, and what is printed is JSON of bounded size.
"""

import json
import secrets
from contextlib import suppress
from functools import partial
from pathlib import Path

from autograder.engine.client import RUN_LABEL, Engine
from autograder.engine.request import BuildRequest
from autograder.errors import NoTimeLeft, NotJudged
from autograder.evidence.side_by_side import side_by_side
from autograder.facts.dockerfile import parse
from autograder.facts.image import Distribution, Environment

_SCRIPT = Path(__file__).with_name("scan_environments.py")
SCAN_SECONDS = 120.0
"""For one look at an image, where nobody says otherwise."""
_MOST_FOUND = 2**20
"""Characters of what our own programs print on one line; the engine keeps less of it."""
_HELPER = "/.course-helper"
_LOADERS = {
    "amd64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
_CLEARED = "LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_DEBUG LD_PROFILE GLIBC_TUNABLES".split()


def environments(
    engine: Engine,
    images: list[str],
    names: tuple[str, ...],
    helper: str,
    seconds: float = SCAN_SECONDS,
    run: str = "",
) -> list[tuple[Environment, ...]]:
    """For each image (a tag): the folders where any of the named packages is installed.

    run: whose run it is; the images that it is looked with bear it while they are there.
    """
    scan = partial(_scan, engine, helper, ",".join(names), seconds, run)
    with side_by_side(engine, 3) as pool:
        return list(pool.map(scan, images))


def _scan(
    engine: Engine, helper: str, names: str, seconds: float, run: str, image: str
) -> tuple[Environment, ...]:
    tag = f"{image}-look"  # of this run as well; gone when the look is over
    found = _found(_quickly(engine, helper, names, image, tag, seconds, run))
    if found is None:
        command = f"python3 -I /.course-script/script.py {names} /seen/0"
        script = _SCRIPT.read_bytes()
        found = _found(in_helper(engine, [image], helper, tag, command, script, seconds, run))
    if found is None:
        raise NotJudged("the image's packages could not be read: the helper printed nothing")
    return found


def _quickly(
    engine: Engine, helper: str, names: str, image: str, tag: str, seconds: float, run: str
) -> tuple[str, ...]:
    """What the scan prints on the image itself; nothing where the quick way is not to be had."""
    architecture = engine.architecture(helper)
    if engine.on_build(image) or architecture not in _LOADERS:
        return ()
    libraries, loader = _LOADERS[architecture]
    usr = f"{_HELPER}/usr"
    command = [
        *(f"{usr}/lib/{libraries}/{loader}", "--inhibit-cache"),
        *("--library-path", f"{usr}/local/lib:{usr}/lib/{libraries}"),
        *(f"{usr}/local/bin/python3.11", "-I", "-S", "-B", "/.course-script/script.py", names, "/"),
    ]
    mounts = (
        f"--mount=type=bind,from={helper},target={_HELPER} --mount=type=bind,target=/.course-script"
        " --mount=type=bind,source=empty,target=/etc/ld.so.preload"
    )
    cleared = " ".join(f'{name}=""' for name in _CLEARED)
    text = (
        f"FROM {image}\nUSER 0\nENV {cleared} LC_ALL=C {_anew()}\n"
        f"RUN {mounts} {json.dumps(command)}\n"
    )
    with suppress(NoTimeLeft):  # the slow way is another chance on an engine that was busy
        return _printed(engine, text, tag, _SCRIPT.read_bytes(), seconds, run) or ()
    return ()


def in_helper(
    engine: Engine,
    images: list[str],
    helper: str,
    tag: str,
    command: str,
    script: bytes = b"",
    seconds: float = SCAN_SECONDS,
    run: str = "",
) -> tuple[str, ...]:
    """What a command prints in a helper container.

    It sees the images' files, read-only, in /seen/0, /seen/1 and so on, and the script, if any, in
    /.course-script/script.py. `run` is whose run it is.
    """
    mounts = [
        f"--mount=type=bind,from={image},target=/seen/{number}"
        for number, image in enumerate(images)
    ]
    mounts.append("--mount=type=bind,target=/.course-script")
    text = f"FROM {helper}\nENV {_anew()}\nRUN {' '.join(mounts)} {command}\n"
    printed = _printed(engine, text, tag, script, seconds, run)
    if printed is None:
        raise NotJudged("the image could not be read")
    return printed


def _anew() -> str:
    """A variable that no build has had yet, so that the step after it runs.

    Not `nocache`: BuildKit lets a build that runs at the same time share a step which ignores the
    cache, the base image's say, and then what stands on it there finds nothing in the cache either.
    https://github.com/moby/buildkit/blob/v0.13.2/solver/jobs.go (loadUnlocked)
    """
    return f"COURSE_LOOK={secrets.token_hex(8)}"


def _printed(
    engine: Engine, text: str, tag: str, script: bytes, seconds: float, run: str
) -> tuple[str, ...] | None:
    """What a build's last step prints, or None when it fails.

    Raises NoTimeLeft where that took too long.
    """
    files = {"Dockerfile": text.encode(), "script.py": script, "empty": b""}
    request = BuildRequest(
        files,
        parse(text),
        tag=tag,
        labels={RUN_LABEL: run} if run else {},
        timeout=seconds,
        longest_line=_MOST_FOUND,
    )
    try:
        facts = engine.build(request)
    finally:
        with suppress(NotJudged):  # what the engine keeps is no reason to lose a verdict
            engine.remove_image(tag)
    if facts.failure and facts.failure.kind == "timeout":
        raise NoTimeLeft(f"the image could not be read in {seconds:.0f} s")
    return facts.steps[-1].printed if facts.succeeded and facts.steps else None


def _found(printed: tuple[str, ...]) -> tuple[Environment, ...] | None:
    rows = [row for row in printed if row.startswith("FOUND ")]
    return tuple(_environment(row) for row in json.loads(rows[-1][6:])[0]) if rows else None


def _environment(row: dict[str, object]) -> Environment:
    rows = row["distributions"]
    assert isinstance(rows, list)
    return Environment(
        str(row["path"]),
        {row[0]: Distribution(*row) for row in rows},
    )
