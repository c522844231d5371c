"""Which Poetry ran in a build, noted by the build itself.

pip and uv sign what they install with their own names, also what a Poetry exported. Then the
hand-in is built once more, with a `sitecustomize` in which every run of Poetry notes its version:
https://docs.python.org/3/library/site.html#module-sitecustomize
"""

import base64
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.evidence.stages import can_run
from autograder.facts.dockerfile import Dockerfile
from autograder.facts.instructions import Instruction
from autograder.facts.observation import PoetryRun

_SCRIPT = Path(__file__).with_name("note_poetry.py")
_LOG = "/course-note"
"""What the script calls the file of the notes; each build has it elsewhere."""
# Beside PYTHONPATH, which `python -E` does not read (so pipx starts its programs), the notes are
# taken from Python's own library: every environment that is made from this Python reads that.
_WRITE = (
    "import base64, os, sysconfig; os.umask(0); os.makedirs('{folder}');"
    " open('{log}', 'x').close(); script = base64.b64decode('{script}');"
    " [open(f + '/sitecustomize.py', 'ab').write(bytes([10]) + script)"
    " for f in ('{folder}', sysconfig.get_path('stdlib'))]"
)
MOST_NOTED = 20_000
"""Characters that are read of each stage's notes."""


@dataclass(frozen=True)
class _Places:
    """Where one build has its script and its notes.

    Nobody knows that before it runs: who writes to the notes has to look for them.
    """

    folder: str
    log: str

    @classmethod
    def anew(cls) -> "_Places":
        return cls(f"/usr/share/{secrets.token_hex(8)}", f"/usr/lib/{secrets.token_hex(8)}")


def noting(dockerfile: Dockerfile, text: str, helper: str) -> str:
    """A Dockerfile's text with notes taken in every stage, and a last stage that holds them all.

    text: the Dockerfile as it is built, line for line.
    """
    lines, at = text.split("\n"), _Places.anew()
    noted = [stage for stage in dockerfile.needed_stages() if can_run(stage, dockerfile)]
    for row in sorted(_places(dockerfile), key=lambda row: -row.end_line):
        lines[row.end_line : row.end_line] = _additions(row, at)
    copies = [f"COPY --from={s.index} {at.log} /noted/{s.index}" for s in noted]
    return "\n".join([*lines, "", f"FROM {helper}", *copies, ""])


def _places(dockerfile: Dockerfile) -> Iterator[Instruction]:
    """The instructions after which a note must be set up, or set up again."""
    froms = [row for row in dockerfile.instructions if row.keyword == "FROM"]
    for row, stage in zip(froms, dockerfile.stages, strict=True):
        if not isinstance(stage.base, int) and stage.base.reference != "scratch":
            yield row
    for row in dockerfile.instructions:
        if row.keyword == "ENV" and "PYTHONPATH" in row.value:
            yield row


def _additions(row: Instruction, at: _Places) -> list[str]:
    if row.keyword == "ENV":
        return [f"ENV PYTHONPATH={at.folder}:$PYTHONPATH"]
    script = base64.b64encode(_SCRIPT.read_text().replace(_LOG, at.log).encode()).decode()
    write = _WRITE.format(folder=at.folder, log=at.log, script=script)
    return [f'RUN ["python3", "-I", "-c", "{write}"]', f"ENV PYTHONPATH={at.folder}"]


def read_runs(printed: Iterable[str]) -> tuple[PoetryRun, ...]:
    """The runs that the notes tell of. They are a stranger's: what is no note is left out."""
    rows = [row.split() for row in printed]
    return tuple(PoetryRun(row[0][:20], row[1][:20]) for row in rows if len(row) == 2)
