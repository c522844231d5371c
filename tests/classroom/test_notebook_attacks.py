"""One batch of hostile submissions: nobody's code runs, and everybody gets what they deserve.

Most attackers hand in a Dockerfile that an honest learner hands in as well, so that few are built
and the score tells apart: 0 would be a batch that broke, 10 an attack that worked.
"""

import copy
import csv
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder import places
from autograder.classroom.converter import SafeAutograde
from autograder.engine import processes
from autograder.engine.own import course_engine
from autograder.errors import BadInput
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT, NOT_JUDGED
from autograder.hand_in import NBGRADER_FILES, HandIn
from autograder.outcome import printable
from autograder.ready import Ready
from autograder.submission import MOST_CELLS

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(900)]

SLUG = "step-3-pin-and-split"
NAME = f"{SLUG}.ipynb"
COURSE = "container-course"
RIGHT = """\
FROM python:3.11
RUN pip install poetry==1.7.0
WORKDIR /app
COPY poetry.lock pyproject.toml ./
RUN poetry install --no-root --with prod
COPY . .
RUN poetry install
CMD ["poetry", "run", "gunicorn", "basic_improvements.main:app"]
"""
UNPINNED = RIGHT.replace("poetry==1.7.0", "poetry")
BROKEN = "FROM python:3.11\nRUN false\n"
DESERVED = {RIGHT: 10, UNPINNED: 8, BROKEN: 0}
LIVE = "<script>alert('course-attack')</script><img src=x onerror=alert('course-attack')>"
SHOWN = "alert('course-attack')"
HANDED_IN = "2026-01-02 03:04:05.000000 UTC"
FAKED = "passed: because I say so"
"""What a learner saved as the output of a check."""


