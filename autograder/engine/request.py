"""What a build is asked to do, and what it reports on its way."""

import io
import tarfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from autograder.engine.failure import LONGEST_LINE
from autograder.engine.ignore_file import kept_back
from autograder.engine.under_way import UnderWay
from autograder.facts.build import BUILD_SECONDS, Builder
from autograder.facts.dockerfile import Dockerfile

SENT_AT = 315_619_200
"""1980-01-02, in seconds: the age of every file that is sent. A ZIP file holds none that is older:
https://docs.python.org/3/library/zipfile.html#zipfile.ZipFile"""


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
    programs: which of the files may be run, by anybody.
    tag: the reference to give the image.
    hosts: host name -> address, as `--add-host` gives them to every RUN.
    caches: whose cache mounts it uses, and no others; `` for those that all builds share.
    timeout: wall-clock seconds for the whole build.
    longest_line: where a line is cut that a step printed.
    under_way: where a build says how another thread ends it.
    """

    files: Mapping[str, bytes]
    dockerfile: Dockerfile
    tag: str
    builder: Builder = "buildkit"
    hosts: Mapping[str, str] = field(default_factory=dict)
    caches: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    timeout: float = BUILD_SECONDS
    longest_line: int = LONGEST_LINE
    progress: Callable[[Progress], None] = lambda _: None
    under_way: UnderWay = field(default_factory=UnderWay, compare=False)


def sent(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that a client sends: all that `.dockerignore` does not keep back, and itself.

    The builder gets a finished archive, so what the docker command does before is ours to do:
    https://docs.docker.com/build/concepts/context/#dockerignore-files

    Raises BadInput, with the line, for a pattern that Docker refuses.
    """
    own = "Dockerfile.dockerignore"
    name = own if own in files else ".dockerignore"
    back = kept_back(files.get(name, b"").decode("utf-8-sig", "replace"), name, files)
    back -= {"Dockerfile", ".dockerignore"}
    return {path: data for path, data in files.items() if path not in back}


def pack(files: Mapping[str, bytes], programs: Collection[str] = ()) -> bytes:
    """The files as a gzipped tar. Equal files give equal bytes, so only content moves the cache."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for folder in sorted({p for path in files for p in _parents(path)}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, SENT_AT
            tar.addfile(entry)
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), 0o755 if path in programs else 0o644
            entry.mtime = SENT_AT
            tar.addfile(entry, io.BytesIO(files[path]))
    # zlib, not gzip: version=2 wants gzip framing, and gzip.compress writes the time into it.
    gzip_framing = zlib.compressobj(1, zlib.DEFLATED, 31)
    return gzip_framing.compress(raw.getvalue()) + gzip_framing.flush()


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
