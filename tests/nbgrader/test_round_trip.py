"""nbgrader's whole road, generate to export: a right, a half-right and an empty answer."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import docker
import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import places
from autograder.engine.client import RUN_LABEL
from autograder.engine.runs import new_run
from autograder.exercises import find_exercise
from autograder.feedback import NO_DOCKERFILE, NOT_BUILT
from autograder.ready import Ready

pytestmark = [pytest.mark.roundtrip, pytest.mark.timeout(900)]

SLUG = "step-3-pin-and-split"
COURSE = "container-course"
EXERCISE = find_exercise(SLUG)
ANSWER = "# YOUR CODE HERE"
REFERENCE = """\
FROM python:3.11

# Pin poetry version to avoid breaking changes
RUN pip install poetry==1.7.0

WORKDIR /app

# Copy only the files needed for installing dependencies
COPY poetry.lock pyproject.toml ./

# Only install external dependencies
RUN poetry install --no-root --with prod

# Copy the rest of the code
COPY . .

# Install our own project
RUN poetry install

CMD ["poetry", "run", "gunicorn", "basic_improvements.main:app"]
"""
ANSWERS = {
    "right": REFERENCE,
    "half": REFERENCE.replace("poetry==1.7.0", "poetry"),
    "empty": None,
}
POINTS = {criterion.id: criterion.points for criterion in EXERCISE.criteria}
SCORES = {
    "right": POINTS,
    "half": {**POINTS, "poetry-pinned": 0},
    "empty": dict.fromkeys(POINTS, 0),
}


@dataclass
class Walk:
    """Where the walk left its files, and what Validate said to whom."""

    root: Path
    environment: Mapping[str, str]
    validated: dict[str, str] = field(default_factory=dict)

    @property
    def course(self) -> Path:
        return self.root / "course"

    def nbgrader(self, *arguments: str, cwd: Path, **variables: str) -> str:
        """What the command printed; it must end well."""
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=cwd,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def teach(self, *arguments: str) -> str:
        return self.nbgrader(*arguments, cwd=self.course)

    def learn(self, who: str, *arguments: str, folder: str = "") -> str:
        """Run as a learner: in a folder and a home of their own, with the course's settings."""
        home = self.root / who
        settings = {"HOME": str(home), "JUPYTER_CONFIG_PATH": str(self.course)}
        data = {"JUPYTER_DATA_DIR": str(home / "jupyter")}
        return self.nbgrader(*arguments, cwd=home / folder, **settings, **data)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Walk:
    """The whole road, walked once."""
    root = tmp_path_factory.mktemp("round-trip")
    environment = {**os.environ, **ready.environment, "JUPYTER_CONFIG_DIR": str(root / "none")}
    # Learners get a HOME of their own here; another course home would bring another package index.
    environment["COURSE_HOME"] = str(places.home())
    walk = Walk(root, environment)
    shutil.copytree(places.project() / "source" / SLUG, walk.course / "source" / SLUG)
    shutil.copy(places.project() / "nbgrader_config.py", walk.course)
    walk.teach("generate_assignment", SLUG)
    walk.teach("release_assignment", SLUG)
    with ThreadPoolExecutor(max_workers=len(ANSWERS)) as class_:
        list(class_.map(lambda who: hand_in(walk, who, ANSWERS[who]), ANSWERS))
    walk.teach("collect", SLUG)
    walk.teach("autograde", SLUG)
    walk.teach("generate_feedback", SLUG)
    walk.teach("release_feedback", SLUG)
    walk.learn("half", "fetch_feedback", SLUG, "--course", COURSE, "--student", "half")
    walk.teach("export")
    return walk


def hand_in(walk: Walk, who: str, answer: str | None) -> None:
    """Fetch, edit, validate and submit."""
    (walk.root / who).mkdir()
    walk.learn(who, "fetch_assignment", SLUG, "--course", COURSE)
    path = walk.root / who / SLUG / f"{SLUG}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [c for c in notebook.cells if c.metadata.nbgrader.solution]
    assert cell.source == f"%%dockerfile\n{ANSWER}"
    if answer is not None:
        cell.source = cell.source.replace(ANSWER, answer.rstrip("\n"))
        nbformat.write(notebook, path)
    if who == "half":
        (path.parent / "page.html").write_text("<script>a page of the learner's</script>")
    walk.validated[who] = walk.learn(who, "validate", path.name, folder=SLUG)
    walk.learn(who, "submit", SLUG, "--course", COURSE, "--student", who)


def flat(text: str) -> str:
    return " ".join(text.split())


def feedback(walk: Walk, who: str) -> str:
    """A learner's feedback page as the words that a reader sees."""
    page = (walk.course / "feedback" / who / SLUG / f"{SLUG}.html").read_text()
    body = page[page.index("</head>") :]
    return flat(unescape(re.sub(r"<[^>]*>", "", body)))


@pytest.mark.parametrize("who", ANSWERS)
def test_the_gradebook_has_every_criterion(walk: Walk, who: str) -> None:
    with Gradebook(f"sqlite:///{walk.course}/gradebook.db", COURSE) as gradebook:
        submission = gradebook.find_submission(SLUG, who)
        (notebook,) = submission.notebooks
        assert {grade.name: grade.score for grade in notebook.grades} == SCORES[who]
        assert {grade.name: grade.max_score for grade in notebook.grades} == POINTS
        assert submission.score == sum(SCORES[who].values())
        assert not submission.needs_manual_grade


