"""Debian root folders, made with debootstrap and with every signature checked."""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.errors import EngineUnavailable

Say = Callable[[str], None]
"""Prints one line of progress for the user."""

ENGINE_PACKAGES = (
    "docker.io",
    "iptables",
    "iproute2",
    "ca-certificates",
    "dnsmasq-base",
    "e2fsprogs",
)
CLIENT_PACKAGES = ("docker-cli", "docker-buildx", "docker-compose")
"""Since Debian 13 the command line and its plugins are packages of their own."""

APT_SECONDS = 1800
"""For apt-get's update, and for its install."""
APT_ENDS_IN = 60
"""Seconds for it to end when it is asked to."""
GIGABYTE = 1_000_000_000
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PHASES = {
    "I: Retrieving": "downloading packages",
    "I: Extracting": "unpacking the base system",
    "I: Unpacking": "unpacking packages",
    "I: Configuring": "configuring packages",
}


def prepare_root(directory: Path, suite: str, say: Say) -> None:
    """Make `directory` a Debian root with a Docker engine inside, unless it is one already.

    Suites: `trixie` (Docker 26.1, the course's own engine), `forky` (what learners run today)
    and `bookworm` (20.10). Raises EngineUnavailable with what is missing.
    """
    packages = ENGINE_PACKAGES if suite == "bookworm" else ENGINE_PACKAGES + CLIENT_PACKAGES
    debootstrap(directory, suite, packages, say)


def debootstrap(directory: Path, suite: str, packages: tuple[str, ...], say: Say) -> None:
    """Make `directory` from a Debian suite; it appears whole or not at all.

    Raises EngineUnavailable.
    """
    if directory.is_dir():
        return
    require_root(f"making a Debian {suite} folder")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with locked(directory.with_name(f".{directory.name}.lock")):
        if directory.is_dir():
            return
        require_space(directory.parent, 2 * GIGABYTE, f"a Debian {suite} folder")
        apt_install(("debootstrap", "debian-archive-keyring", "gpgv"), say)
        part = directory.with_name(f".{directory.name}.part")
        remove_tree(part)
        _run_debootstrap(part, suite, packages, say)
        _strip(part)
        part.rename(directory)


