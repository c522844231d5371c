"""The files that JupyterLab shows and saves. JupyterLab's server imports it; see `lab.command`."""

from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from autograder import welcome


class Contents(AsyncLargeFileManager):
    """JupyterLab's files, among which the welcome page is as of now and cannot be edited."""

    async def get(self, path: str, *args: Any, **named: Any) -> dict[str, Any]:
        """The file at `path`, as the base class has it."""
        ours = Path(path.strip("/")) == welcome.PAGE
        if ours:
            welcome.write(Path(self.root_dir))
        model: dict[str, Any] = await super().get(path, *args, **named)  # type: ignore[no-untyped-call]
        return model | {"writable": False} if ours else model
