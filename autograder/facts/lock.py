"""Which versions a project's own file names, read as data: its poetry.lock or requirements.txt."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True)
class Lock:
    """One version of each package, by canonical name, and the file that names them."""

    versions: Mapping[str, str]
    file: str = "poetry.lock"

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


def read_requirements(text: str) -> Lock:
    """The versions that a requirements.txt names, where every line is `NAME==VERSION`.

    Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    versions: dict[str, str] = {}
    for requirement in (Requirement(line) for line in lines if line):
        (pin,) = requirement.specifier
        assert pin.operator == "==", f"the course's own requirements name versions: {requirement}"
        versions[canonicalize_name(requirement.name)] = pin.version
    return Lock(versions, "requirements.txt")
