"""Packs what the index's container needs into one tar, for the engine's archive door.

Nothing is mounted: the engine may be on another machine or in a virtual one.
"""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from autograder.index.certificate import Certificate
from autograder.index.manifest import Arch, Wheel, fingerprint, wheels_for

FOLDER = "index"
#: The server runs on the wheels of the course's app: the oldest of each, which the lock names.
SERVER_PROJECTS = (
    ("starlette", "0.27.0"),
    ("anyio", "3.7.1"),
    ("sniffio", "1.3.0"),
    ("idna", "3.4"),
    ("uvicorn", "0.24.0.post1"),
    ("click", "8.1.7"),
    ("h11", "0.14.0"),
    ("typing_extensions", "4.8.0"),
)
_SERVER = Path(__file__).with_name("server.py")


def archive_fingerprint(arch: Arch, certificate: Certificate) -> str:
    """A short name for what `pack` would pack: the same name, the same service."""
    parts = (fingerprint(arch), certificate.chain, _SERVER.read_text(), repr(SERVER_PROJECTS))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def pack(out: IO[bytes], arch: Arch, site: Path, wheels: Path, certificate: Certificate) -> None:
    """Write the server, its libraries, the site, the wheels and the certificate as a tar."""
    chosen = wheels_for(arch)
    with tarfile.open(fileobj=out, mode="w") as tar:
        _add_bytes(tar, "server.py", _SERVER.read_bytes())
        _add_bytes(tar, "chain.pem", certificate.chain.encode())
        _add_bytes(tar, "key.pem", certificate.key.encode(), mode=0o600)
        tar.add(site, f"{FOLDER}/site", filter=_owned_by_root)
        for wheel in chosen:
            path = wheels / wheel.filename
            tar.add(path, f"{FOLDER}/wheels/{wheel.filename}", filter=_owned_by_root)
        _add_libraries(tar, chosen, wheels)


def _add_libraries(tar: tarfile.TarFile, chosen: Iterable[Wheel], wheels: Path) -> None:
    for wheel in chosen:
        if (wheel.filename.split("-")[0], wheel.version) in SERVER_PROJECTS:
            with zipfile.ZipFile(wheels / wheel.filename) as contents:
                for name in contents.namelist():
                    if not name.endswith("/"):
                        _add_bytes(tar, f"lib/{name}", contents.read(name))


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(f"{FOLDER}/{name}")
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry
