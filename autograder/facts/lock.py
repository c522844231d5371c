"""A poetry.lock, read as data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name


@dataclass(frozen=True)
class Lock:
    """Locked versions by canonical package name."""

    versions: Mapping[str, str]

    def changed_from(self, other: "Lock") -> tuple[str, ...]:
        """The packages whose version differs from the other lock's, sorted."""
        return tuple(
            sorted(n for n, v in self.versions.items() if other.versions.get(n) not in (None, v))
        )


def read_lock(text: str) -> Lock:
    """The versions that a poetry.lock names.

    Format: https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock
    """
    packages = tomllib.loads(text).get("package", [])
    return Lock({canonicalize_name(p["name"]): str(p["version"]) for p in packages})
