"""What the running app answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Imported:
    """A package that the running app has imported, or would import from where it does now.

    version: as the package tells it; `` where it tells none.
    folders: the one that Python found it in, and the one that its files are in where it has links.
    """

    version: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class AppAnswer:
    """The answer to one GET, asked from another container.

    status: the HTTP status, or None when nothing answered in time.
    body: the JSON object it answered, or None.
    nonce: what its source told beside the answer to this very request; `` where it told nothing.
    imports_from: the folders that it imports from, in order, as told beside the answer.
    imported: the locked packages, by canonical name, as told there too; not those that it cannot
        import.
    problem: why there is no answer, with what the container last printed.
    seconds: from the container's start to the answer.
    """

    status: int | None
    body: Mapping[str, object] | None
    seconds: float
    problem: str = ""
    logs: str = ""
    nonce: str = ""
    imports_from: tuple[str, ...] = ()
    imported: Mapping[str, Imported] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, tuple[str, ...]]:
        """The folders of every package in `imported`."""
        return {name: package.folders for name, package in self.imported.items()}
