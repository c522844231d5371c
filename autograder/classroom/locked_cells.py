"""The locked cells of a graded notebook, run by a kernel that no learner's code ever reaches.

The kernel is started once, in an empty folder, and judges one hand-in after another. It is given
their files as data (`hand_in.give`), a grading engine, and the text of the course's own cells.
"""

import atexit
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.errors import BadInput, NotJudged
from autograder.hand_in import GIVEN, HandIn, give
from autograder.limits import LIMITS
from autograder.submission import is_locked

_CLEAN = "%reset -f"


@dataclass
class LockedCells:
    """A kernel that runs the locked cells of a notebook. Used as a context manager.

    notebook: the course's own notebook, as it is released.
    environment: what leads the kernel to the grading engine (`Ready.environment`).
    scratch: where its files are; whoever has that folder removes what a killed process leaves.
    """

    notebook: NotebookNode
    environment: Mapping[str, str]
    scratch: Path

    def __enter__(self) -> Self:
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(dir=self.scratch)
        self._given = Path(self._folder.name, "hand-in.json")
        self._manager: KernelManager | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()
        self._folder.cleanup()

    def run(self, hand_in: HandIn | BadInput) -> dict[str, list[Any]]:
        """The outputs of each locked code cell, by its id, for one hand-in.

        Raises NotJudged when the kernel dies or never ends.
        """
        give(self._given, hand_in)
        cells = [_code(_CLEAN), *self._locked()]
        ran: NotebookNode = new_notebook(cells=cells)  # type: ignore[no-untyped-call]
        client = NotebookClient(
            ran, km=self._kernel(), timeout=LIMITS.cell_seconds, allow_errors=True
        )
        try:
            client.execute(cleanup_kc=False)
        except (DeadKernelError, CellTimeoutError, RuntimeError) as error:
            # The last one is jupyter_client's, for a kernel that was not there in time.
            self._end()
            raise NotJudged(f"the kernel that runs the checks failed: {error}") from error
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            # It stays where the kernel died as it started, and would end in a traceback of its own.
            atexit.unregister(client._cleanup_kernel)
        return {cell.id: cell.outputs for cell in ran.cells[1:]}

    def _locked(self) -> list[NotebookNode]:
        return [
            _code(cell.source, id=cell.id)
            for cell in self.notebook.cells
            if cell.cell_type == "code" and is_locked(cell)
        ]

    def _kernel(self) -> KernelManager:
        """The kernel; started when there is none."""
        if self._manager is None:
            empty = Path(self._folder.name, "empty")
            empty.mkdir(exist_ok=True)
            manager = KernelManager(
                kernel_name="python3",
                connection_file=str(Path(self._folder.name, "kernel.json")),
                shutdown_wait_time=60.0,
                # While the usual client waits for a word, nbclient does not see the kernel die.
                client_class="jupyter_client.asynchronous.AsyncKernelClient",
            )
            variables = {GIVEN: str(self._given), "COURSE_YES": "1", "PYTHONSAFEPATH": "1"}
            manager.start_kernel(
                env={**os.environ, **self.environment, **variables},
                cwd=str(empty),
                extra_arguments=["--log-level=ERROR", "--HistoryManager.hist_file=:memory:"],
                # Of itself it speaks only where it is ended in the middle: of that we tell.
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self._manager = manager
        return self._manager

    def _end(self) -> None:
        manager, self._manager = self._manager, None
        if manager is not None and manager.is_alive():  # nbclient ends one that did not start
            manager.shutdown_kernel()


def _code(source: str, **more: str) -> NotebookNode:
    cell: NotebookNode = new_code_cell(source, **more)  # type: ignore[no-untyped-call]
    return cell
