"""What JupyterLab's server takes from the course: the welcome page, and Validate in the background.

JupyterLab's server imports it; `lab.command` names it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbgrader.server_extensions.validate_assignment import handlers
from tornado import web

from autograder import welcome
from autograder.limits import LIMITS

VALIDATE_SECONDS = 2 * LIMITS.hand_in_seconds
"""All builds of a notebook end before, or are ended."""


class Contents(AsyncLargeFileManager):
    """JupyterLab's files, among which the welcome page is as of now."""

    async def get(self, path: str, *args: Any, **named: Any) -> dict[str, Any]:
        """The file at `path`, as the base class has it."""
        if Path(path.strip("/")) == welcome.PAGE:
            welcome.write(Path(self.root_dir))
        return await super().get(path, *args, **named)  # type: ignore[no-untyped-call, no-any-return]


@web.authenticated
async def validate_apart(handler: Any) -> None:
    """Answer Validate as nbgrader does, from a process of its own.

    In nbgrader's own the whole of JupyterLab stands still until all builds have ended.
    """
    path = Path(handler.root_dir, handler.get_argument("path")).resolve()
    if not path.is_relative_to(Path(handler.root_dir).resolve()):
        raise web.HTTPError(403, "that notebook is not in the course's folder")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "autograder.validation", str(path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, complaint = await asyncio.wait_for(process.communicate(), VALIDATE_SECONDS)
    except TimeoutError:
        process.terminate()
        await process.wait()
        printed, complaint = b"", f"Validate did not end in {VALIDATE_SECONDS:.0f} s".encode()
    finally:
        if process.returncode is None:  # the server ends
            process.terminate()
    if process.returncode == 0:
        told = {"success": True, "value": json.loads(printed.splitlines()[-1])}
    else:
        handler.log.error(complaint.decode(errors="replace"))
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        told = {"success": False, "value": "".join(last)}
    handler.finish(json.dumps(told))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(_server: Any) -> None:
    handlers.ValidateAssignmentHandler.post = validate_apart
