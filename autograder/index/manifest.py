"""Which wheels the course's package index holds: a real index as it was at two real dates."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from packaging.utils import parse_wheel_filename
from packaging.version import Version

Arch = Literal["amd64", "arm64"]
Date = Literal["then", "now"]

PYTHON = "3.11"

#: A file is on offer at a date when it was uploaded before that moment. "then" is one week after
#: Poetry 1.7.0 came out and six days before 1.7.1; "now" is when the snapshot was taken.
CUTOFF: dict[Date, datetime] = {
    "then": datetime(2023, 11, 10, tzinfo=UTC),
    "now": datetime(2026, 11, 1, tzinfo=UTC),
}

_FILE = Path(__file__).with_name("wheels.txt")
_PUBLIC = Path(__file__).with_name("public_versions.txt")


@dataclass(frozen=True, order=True)
class Wheel:
    """One file of the index.

    `sha256` is in hexadecimal; `uploaded` is the moment the public index received the file;
    `arch` is `any` for a wheel that every engine can install.
    """

    filename: str
    sha256: str
    uploaded: datetime
    arch: Literal["any", "amd64", "arm64"]

    @property
    def project(self) -> str:
        """The normalised project name, such as `poetry-core`."""
        return parse_wheel_filename(self.filename)[0]

    @property
    def version(self) -> str:
        """The version as the file name spells it."""
        return self.filename.split("-")[1]

    @property
    def platforms(self) -> frozenset[str]:
        """The platform tags of the file, such as `any` or `manylinux_2_17_x86_64`."""
        return frozenset(tag.platform for tag in parse_wheel_filename(self.filename)[3])

    def is_offered(self, date: Date) -> bool:
        """Whether the public index offered the file at that date."""
        return self.uploaded < CUTOFF[date]

    def line(self) -> str:
        """The wheel as one line of the manifest."""
        return f"{self.uploaded.isoformat()} {self.sha256} {self.arch:5} {self.filename}"


def parse(text: str) -> tuple[Wheel, ...]:
    """Read a manifest: `upload-time sha256 architecture filename`, `#` starts a comment.

    Raises ValueError for a line that is none of these.
    """
    wheels = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        uploaded, sha256, arch, filename = line.split()
        if arch != "any" and arch not in get_args(Arch):
            raise ValueError(f"unknown architecture in the manifest: {arch}")
        wheels.append(Wheel(filename, sha256, datetime.fromisoformat(uploaded), arch))  # type: ignore[arg-type]
    return tuple(wheels)


def write(wheels: Iterable[Wheel]) -> None:
    """Replace the committed manifest."""
    head = (
        "# The wheels of the course's package index, Python 3.11 on Linux.\n"
        "# upload-time sha256 architecture filename; see `python -m autograder.index.snapshot`.\n"
    )
    _FILE.write_text(head + "".join(f"{wheel.line()}\n" for wheel in sorted(wheels)))


def write_public_versions(versions: Mapping[str, Iterable[Version]]) -> None:
    """Replace the committed list of what the public index has of each project."""
    head = '# What the public index had at "now"; see `python -m autograder.index.snapshot`.\n'
    rows = [f"{name} {' '.join(map(str, sorted(of)))}\n" for name, of in sorted(versions.items())]
    _PUBLIC.write_text(head + "".join(rows))


@cache
def offered_versions() -> Mapping[str, tuple[str, ...]]:
    """The versions that the course's index has now, oldest first, by normalised project name."""
    found: defaultdict[str, set[Version]] = defaultdict(set)
    for wheel in all_wheels():
        found[wheel.project].add(Version(wheel.version))
    return {name: tuple(map(str, sorted(versions))) for name, versions in found.items()}


@cache
def public_versions() -> Mapping[str, tuple[str, ...]]:
    """The versions that the public index had at "now", by normalised project name."""
    rows = (row.split() for row in _PUBLIC.read_text().splitlines() if not row.startswith("#"))
    return {name: tuple(versions) for name, *versions in rows}


@cache
def all_wheels() -> tuple[Wheel, ...]:
    """Every wheel of the committed manifest."""
    return parse(_FILE.read_text())


def wheels_for(arch: Arch) -> tuple[Wheel, ...]:
    """The wheels that an engine of this architecture is served."""
    return tuple(wheel for wheel in all_wheels() if wheel.arch in ("any", arch))


def fingerprint(arch: Arch) -> str:
    """A short name for exactly this set of wheels and dates."""
    text = "\n".join([*map(Wheel.line, wheels_for(arch)), *map(str, CUTOFF.values())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
