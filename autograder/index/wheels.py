"""Fetches the wheels of the manifest, once, each one proven by its sha256."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from autograder.engine.rootfs import Say, locked
from autograder.engine.under_way import UnderWay
from autograder.errors import NotJudged
from autograder.index.manifest import PYTHON, Arch, Wheel, wheels_for
from autograder.places import home

FETCH_SECONDS = 1800
"""For one batch, also on a slow line."""
_SPACE = 400 * 2**20
_SCRATCH = ".fetching-"


def ensure_wheels(arch: Arch, say: Say) -> Path:
    """The folder that holds every wheel of the manifest for this architecture.

    What is missing is fetched with pip from the index that this machine's pip is set up for. A
    run that was cut short goes on where it stopped; an interrupt ends pip, too. Raises NotJudged,
    with the reason in one line, when a wheel cannot be had.
    """
    folder = home() / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    wheels = wheels_for(arch)
    if _missing(wheels, folder):
        with locked(folder / ".lock"):
            for leftover in folder.glob(f"{_SCRATCH}*"):
                shutil.rmtree(leftover)
            _fetch_all(wheels, folder, say)
    return folder


def _fetch_all(wheels: tuple[Wheel, ...], folder: Path, say: Say) -> None:
    missing = _missing(wheels, folder)
    if not missing:
        return
    _check_space(folder)
    say(f"fetching {len(missing)} of {len(wheels)} wheels for the course's package index")
    done = len(wheels) - len(missing)
    pips = UnderWay()
    fetch = partial(_fetch, folder=folder, pips=pips)
    with ThreadPoolExecutor(max_workers=3) as pool:
        try:
            for fetched in pool.map(fetch, batches(missing)):
                done += fetched
                say(f"  {done} of {len(wheels)} wheels")
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            with pips.ended():
                pool.shutdown()
            raise


def batches(wheels: Iterable[Wheel], size: int = 40) -> list[list[Wheel]]:
    """The wheels in groups that hold each project once: pip takes one version at a time."""
    versions: defaultdict[str, list[Wheel]] = defaultdict(list)
    for wheel in wheels:
        versions[wheel.project].append(wheel)
    rounds: defaultdict[int, list[Wheel]] = defaultdict(list)
    for of_project in versions.values():
        for number, wheel in enumerate(of_project):
            rounds[number].append(wheel)
    return [r[start : start + size] for r in rounds.values() for start in range(0, len(r), size)]


def _missing(wheels: tuple[Wheel, ...], folder: Path) -> list[Wheel]:
    # A file gets its own name only after its hash was checked (see _move_into_place).
    present = {path.name for path in folder.iterdir()}
    return [wheel for wheel in wheels if wheel.filename not in present]


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _SPACE:
        raise NotJudged(
            f"the package index needs {_SPACE >> 20} MB in {folder}, which has {free >> 20} MB left"
        )


def _fetch(batch: list[Wheel], folder: Path, pips: UnderWay) -> int:
    """Download one batch next to its place, check each hash, move it into place, count it."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=_SCRATCH) as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(
            "".join(f"{w.project}=={w.version} --hash=sha256:{w.sha256}\n" for w in batch)
        )
        platforms = sorted(frozenset().union(*(wheel.platforms for wheel in batch)) - {"any"})
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries=2"]
        command += ["--require-hashes", "--only-binary=:all:", "--python-version", PYTHON]
        command += [part for platform in platforms for part in ("--platform", platform)]
        command += ["--dest", scratch, "--requirement", str(wanted)]
        try:
            said = _ran(command, pips)
        except subprocess.TimeoutExpired as error:
            raise NotJudged(
                f"pip did not fetch {batch[0].filename} and {len(batch) - 1} more wheels in "
                f"{FETCH_SECONDS} s: check the network, then try again"
            ) from error
        for wheel in batch:
            _move_into_place(Path(scratch) / wheel.filename, folder, wheel, said)
    return len(batch)


def _ran(command: list[str], pips: UnderWay) -> str:
    """Run pip, one of those under way; what it says on stderr. Raises TimeoutExpired."""
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_pip_environment(),
    ) as pip:
        try:
            with pips.held(pip.terminate):
                return pip.communicate(timeout=FETCH_SECONDS)[1]
        except subprocess.TimeoutExpired:
            pip.kill()
            raise


def _pip_environment() -> dict[str, str]:
    # Keep the machine's index, proxy and certificates; local folders only slow pip and warn.
    dropped = ("PIP_FIND_LINKS", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_TARGET", "PIP_USER")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def _move_into_place(path: Path, folder: Path, wheel: Wheel, pip_said: str) -> None:
    if not path.is_file():
        raise NotJudged(
            f"cannot fetch {wheel.filename} with this machine's pip: {_reason(pip_said)}"
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        raise NotJudged(f"{wheel.filename} came with a wrong sha256")
    path.replace(folder / wheel.filename)


def _reason(pip_said: str) -> str:
    """The one line of pip's that says why: what it ends with hides a dead network."""
    lines = pip_said.splitlines()
    broken = re.findall(r"connection broken by '\w+\((.*)\)'", pip_said)
    if broken:
        return f"its package index does not answer: {broken[-1]}"
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip gave no reason"])[-1]
