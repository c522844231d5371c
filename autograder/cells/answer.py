"""The `%%dockerfile` cell: it writes the Dockerfile beside the notebook, and loses no other work.

A learner may write the Dockerfile in this cell or in an editor tab. What the cell wrote last is
remembered (as a hash, beside Jupyter's own checkpoints), so that a file which was changed
elsewhere is never lost: the cell shows the difference and stops.
"""

import difflib
import hashlib
import json
import os
import re
from pathlib import Path

from autograder.cells.message import CellMessage, FileRefused, prose
from autograder.cells.words import around
from autograder.errors import BadInput
from autograder.facts.dockerfile import has_instructions, parse

FILE = "Dockerfile"
_MEMORY = Path(".ipynb_checkpoints", "Dockerfile-cell.json")
_DIFF_LINES = 40
_LINE = re.compile(r"Dockerfile line (\d+): ")

_refused: tuple[str, bytes | None] | None = None
"""Why the last Dockerfile cell stopped, and the file that it left as it was."""


def dockerfile(line: str, cell: str) -> None:
    """Write the cell to ./Dockerfile.

    Refuses, with the difference, when the file was changed elsewhere since this cell wrote it.
    `%%dockerfile --replace` writes it all the same, once the difference was shown. Points at a
    line that cannot be parsed. A cell that holds no instruction leaves the file alone.
    """
    global _refused
    _refused = None
    try:
        replace = _wants_replace(line)
        if not has_instructions(cell):
            _say_untouched()
            return
        _write(Path(FILE), cell if cell.endswith("\n") else cell + "\n", replace=replace)
    except OSError as error:
        reason = f"{FILE} cannot be written: {error.strerror}"
        _refused = (reason, _there())
        raise FileRefused(prose(reason)) from None
    except FileRefused as error:
        _refused = (str(error).partition("\n")[0], _there())
        raise
    _point_at_mistake(cell)


def refusal() -> str | None:
    """Why the last Dockerfile cell stopped, as long as the file has not changed since."""
    return _refused[0] if _refused and _refused[1] == _there() else None


def _there() -> bytes | None:
    return Path(FILE).read_bytes() if Path(FILE).is_file() else None


def _wants_replace(line: str) -> bool:
    words = line.split()
    if words not in ([], ["--replace"]):
        raise FileRefused(
            prose(f"%%dockerfile takes nothing, or --replace; it got: {line.strip()}")
        )
    return bool(words)


def _say_untouched() -> None:
    if Path(FILE).exists():
        print(f"This cell holds no instruction yet: the {FILE} in this folder stays as it is.")
    else:
        print("This cell holds no instruction yet: write your Dockerfile below its first line.")


def _write(path: Path, text: str, *, replace: bool) -> None:
    memory = _recall()
    there = path.read_bytes() if path.exists() else None
    ours = there is None or there == text.encode() or _hash(there) == memory.get("written")
    # In grading, what the cell says is the hand-in: nobody is there to look at a difference.
    graded = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    if there is not None and not (ours or graded):
        shown = _hash(there) == memory.get("shown")
        _remember(memory | {"shown": _hash(there)})
        if not (replace and shown):
            raise FileRefused(_difference(there.decode(errors="replace"), text))
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    _remember({"written": _hash(text.encode())})
    print(f"{FILE} replaced." if not ours and not graded else f"{FILE} written.")


def _difference(there: str, wanted: str) -> str:
    rows = list(
        difflib.unified_diff(
            there.splitlines(), wanted.splitlines(), f"{FILE} (the file)", f"{FILE} (this cell)",
            lineterm="",
        )
    )  # fmt: skip
    more = len(rows) - _DIFF_LINES
    cut = [f"… and {more} more lines"] if more > 0 else []
    return "\n".join(
        (
            f"{FILE} was changed outside this cell, so it was not overwritten.",
            "",
            *rows[:_DIFF_LINES],
            *cut,
            "",
            prose(
                "To keep the file: copy it into this cell, or clear this cell.",
                "To overwrite it: make this cell's first line %%dockerfile --replace and run it.",
            ),
        )
    )


def _point_at_mistake(cell: str) -> None:
    try:
        parse(cell)
    except BadInput as error:
        first = f"{FILE} was written, but it cannot be built."
        at = _LINE.search(str(error))
        rows = around(cell, int(at[1])) if at else []
        raise CellMessage("\n".join((first, prose(str(error)), *rows))) from None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _recall() -> dict[str, str]:
    try:
        told = json.loads(_MEMORY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _remember(memory: dict[str, str]) -> None:
    _MEMORY.parent.mkdir(exist_ok=True)
    _MEMORY.write_text(json.dumps(memory), encoding="utf-8")
