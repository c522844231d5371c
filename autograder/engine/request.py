"""What a build is asked to do, and what it reports on its way."""

import io
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from autograder.facts.build import Builder
from autograder.facts.dockerfile import Dockerfile

BUILD_SECONDS = 600.0


@dataclass(frozen=True)
class Progress:
    """A moment of a build: step `number` of `total`, its name, and the last line it printed."""

    number: int
    total: int
    name: str
    line: str = ""
    cached: bool = False


@dataclass(frozen=True)
class BuildRequest:
    """A build context and how to build it.

    files: path inside the context -> bytes; `Dockerfile` is one of them.
    tag: the reference to give the image.
    hosts: host name -> address, as `--add-host` gives them to every RUN.
    timeout: wall-clock seconds for the whole build.
    """

    files: Mapping[str, bytes]
    dockerfile: Dockerfile
    tag: str
    builder: Builder = "buildkit"
    hosts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    no_cache: bool = False
    timeout: float = BUILD_SECONDS
    progress: Callable[[Progress], None] = lambda _: None


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files as a gzipped tar. Equal files give equal bytes, so only content moves the cache."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for folder in sorted({p for path in files for p in _parents(path)}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), 0o644
            tar.addfile(entry, io.BytesIO(files[path]))
    # zlib, not gzip: version=2 wants gzip framing, and gzip.compress writes the time into it.
    gzip_framing = zlib.compressobj(1, zlib.DEFLATED, 31)
    return gzip_framing.compress(raw.getvalue()) + gzip_framing.flush()


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