def test_validate_says_what_autograde_will_say(walk: Walk) -> None:
    assert "Success! Your notebook passes all the tests." in walk.validated["right"]
    half = flat(walk.validated["half"])
    assert "VALIDATION FAILED ON 1 CELL(S)" in half
    assert re.search(r"seen: Poetry 2\.\S+ installed the dependencies, not Poetry 1\.7\.0", half)
    empty = flat(walk.validated["empty"])
    assert "VALIDATION FAILED ON 1 CELL(S)" in empty, "the build, and not what waits for it"
    assert NO_DOCKERFILE in empty
    assert NOT_BUILT not in empty
    assert "Traceback" not in half + empty


def test_feedback_says_what_was_seen_and_what_to_try_next(walk: Walk) -> None:
    half = feedback(walk, "half")
    assert "8 of 10 points" in half
    assert "✗ not yet at line 4 of the Dockerfile seen: Poetry 2." in half
    assert "try next: name one exact version of Poetry" in half
    assert half.count("✓ passed") == 5
    assert feedback(walk, "right").count("✓ passed") == 6
    empty = feedback(walk, "empty")
    assert NO_DOCKERFILE in empty
    assert empty.count("seen: the build did not succeed") == 6
    assert all("Traceback" not in feedback(walk, who) for who in ANSWERS)


def test_the_learner_fetches_that_page_and_no_other(walk: Walk) -> None:
    """nbgrader would release any *.html among the files that were handed in."""
    made = walk.course / "feedback" / "half" / SLUG
    assert (walk.course / "autograded" / "half" / SLUG / "page.html").exists()
    assert [path.name for path in made.glob("*.html")] == [f"{SLUG}.html"]
    (fetched,) = (walk.root / "half" / SLUG / "feedback").rglob("*.html")
    assert fetched.name == f"{SLUG}.html"
    assert fetched.read_bytes() == (made / f"{SLUG}.html").read_bytes()


def test_the_export_has_the_scores(walk: Walk) -> None:
    with (walk.course / "grades.csv").open() as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {who: float(row["score"]) for who, row in rows.items()} == {
        who: sum(scores.values()) for who, scores in SCORES.items()
    }
    assert {float(row["max_score"]) for row in rows.values()} == {10.0}


def test_no_image_stays_behind(walk: Walk, engine_client: docker.DockerClient) -> None:
    rows = engine_client.images.list(filters={"label": RUN_LABEL})
    folders = [walk.root / who / SLUG for who in ANSWERS]
    folders += [walk.course / "autograded" / who / SLUG for who in ANSWERS]
    marks = tuple(new_run(folder).rsplit("-", 2)[0] for folder in folders)
    assert [row for row in rows if row.labels[RUN_LABEL].startswith(marks)] == []


def test_learners_get_no_solution_and_no_second_lock(walk: Walk) -> None:
    for folder in (walk.course / "release" / SLUG, walk.root / "empty" / SLUG):
        names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        visible = {name for name in names if not name.startswith(".ipynb_checkpoints")}
        assert visible == {f"{SLUG}.ipynb", *EXERCISE.app_files}
        assert "poetry==1.7.0" not in (folder / f"{SLUG}.ipynb").read_text()


def test_the_notebook_and_course_check_say_the_same(walk: Walk) -> None:
    folder = walk.root / "right" / SLUG
    assert (folder / "Dockerfile").read_text() == REFERENCE
    done = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.cli", "check", SLUG, str(folder), "--json"],
        env=walk.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["score"] == 10
    graded = walk.course / "autograded" / "right" / SLUG / f"{SLUG}.ipynb"
    cells = {c.id: c for c in nbformat.read(graded, as_version=4).cells}
    for check in report["checks"]:
        printed = "".join(output.text for output in cells[check["id"]].outputs)
        assert without_seconds(printed) == without_seconds(f"passed: {check['seen']}\n")


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d+ s\b", "some seconds", text)


FORMGRADER = """
import json, sys
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader
config = PyFileConfigLoader("nbgrader_config.py", ".").load_config()
api = NbGraderAPI(CourseDirectory(config=config), config=config)
print(json.dumps(api.autograde(sys.argv[1], sys.argv[2])))
"""


def test_formgraders_button_takes_the_same_road(walk: Walk) -> None:
    """Its handler calls nothing but this: nbgrader/server_extensions/formgrader/apihandlers.py."""
    done = subprocess.run(
        [sys.executable, "-c", FORMGRADER, SLUG, "empty"],
        cwd=walk.course,
        env=walk.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["success"], told
    assert "Judging step-3-pin-and-split of empty as data" in told["log"]


def test_an_engine_that_died_is_not_a_zero(walk: Walk) -> None:
    command = [sys.executable, "-m", "nbgrader", "autograde", SLUG, "--student=half", "--force"]
    dead = {"COURSE_HOME": "/dev/null/nowhere"}  # no grading engine can be made there
    done = subprocess.run(
        command,
        cwd=walk.course,
        env={**walk.environment, **dead},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0
    assert "not judged: a grading engine cannot be made here: /dev/null" in done.stderr
    with Gradebook(f"sqlite:///{walk.course}/gradebook.db", COURSE) as gradebook:
        assert gradebook.find_submission(SLUG, "half").score == 8
