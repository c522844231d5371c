"""Makes `.venv` from poetry.lock, every file checked against its hash.

Run by `./course` as a plain file, with whatever Python 3.11 it found, before any dependency is
there: standard library only, and no import from this package.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

STAMP = "course-stamp"
OFFLINE_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
)


class SetupFailed(Exception):
    """One clear line for the user, the exit code, and the last lines of the tool that failed."""

    def __init__(self, line: str, exit_code: int = 3, said: Iterable[str] = ()) -> None:
        super().__init__(line)
        self.exit_code = exit_code
        self.said = list(said)


def say(line: str) -> None:
    """Print one progress line; stdout stays free for `--json`."""
    print(line, file=sys.stderr, flush=True)


def requirements(lock: dict[str, Any]) -> list[str]:
    """One `name==version ; marker --hash=…` line for each package that poetry.lock may install.

    Packages that only an extra asks for are left out: the course installs no extras.
    """
    lines = []
    for package in lock["package"]:
        if package.get("optional"):
            continue
        if "source" in package or not package.get("files"):
            raise SetupFailed(f"poetry.lock has no hashes for {package['name']}", exit_code=2)
        marker = package_marker(package)
        hashes = " ".join(f"--hash={file['hash']}" for file in package["files"])
        condition = f" ; {marker}" if marker else ""
        lines.append(f"{package['name']}=={package['version']}{condition} {hashes}")
    return lines


def package_marker(package: dict[str, Any]) -> str:
    """When a package is wanted, over all groups that name it; empty for always.

    Lock version 2.1 gives one marker for all groups, or a table with a marker for some of them;
    a group that the table leaves out wants the package everywhere.
    """
    markers = package.get("markers", "")
    if isinstance(markers, str):
        return markers
    if any(group not in markers for group in package["groups"]):
        return ""
    return " or ".join(f"({marker})" for marker in dict.fromkeys(markers.values()))


def read_lock(path: Path) -> dict[str, Any]:
    """The parsed lock; `SetupFailed` with exit code 2 when it is missing, broken or too new."""
    try:
        lock = tomllib.loads(path.read_text(encoding="utf-8"))
        major = lock["metadata"]["lock-version"].partition(".")[0]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SetupFailed(f"poetry.lock cannot be read: {error}", exit_code=2) from error
    if major != "2" or not isinstance(lock.get("package"), list):
        raise SetupFailed("poetry.lock is of a format the course does not know", exit_code=2)
    return lock


def run(command: list[str], failure: str, *, exit_code: int = 3) -> None:
    """Run quietly; when it fails, the last lines it printed go with the one clear line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SetupFailed(failure, exit_code, done.stdout.splitlines()[-5:])


def ensure_venv_module() -> None:
    """Debian splits ensurepip from python3: install it when we may, else say what to run."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise SetupFailed(
                f"this Python cannot make a virtual environment; "
                f"install {package} (sudo apt-get install {package}) and try again"
            ) from None
        say(f"Installing {package} with apt-get …")
        run(["apt-get", "update", "-qq"], "apt-get update failed")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run(["apt-get", "install", "-y", "-qq", package], f"apt-get could not install {package}")


def pip_install(python: Path, wanted: Path, count: int) -> None:
    """Install the requirement lines, hash-checked, wheels only; count them on a terminal.

    Wheels only, because an sdist would fetch its build tools without any hash.
    """
    command = [str(python), "-m", "pip", "install", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--no-input", "--retries=2", "--progress-bar=off"]
    command += ["--disable-pip-version-check", "-r", str(wanted)]
    said: list[str] = []
    collected = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line.rstrip())
            if line.startswith("Collecting "):
                collected += 1
                show_count(f"  fetched {collected} of {count}")
            elif line.startswith("Installing collected"):
                show_count("  unpacking …")
    show_count("")
    if pip.returncode:
        raise pip_failure(said)


def show_count(text: str) -> None:
    """Rewrite one line on a terminal; say nothing in a log file."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def pip_failure(said: list[str]) -> SetupFailed:
    """What to tell the user, from what pip printed."""
    if any(sign in line for sign in OFFLINE_SIGNS for line in said):
        return SetupFailed(
            "the package index cannot be reached; connect to the internet "
            "(or set PIP_INDEX_URL to an index you can reach) and try again"
        )
    if any("DO NOT MATCH THE HASHES" in line for line in said):
        return SetupFailed("a file from the package index is not the one poetry.lock names")
    if any("No space left on device" in line for line in said):
        return SetupFailed("the disk is full: make room for about 1 GB and try again")
    return SetupFailed("pip could not install the course's packages; it said:", 3, said[-5:])


def make_venv(project: Path) -> None:
    """Make `.venv` anew and stamp it last, so that whatever was interrupted is redone."""
    lock_file, venv = project / "poetry.lock", project / ".venv"
    lines = requirements(read_lock(lock_file))
    stamp = f"{project}\n".encode() + lock_file.read_bytes()
    if (venv / STAMP).is_file() and (venv / STAMP).read_bytes() == stamp:
        return  # another ./course made it while this one waited for its turn
    ensure_venv_module()
    say("Making .venv …")
    if venv.is_symlink():  # what it leads to is another's, and would be emptied
        venv.unlink()
    (venv / STAMP).unlink(missing_ok=True)
    run(
        [sys.executable, "-I", "-m", "venv", "--clear", str(venv)],
        f"a virtual environment could not be made in {venv}; python said:",
    )
    wanted = venv / "requirements.txt"
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"Installing {len(lines)} packages from poetry.lock, hash-checked (a minute or two) …")
    python = venv / "bin" / "python"
    pip_install(python, wanted, len(lines))
    editable = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-e"]
    run(
        [str(python), "-m", "pip", "install", *editable, str(project)],
        "pip could not install the course's own package; it said:",
    )
    part = venv / f"{STAMP}.part"
    part.write_bytes(stamp)
    part.replace(venv / STAMP)


def main() -> int:
    """Make the environment, one process at a time; the exit code is 0, 2, 3 or 130."""
    project = Path(__file__).resolve().parent.parent
    try:
        turn = os.open(project, os.O_RDONLY)  # a lock on the folder itself leaves no file behind
        fcntl.flock(turn, fcntl.LOCK_EX)
        make_venv(project)
    except SetupFailed as error:
        say(f"course: {error}")
        for line in error.said:
            say(f"    {line}")
        return error.exit_code
    except OSError as error:
        say(f"course: .venv could not be made: {error}")
        return 3
    except KeyboardInterrupt:
        say("\ncourse: interrupted; the next run starts the set-up again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
