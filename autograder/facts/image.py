"""An image: its layers, and the Python environments in its file system."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SILENT_INSTALLERS = frozenset({"pip", "uv"})
"""Who signs with its own name what a Poetry told it to install, by `poetry export` or by itself."""


@dataclass(frozen=True)
class Layer:
    """One row of an image's history.

    instruction: the Dockerfile instruction that made it, without the builder's decoration.
    size: bytes it adds; 0 for a row that only changes the configuration.
    """

    instruction: str
    size: int


@dataclass(frozen=True)
class Distribution:
    """One installed package, as its dist-info folder tells.

    installer: what the INSTALLER file says (`pip`, `Poetry 1.7.0`), `` when there is none;
    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    modified_ns, changed_ns: the folder's mtime and ctime in nanoseconds since the epoch. Whoever
    writes a folder can set its mtime; its ctime is the engine's own clock, at the last write to it.
    """

    name: str
    version: str
    installer: str
    modified_ns: int
    changed_ns: int = 0


@dataclass(frozen=True)
class Environment:
    """One folder that Python imports from, with the packages that the check asked about."""

    path: str
    distributions: Mapping[str, Distribution] = field(default_factory=dict)

    def holds(self, names: tuple[str, ...]) -> bool:
        """Whether every one of these packages is installed here."""
        return all(name in self.distributions for name in names)


def as_imported(
    environments: Iterable[Environment],
    folders: Iterable[str],
    needed: tuple[str, ...],
    places: Mapping[str, Iterable[str]] | None = None,
) -> Environment | None:
    """What Python finds in these folders, in order, as one environment; None where none is one.

    What an earlier folder holds hides the same package in a later one. It is named after the first
    that holds any of what is needed.

    places: the folders of what has been imported, by package; they are not asked for the order, as
        that may have been another one at the time.
    """
    by_path = {e.path: e for e in environments}
    also = (path for its_own in (places or {}).values() for path in its_own)
    used = [by_path[path] for path in dict.fromkeys((*folders, *also)) if path in by_path]
    if not used:
        return None
    rows: dict[str, Distribution] = {}
    for environment in reversed(used):
        rows |= environment.distributions
    for name, its_own in (places or {}).items():
        holders = (by_path[path].distributions for path in its_own if path in by_path)
        row = next((holder[name] for holder in holders if name in holder), None)
        if row:
            rows[name] = row
    holding = [e for e in used if any(name in e.distributions for name in needed)]
    return Environment((holding or used)[0].path, rows)


@dataclass(frozen=True)
class ImageFacts:
    """An image's id (`sha256:…`), size in bytes, layers from the base up, and environments."""

    image_id: str
    size: int
    layers: tuple[Layer, ...]
    environments: tuple[Environment, ...]