def require_root(purpose: str) -> None:
    """Raise EngineUnavailable unless this is root on Linux."""
    if sys.platform != "linux":
        raise EngineUnavailable(f"{purpose} needs Linux: start Docker Desktop, then try again")
    if os.geteuid() != 0:
        raise EngineUnavailable(f"{purpose} needs root: start a Docker engine, or try as root")


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Raise EngineUnavailable unless `needed` bytes are free where `folder` is."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EngineUnavailable(
            f"too little disk: {purpose} needs {needed:,} bytes in {folder}, {free:,} are free"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` between processes; the kernel drops it if we die."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def remove_tree(directory: Path) -> None:
    """Remove a folder of ours, refusing one with something mounted beneath it."""
    table = Path("/proc/self/mounts")
    if table.exists():
        for line in table.read_text().splitlines():
            mounted = Path(line.split()[1].replace("\\040", " "))
            if mounted.is_relative_to(directory.absolute()):
                raise EngineUnavailable(f"{mounted} is mounted: unmount it, then try again")
    if directory.exists():
        shutil.rmtree(directory)


def apt_install(packages: tuple[str, ...], say: Say) -> None:
    """Install those of `packages` that the machine lacks. Raises EngineUnavailable."""
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        if shutil.which("debootstrap") and KEYRING.exists():
            return
        raise EngineUnavailable(
            "our own Docker engine needs debootstrap and Debian's archive keyring: "
            "install both, or start a Docker engine"
        )
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    say(f"installing {', '.join(missing)} with apt-get")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    # A broken third-party source fails the update; the install decides whether that matters.
    install = [*apt, "install", "--yes", "--no-install-recommends", *missing]
    try:
        _run_apt([*apt, "update"], environment)
        done = _run_apt(install, environment)
    except subprocess.TimeoutExpired as error:
        raise EngineUnavailable(
            f"apt-get did not end in {APT_SECONDS} s: check the network and apt's sources, "
            f"or install {', '.join(missing)} yourself"
        ) from error
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise EngineUnavailable(f"apt-get could not install {missing[0]}: {' '.join(reason)}")


def _run_apt(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run apt-get. When its time is up, or ours, it is asked to end: it may be installing."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as apt:
        try:
            out, err = apt.communicate(timeout=APT_SECONDS)
        except BaseException:
            apt.terminate()
            try:
                apt.communicate(timeout=APT_ENDS_IN)
            except subprocess.TimeoutExpired:
                apt.kill()
            raise
    return subprocess.CompletedProcess(command, apt.returncode, out, err)


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True).stdout == "installed"


def _run_debootstrap(directory: Path, suite: str, packages: tuple[str, ...], say: Say) -> None:
    """Run debootstrap in a mount namespace, where nothing it mounts can outlive it."""
    script = suite if Path("/usr/share/debootstrap/scripts", suite).exists() else "sid"
    mirror = _mirror()
    command = ["unshare", "--mount", "debootstrap", "--variant=minbase", "--force-check-gpg"]
    command += [f"--keyring={KEYRING}", f"--include={','.join(packages)}", suite, str(directory)]
    # debootstrap reads an empty mirror as "the default one".
    command += [mirror or "", f"/usr/share/debootstrap/scripts/{script}"]
    say(f"making Debian {suite} in {directory.parent}: about a minute, once")
    lines: list[str] = []
    with subprocess.Popen(
        command,
        env=os.environ | _proxies(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        said: set[str] = set()
        for line in process.stdout:
            lines.append(line.strip())
            phase = next((PHASES[start] for start in PHASES if line.startswith(start)), None)
            if phase and phase not in said:
                said.add(phase)
                say(f"  {phase}")
    if process.returncode != 0:
        log = directory.with_name("debootstrap.log")
        raise EngineUnavailable(_why_debootstrap_failed(log, suite, mirror, lines))


def _why_debootstrap_failed(log: Path, suite: str, mirror: str | None, lines: list[str]) -> str:
    log.write_text("\n".join(lines) + "\n")
    reasons = [line for line in lines if line.startswith("E: ")] or lines[-1:]
    reason = reasons[-1] if reasons else "it said nothing"
    advice = f"the whole story is in {log}"
    if "getting release file" in reason or "download" in reason.lower():
        proxies = " ".join(f"{name}={value}" for name, value in _proxies().items())
        advice = f"check the network and the proxy ({proxies or 'none is set'}); {advice}"
    source = mirror or "its default mirror"
    return f"debootstrap of {suite} from {source} failed: {reason}; {advice}"


def _mirror() -> str | None:
    """The Debian mirror of the machine's own apt sources; None for debootstrap's default."""
    system = platform.freedesktop_os_release()
    if system.get("ID") != "debian" or shutil.which("apt-get") is None:
        return None
    listing = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    targets = subprocess.run([*listing, "Created-By: Packages"], capture_output=True, text=True)
    ours = f" {system.get('VERSION_CODENAME', 'stable')} main"
    for line in targets.stdout.splitlines():
        # Third-party sources name the same suite, but Debian alone calls its component main.
        if line.endswith(ours) and line.startswith(("http:", "https:")):
            return line.removesuffix(ours)
    return None


def _proxies() -> dict[str, str]:
    """Apt's proxies as environment variables, where the environment itself names none."""
    found = {}
    for scheme in ("http", "https"):
        name = f"{scheme}_proxy"
        value = os.environ.get(name) or os.environ.get(name.upper())
        if not value and shutil.which("apt-config"):
            ask = ["apt-config", "dump", "--format", "%v", f"Acquire::{scheme}::Proxy"]
            value = subprocess.run(ask, capture_output=True, text=True).stdout.strip()
        if value and value != "DIRECT":
            found[name] = value
    return found


def _strip(root: Path) -> None:
    """Drop what no engine and no build reads: package archives, lists, manuals."""
    for folder in ("var/cache/apt", "var/lib/apt/lists", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    for page in (root / "usr/share/doc").glob("*/*"):
        if page.name != "copyright" and not page.is_dir():
            page.unlink()
    # The engine's script binds the machine's own file over this one.
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").touch()
