"""The proof that the assignments are whole: `./course verify`.

Every stub fails every graded cell for the right reason, every solution gets full marks, and
release/ is what source/ generates, with nothing in it that a run of the notebook left behind. And
docs/checks.md is what the checks say.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.utils import determine_grade, is_grade
from traitlets.config import Config

from autograder import checks_page
from autograder.errors import NotJudged
from autograder.exercises import EXERCISES, Exercise
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT, NOT_JUDGED, error_in
from autograder.limits import LIMITS

GENERATE_SECONDS = 300
# What Docker, Jupyter, Python and an operating system leave where a notebook ran.
LEFTOVERS = (
    "Dockerfile",
    ".dockerignore",
    "build.log",
    ".DS_Store",
    ".ipynb_checkpoints/Dockerfile-cell.json",
    ".ipynb_checkpoints/Dockerfile-checkpoint",
)


@dataclass(frozen=True)
class Finding:
    """One line of the proof. problem: what is wrong, `` when nothing is."""

    assignment: str
    what: str
    problem: str
    seconds: float


@dataclass(frozen=True)
class Case:
    """One assignment of the course in `project`, and a folder to prove things in.

    environment: what a kernel needs to reach the engine.
    """

    exercise: Exercise
    project: Path
    folder: Path
    environment: Mapping[str, str]


def verify(
    project: Path, environment: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[Finding]:
    """Prove every assignment of the course in `project`, in copies, on the environment's engine.

    Raises NotJudged when the engine fails on the way.
    """
    began = time.monotonic()
    problem = checks_page.stale(project)
    yield Finding("all", f"{checks_page.PAGE} is up to date", problem, time.monotonic() - began)
    with tempfile.TemporaryDirectory(prefix="course-verify-") as place:
        for slug, exercise in EXERCISES.items():
            case = Case(exercise, project, Path(place, slug), environment)
            for what, proof in PROOFS.items():
                say(f"{slug}: {what} …")
                began = time.monotonic()
                problem = proof(case)
                yield Finding(slug, what, problem, time.monotonic() - began)


def criteria(case: Case) -> str:
    """Whether the graded cells carry the criteria's names and points, in order."""
    slug = case.exercise.slug
    notebook = _read(case.project / "source" / slug / f"{slug}.ipynb")
    cells = [(c.metadata.nbgrader.grade_id, c.metadata.nbgrader.points) for c in _graded(notebook)]
    asked = [(criterion.id, criterion.points) for criterion in case.exercise.criteria]
    return "" if cells == asked else f"the cells say {cells}, the exercise says {asked}"


def freshness(case: Case) -> str:
    """Whether release/ is what nbgrader makes of a source/ that was run and left untidy."""
    slug, course = case.exercise.slug, case.folder / "generate"
    shutil.copytree(case.project / "source" / slug, course / "source" / slug)
    shutil.copy(case.project / "nbgrader_config.py", course)
    for name in (*LEFTOVERS, f"{case.exercise.package}/__pycache__/main.cpython-311.pyc"):
        left = course / "source" / slug / name
        left.parent.mkdir(exist_ok=True)
        left.write_text("left behind by a run\n")
    return _difference(_files(case.project / "release" / slug), _files(generate(slug, course)))


def generate(slug: str, course: Path) -> Path:
    """Run `nbgrader generate_assignment` in a course folder; the folder it made in release/.

    Raises NotJudged with nbgrader's last line when it fails.
    """
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", slug, "--force"]
    done = subprocess.run(
        command, cwd=course, capture_output=True, text=True, timeout=GENERATE_SECONDS
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotJudged(f"nbgrader could not generate {slug}: {last}")
    return course / "release" / slug


def stub(case: Case) -> str:
    """Whether an untouched notebook fails everywhere, and says that there is no Dockerfile."""
    notebook = run(case, "release")
    if NO_DOCKERFILE not in "".join(_texts(notebook)):
        return f"the build cell does not say: {NO_DOCKERFILE}"
    for cell in _graded(notebook):
        if determine_grade(cell)[0] != 0 or _errors(cell) != [NOT_BUILT]:
            return f"{cell.metadata.nbgrader.grade_id} does not say: {NOT_BUILT}"
    return ""


def solved(case: Case) -> str:
    """Whether the solution in source/ passes every graded cell."""
    for cell in _graded(run(case, "source")):
        points, most = determine_grade(cell)
        if points != most:
            said = " ".join(_errors(cell)) or "it wrote to stderr"
            return f"{cell.metadata.nbgrader.grade_id} gets {points:g} of {most:g}: {said}"
    return ""


PROOFS: Mapping[str, Callable[[Case], str]] = {
    "the criteria are the exercise's": criteria,
    "release/ is what source/ makes": freshness,
    "the stub fails every cell": stub,
    "the solution gets full marks": solved,
}
"""Each returns what is wrong, or `` when nothing is."""


def run(case: Case, tree: str) -> NotebookNode:
    """Run a copy of `source` or `release` from top to bottom. Raises NotJudged when a cell does."""
    slug, folder = case.exercise.slug, case.folder / tree
    for name in (f"{slug}.ipynb", *case.exercise.app_files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(case.project / tree / slug / name, folder / name)
    notebook = _read(folder / f"{slug}.ipynb")
    client = NotebookClient(
        notebook,
        timeout=LIMITS.cell_seconds,
        allow_errors=True,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        # A kernel removes its images when it ends: let it, also on a busy machine.
        config=Config({"KernelManager": {"shutdown_wait_time": 60.0}}),
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, **case.environment})
    for said in (said for cell in notebook.cells for said in _errors(cell)):
        if said.startswith(NOT_JUDGED):
            raise NotJudged(said.removeprefix(NOT_JUDGED))
    return notebook


def _read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def _graded(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if is_grade(cell)]


def _errors(cell: NotebookNode) -> list[str]:
    return [said for output in cell.get("outputs", []) if (said := error_in(output))]


def _texts(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield str(output.get("data", {}).get("text/plain", ""))


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _difference(there: Mapping[str, bytes], made: Mapping[str, bytes]) -> str:
    stray, missing = sorted({*there} - {*made}), sorted({*made} - {*there})
    other = sorted(name for name in {*there} & {*made} if there[name] != made[name])
    parts = (
        f"release/ holds what source/ does not make: {', '.join(stray)}" if stray else "",
        f"release/ lacks: {', '.join(missing)}" if missing else "",
        f"release/ is out of date: {', '.join(other)}" if other else "",
    )
    return "; ".join(part for part in parts if part)