@dataclass
class Desk:
    """Where one attacker works: a folder to fill, and a released notebook to change."""

    folder: Path
    marker: Path
    honest: Path
    notebook: dict[str, Any]

    @property
    def cells(self) -> list[dict[str, Any]]:
        return self.notebook["cells"]

    @property
    def file(self) -> Path:
        return self.folder / NAME

    @property
    def touch(self) -> str:
        """Python that makes the marker: proof that an attacker's code ran."""
        return f"open({str(self.marker)!r}, 'a').close()"

    @property
    def checks(self) -> list[dict[str, Any]]:
        return [cell for cell in self.cells if cell["metadata"]["nbgrader"]["grade"]]

    def answer(self, dockerfile: str) -> None:
        (cell,) = [cell for cell in self.cells if cell["metadata"]["nbgrader"]["solution"]]
        cell["source"] = f"%%dockerfile\n{dockerfile}"

    def add(self, source: str, at: int = 0) -> None:
        cell = {"cell_type": "code", "id": f"mine-{len(self.cells)}", "source": source}
        self.cells.insert(at, cell | {"metadata": {}, "outputs": [], "execution_count": None})

    def put(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def save(self) -> None:
        """Write the notebook, where the attacker put nothing in its place."""
        if self.notebook and not os.path.lexists(self.file):
            self.file.write_text(json.dumps(self.notebook))


Make = Callable[[Desk], None]


@dataclass(frozen=True)
class Learner:
    """One who hands in.

    score: what the gradebook has to hold; None where nothing can be said of the learner's work.
    says: words of the feedback page; of the log where there is no score.
    """

    make: Make
    score: int | None
    says: str


CLASS: dict[str, Learner] = {}


def learner(score: int | None, says: str) -> Callable[[Make], Make]:
    """Enter a learner for the class, by the function's name."""

    def enter(make: Make) -> Make:
        CLASS[make.__name__.replace("_", "-")] = Learner(make, score, says)
        return make

    return enter


def answering(dockerfile: str, attack: Make = lambda _: None) -> Make:
    """First an answer, then the attack."""

    @wraps(attack)
    def make(desk: Desk) -> None:
        desk.answer(dockerfile)
        attack(desk)

    return make


def unpinned(attack: Make) -> Make:
    """Enter a learner whose Dockerfile deserves 8 points, whatever the attack."""
    learner(DESERVED[UNPINNED], "✓ passed")(answering(UNPINNED, attack))
    return attack


def right(desk: Desk) -> None:
    desk.answer(RIGHT)
    desk.put("Dockerfile", RIGHT)  # for others to link to
    desk.put("timestamp.txt", HANDED_IN)
    desk.put("submission_secret.txt", "honest")


CLASS["honest-right"] = Learner(right, DESERVED[RIGHT], "✓ passed")
CLASS["honest-wrong"] = Learner(answering(UNPINNED), DESERVED[UNPINNED], "not Poetry 1.7.0")
CLASS["not-begun"] = Learner(lambda _: None, 0, NO_DOCKERFILE)


# Cells that would be run

CELLS = {
    "import-os": "import os\nos.system('touch {marker}')",
    "shell-line": "!touch {marker}",
    "bash-cell": "%%bash\ntouch {marker}",
    "python-script": "%%script python3\n{touch}",
    "load-ext": "import sys\nsys.path.insert(0, '.')\n%load_ext evil",
    "redefined-helpers": """\
import autograder, autograder.cells
require = autograder.require = autograder.cells.require = lambda *_: None
observe = autograder.observe = autograder.cells.observe = lambda *_: None
{touch}""",
    "patched-checks": """\
import autograder.checks, autograder.exercises, docker
from autograder.outcome import passed
for name in dir(autograder.checks):
    setattr(autograder.checks, name, lambda *_: passed(seen="me"))
docker.from_env = lambda: None
{touch}""",
    "input-transformer": """\
def mine(lines):
    {touch}
    return ["pass\\n"] if any("require" in line for line in lines) else lines
get_ipython().input_transformers_cleanup.append(mine)
get_ipython().input_transformers_post.append(mine)""",
    "event-hooks": """\
def mine(*_):
    {touch}
    get_ipython().user_ns["require"] = print
for when in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
    get_ipython().events.register(when, mine)""",
    "at-exit": "import atexit\natexit.register(lambda: {touch})",
    "kills-the-kernel": "import os, signal\n{touch}\nos.kill(os.getpid(), signal.SIGKILL)",
    "never-ends": "{touch}\nwhile True: pass",
}


def first_and_last(source: str) -> Make:
    """An attack by a cell at the notebook's beginning, and once more at its end."""

    def attack(desk: Desk) -> None:
        text = source.replace("{touch}", desk.touch).replace("{marker}", str(desk.marker))
        desk.add(text)
        desk.add(text, at=len(desk.cells))

    return attack


for name, source in CELLS.items():
    make = answering(UNPINNED, first_and_last(source))
    CLASS[name] = Learner(make, DESERVED[UNPINNED], "✓ passed")


# What nbgrader goes by


@unpinned
def skipped_by_tag(desk: Desk) -> None:
    for cell in desk.checks:
        cell["metadata"]["tags"] = ["skip-execution"]


@unpinned
def checks_deleted(desk: Desk) -> None:
    for cell in desk.checks:
        desk.cells.remove(cell)


@unpinned
def checks_moved_above(desk: Desk) -> None:
    checks = desk.checks
    desk.cells[:] = [*checks, *(c for c in desk.cells if c not in checks)]


@unpinned
def all_pasted_twice(desk: Desk) -> None:
    desk.cells.extend(copy.deepcopy(desk.cells))


@unpinned
def checks_edited(desk: Desk) -> None:
    for cell in desk.checks:
        cell["source"] = desk.touch


@unpinned
def a_thousand_points(desk: Desk) -> None:
    for cell in desk.checks:
        cell["metadata"]["nbgrader"]["points"] = 1000


@unpinned
def checks_as_prose(desk: Desk) -> None:
    for cell in desk.checks:
        cell["cell_type"] = "markdown"
        del cell["outputs"], cell["execution_count"]


@unpinned
def checks_unlocked(desk: Desk) -> None:
    for cell in desk.checks:
        cell["metadata"]["nbgrader"].update(locked=False, grade=False, solution=True)
        cell["source"] = desk.touch


@learner(score=0, says=NO_DOCKERFILE)
def answer_in_a_locked_cell(desk: Desk) -> None:
    for cell in desk.checks:
        cell["source"] = f"%%dockerfile\n{RIGHT}"


@unpinned
def another_kernel(desk: Desk) -> None:
    desk.notebook["metadata"]["kernelspec"] = {"name": "bash", "display_name": "B"}
    desk.notebook["metadata"]["language_info"] = {"name": "bash"}
    desk.add(f"touch {desk.marker}")


@unpinned
def schema_of_tomorrow(desk: Desk) -> None:
    for cell in desk.cells:
        cell["metadata"]["nbgrader"]["schema_version"] = 99


@unpinned
def verdicts_faked(desk: Desk) -> None:
    for cell in desk.checks:
        cell["execution_count"] = 1
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": FAKED}]
        html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": LIVE}}
        cell["outputs"].append(html)


@unpinned
def another_notebook_beside(desk: Desk) -> None:
    desk.put("evil.ipynb", json.dumps(desk.notebook | {"cells": desk.checks[:1]}))
    desk.put(f"a-{NAME}", "{")


# What is no notebook


@learner(score=None, says="is not a notebook of format 4")
def format_of_tomorrow(desk: Desk) -> None:
    desk.notebook["nbformat"] = 99


@learner(score=None, says="is not JSON: it is damaged or cut off")
def cut_off(desk: Desk) -> None:
    desk.put(NAME, json.dumps(desk.notebook)[:2000])


@learner(score=None, says="is larger than 10 MB")
def two_hundred_megabytes(desk: Desk) -> None:
    with desk.file.open("wb") as file:
        file.truncate(200_000_000)


@learner(score=None, says="is nested more than 100 deep")
def deep(desk: Desk) -> None:
    desk.put(NAME, "[" * 100_000 + "]" * 100_000)


@learner(score=None, says=f"has more than {MOST_CELLS} cells")
def cells_without_end(desk: Desk) -> None:
    desk.cells.extend(copy.deepcopy(desk.cells[0]) for _ in range(5000))


@learner(score=None, says="is a link, not a notebook")
def link_to_anothers_notebook(desk: Desk) -> None:
    desk.file.symlink_to(desk.honest / NAME)


@learner(score=None, says="is not a regular file")
def pipe_as_notebook(desk: Desk) -> None:
    os.mkfifo(desk.file)


@learner(score=None, says="is not a regular file")
def folder_as_notebook(desk: Desk) -> None:
    desk.file.mkdir()


@learner(score=None, says="is missing")
def notebook_of_another_name(desk: Desk) -> None:
    desk.put("evil.ipynb", json.dumps(desk.notebook))
    desk.notebook.clear()


@learner(score=None, says="No notebooks were matched")
def no_notebook(desk: Desk) -> None:
    desk.put("Dockerfile", RIGHT)
    desk.notebook.clear()


# Files that are handed in


@learner(score=0, says="Dockerfile is a link that leads out of the folder")
def dockerfile_is_a_link(desk: Desk) -> None:
    (desk.folder / "Dockerfile").symlink_to("/etc/passwd")


@learner(score=0, says="mine is a link that leads out of the folder")
def companion_is_a_link(desk: Desk) -> None:
    desk.answer(RIGHT)
    (desk.folder / "mine").symlink_to(Path("../..", "honest-right", SLUG, NAME))


@learner(score=DESERVED[RIGHT], says="✓ passed")  # a hard link is a file: these are just bytes
def hard_link_to_anothers_dockerfile(desk: Desk) -> None:
    (desk.folder / "Dockerfile").hardlink_to(desk.honest / "Dockerfile")


@learner(score=DESERVED[RIGHT], says="✓ passed")  # the course's own files are laid over these
def app_and_lock_edited(desk: Desk) -> None:
    desk.answer(RIGHT)
    desk.put("basic_improvements/main.py", desk.touch)
    desk.put("poetry.lock", "")
    desk.put("poetry-second.lock", "")


@learner(score=DESERVED[UNPINNED], says="✓ passed")
def modules_beside(desk: Desk) -> None:
    desk.answer(UNPINNED)
    for module in ("docker", "re", "sitecustomize", "usercustomize", "conftest", "evil"):
        desk.put(f"{module}.py", desk.touch)
    desk.put("autograder/__init__.py", desk.touch)
    desk.put("nbgrader_config.py", desk.touch)
    desk.put("ipython_config.py", desk.touch)
    desk.put("gradebook.db", "")
    desk.put(os.fsdecode(b"\xff.py"), "")  # no UTF-8


@learner(score=0, says=NOT_BUILT.partition(":")[0])
def folders_where_the_courses_files_go(desk: Desk) -> None:
    desk.answer(BROKEN)
    desk.put("pyproject.toml/x", "")
    desk.put("poetry.lock/x", "")
    desk.put("basic_improvements", "")
    desk.put(f"{SLUG}.html/x", "")
    desk.add(f"%%writefile {NAME}/x\n")


OUTSIDE = ("../../course-attack", "/etc/course-attack", "~/course-attack")
for number, path in enumerate(OUTSIDE):
    CLASS[f"writes-outside-{number}"] = Learner(
        answering(RIGHT, lambda desk, path=path: desk.add(f"%%writefile {path}\nx\n")),
        0,
        "which leads out of the folder",
    )


@learner(score=None, says=NOT_JUDGED)
def wants_what_is_not_offered(desk: Desk) -> None:
    desk.answer("FROM alpine:3.20\nRUN false\n")


# Times


@learner(score=DESERVED[RIGHT], says="✓ passed")
def time_from_a_cell(desk: Desk) -> None:
    desk.answer(RIGHT)
    desk.add("%%writefile timestamp.txt\n2001-01-01 00:00:00 UTC\n")


@learner(score=None, says="timestamp.txt is not a regular file")
def pipe_as_time(desk: Desk) -> None:
    desk.answer(RIGHT)
    os.mkfifo(desk.folder / "timestamp.txt")


@learner(score=None, says="timestamp.txt holds no time")
def no_time_at_all(desk: Desk) -> None:
    desk.answer(RIGHT)
    desk.put("timestamp.txt", "never")


# HTML


@learner(score=0, says=SHOWN)
def html_in_a_build_that_fails(desk: Desk) -> None:
    live = LIVE.replace("'", "'\\''")
    desk.answer(f"FROM python:3.11\n# {LIVE}\nRUN echo '{live}'; echo '{live}' >&2; false\n")


@learner(score=0, says=SHOWN)
def html_that_is_no_instruction(desk: Desk) -> None:
    desk.answer(f"FROM python:3.11\n{LIVE}\n")


@learner(score=DESERVED[RIGHT], says=SHOWN)
def html_in_an_image(desk: Desk) -> None:
    label = f'LABEL live="{LIVE}"\nRUN echo "{LIVE}" > /live.html\n# {LIVE}\nCMD'
    desk.answer(RIGHT.replace("CMD", label))


@learner(score=0, says="leads out of the folder")
def html_as_a_name(desk: Desk) -> None:
    desk.answer(RIGHT)
    (desk.folder / LIVE.replace("/", "")).symlink_to("/etc/passwd")


# Names, which a learner can choose in the exchange: `nbgrader collect` only warns

NAMES = (
    LIVE.replace("/", ""),
    "=1+1",
    "@SUM(1)",
    "a,10,10",
    "*",
    "[h]onest-right",
    "a\x1b[2J",
    "honest-right ",
)
for who in NAMES:
    CLASS[who] = Learner(answering(RIGHT), None, "is no name that a gradebook can hold")
CLASS["a\nb"] = Learner(answering(RIGHT), None, "there is a line break in the name")

GRADED = [who for who, learner in CLASS.items() if learner.score is not None]
REFUSED = [who for who, learner in CLASS.items() if learner.score is None]


@dataclass
class Batch:
    """Where the batch left its files, and what it said."""

    root: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    log: str = ""

    @property
    def course(self) -> Path:
        return self.root / "course"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def markers(self) -> Path:
        return self.root / "markers"

    @property
    def gradebook(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.course}/gradebook.db", COURSE)

    def of(self, who: str, folder: str = "submitted") -> Path:
        return self.course / folder / who / SLUG

    def nbgrader(self, *arguments: str, exit_code: int = 0) -> str:
        """What the command logged. Every process that it starts has the batch's mark."""
        variables = {
            "COURSE_HOME": str(places.home()),
            "COURSE_YES": "1",
            "COURSE_BATCH": self.mark,
            "JUPYTER_CONFIG_DIR": str(self.root / "none"),
            "TMPDIR": str(self.temporary),
            # nbgrader runs alembic by its name.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.course,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == exit_code, done.stderr[-3000:]
        return done.stderr


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Batch:
    """All of the class handed in, graded once."""
    batch = Batch(tmp_path_factory.mktemp("attacks"))
    shutil.copytree(places.project() / "source" / SLUG, batch.course / "source" / SLUG)
    shutil.copy(places.project() / "nbgrader_config.py", batch.course)
    for folder in (batch.temporary, batch.markers):
        folder.mkdir()
    batch.nbgrader("generate_assignment", SLUG)
    hand_in(batch)
    batch.log = batch.nbgrader("autograde", SLUG, exit_code=1)
    batch.nbgrader("generate_feedback", SLUG)
    batch.nbgrader("export")
    return batch


def hand_in(batch: Batch) -> None:
    released = json.loads((batch.course / "release" / SLUG / NAME).read_text())
    for number, (who, learner) in enumerate(CLASS.items()):
        batch.of(who).mkdir(parents=True)
        desk = Desk(
            folder=batch.of(who),
            marker=batch.markers / str(number),
            honest=batch.of("honest-right"),
            notebook=copy.deepcopy(released),
        )
        learner.make(desk)
        desk.save()


def logged(batch: Batch, who: str) -> str:
    """What the log says of one who was not graded."""
    folder = str(batch.of(who))
    _, named, after = batch.log.partition(f"processing assignment: {printable(folder)}\n")
    if named:
        return after.partition("processing assignment: ")[0]
    names = (repr(folder), repr(f"{folder}/*.ipynb"))
    return "".join(row for row in batch.log.splitlines() if any(name in row for name in names))


def page(batch: Batch, who: str) -> str:
    return (batch.of(who, "feedback") / f"{SLUG}.html").read_text()


def words(page: str) -> str:
    """A page as its reader sees it."""
    body = page[page.index("</head>") :]
    return " ".join(unescape(re.sub(r"<[^>]*>", "", body)).split())


PICTURE = "data:image/svg+xml;base64,"


class Active(HTMLParser):
    """What a browser would run of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        if tag in {"iframe", "object", "embed", "base", "form"}:
            self.found.add(f"<{tag}>")
        for name, value in attrs:
            if (tag, name) == ("img", "src") and (value or "").startswith(PICTURE):
                continue  # in an img, an SVG runs nothing and loads nothing
            if name.startswith("on") or re.match(r"\s*(javascript|data):", value or "", re.I):
                self.found.add(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.found.add(data)


@pytest.mark.parametrize("who", GRADED)
def test_everyone_has_what_the_dockerfile_deserves(batch: Batch, who: str) -> None:
    with batch.gradebook as gradebook:
        submission = gradebook.find_submission(SLUG, who)
        assert submission.score == CLASS[who].score
        assert submission.max_score == 10
        assert not submission.needs_manual_grade


@pytest.mark.parametrize("who", REFUSED)
def test_who_cannot_be_graded_is_named_and_has_no_score(batch: Batch, who: str) -> None:
    with batch.gradebook as gradebook:
        try:
            (notebook,) = gradebook.find_submission(SLUG, who).notebooks
        except MissingEntry:
            pass
        else:
            assert {grade.auto_score for grade in notebook.grades} == {None}
    assert CLASS[who].says in logged(batch, who)
    assert not batch.of(who, "autograded").exists()
    assert not batch.of(who, "feedback").exists()


def test_the_log_moves_no_cursor(batch: Batch) -> None:
    assert not [c for c in batch.log if not c.isprintable() and c != "\n"]


def test_no_code_of_a_learner_ran(batch: Batch) -> None:
    assert list(batch.markers.iterdir()) == []


def test_no_file_was_written_outside(batch: Batch) -> None:
    folders = [batch.of(who, step) for who in CLASS for step in ("submitted", "autograded")]
    written = {folder / Path(path).expanduser() for folder in folders for path in OUTSIDE}
    assert [path for path in written if os.path.lexists(path)] == []


@pytest.mark.parametrize("who", GRADED)
def test_the_graded_notebook_is_the_courses_own(batch: Batch, who: str) -> None:
    released = json.loads((batch.course / "release" / SLUG / NAME).read_text())["cells"]
    graded = json.loads((batch.of(who, "autograded") / NAME).read_text())["cells"]
    for ours, theirs in zip(released, graded, strict=True):
        assert theirs["id"] == ours["id"]
        assert theirs["metadata"]["nbgrader"]["grade_id"] == ours["id"]
        assert theirs["source"] == ours["source"] or ours["id"] == "dockerfile"


@pytest.mark.parametrize("who", GRADED)
def test_feedback_says_why_and_runs_nothing(batch: Batch, who: str) -> None:
    html = page(batch, who)
    assert CLASS[who].says in words(html)
    assert FAKED not in html
    assert Active(html).found == set()


def test_a_page_that_runs_something_would_be_seen() -> None:
    assert Active(LIVE).found == {SHOWN, f"onerror={SHOWN}"}


def test_the_export_is_a_table_without_formulas(batch: Batch) -> None:
    with (batch.course / "grades.csv").open() as file:
        head, *rows = csv.reader(file)
    scores = {row[head.index("student_id")]: float(row[head.index("score")]) for row in rows}
    assert {who: scores[who] for who in GRADED} == {who: CLASS[who].score for who in GRADED}
    assert {len(row) for row in rows} == {len(head)}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_nothing_stays_behind(batch: Batch) -> None:
    assert list(batch.temporary.iterdir()) == []
    assert [p for p in Path("/proc").glob("[0-9]*") if batch.mark.encode() in environment(p)] == []
    for folder in course_engine().run.parent.glob("grading-*/"):
        if is_free(folder / "data" / "claim"):
            assert processes.marked(folder / "run") == []
            assert not (folder / "disk.img").exists()


def environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:  # it has ended
        return b""


def is_free(claim: Path) -> bool:
    """Whether no other batch on this machine has the engine now."""
    with claim.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_times_are_those_of_the_exchange(batch: Batch) -> None:
    with batch.gradebook as gradebook:
        assert str(gradebook.find_submission(SLUG, "honest-right").timestamp) == HANDED_IN[:19]
        assert gradebook.find_submission(SLUG, "time-from-a-cell").timestamp is None
    for name in NBGRADER_FILES:  # `nbgrader release_feedback` reads both
        told = (batch.of("honest-right") / name).read_text()
        assert (batch.of("honest-right", "feedback") / name).read_text() == told


def test_what_is_handed_in_again_is_graded_again(batch: Batch, tmp_path: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(batch.course, root, ignore=lambda *_: {*CLASS} - {"honest-right"})
    config = PyFileConfigLoader("nbgrader_config.py", str(root)).load_config()
    asked: list[HandIn | BadInput] = []

    def grade() -> int:
        course = CourseDirectory(config=config, assignment_id=SLUG)
        converter = SafeAutograde(coursedir=course, config=config)
        converter.judge = lambda _, hand_in: asked.append(hand_in) or {}
        converter.start()
        return len(asked)

    assert grade() == 0
    time = root / "submitted" / "honest-right" / SLUG / "timestamp.txt"
    time.write_text(HANDED_IN.replace("2026", "2027"))
    assert grade() == 1
