"""The page that JupyterLab opens on: the steps, and where the learner stands in each.

It is a Markdown file that `lab_server` writes anew whenever JupyterLab reads it, and that
labconfig/extensions has read again while it is on the screen.
"""

import json
import re
from contextlib import suppress
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from autograder.exercises import EXERCISES, Exercise
from autograder.learner import Standing, standing

PAGE = Path("Welcome.md")
COURSE = "container-course"
"""As nbgrader_config.py has it."""

_MINUTES = re.compile(r"\*\*(?:About )?(\d+) minutes\b")
_HEAD = """\
# Put a Python app into a container

One small web service, {steps}. In each step you first read a lesson and run its cells, which build
real images with Docker on this machine. Then you write a Dockerfile of your own, in the exercise,
and your image is judged by what it does.

| Step | You learn to | Lesson | Exercise | Where you stand |
|:--|:--|:--|:--|:--|
"""
_FOOT = """
**In an exercise** write your Dockerfile in its cell, and run all cells from the top. Each check
says what was seen, and what to try next when it failed; `hint()` in a new cell says more.
*Run All* stops at the first cell that fails, and what the cells below it show is old: *Validate*,
in the notebook's toolbar, runs them all.

**To hand in** open the menu *Nbgrader*, *Assignment List*, and press *Submit*: it copies your work
into the folder from which your class's is collected. You may hand in again: the last one counts. If
you learn alone, nobody collects it, and you may leave it out.

**To end** press Ctrl-C where you started the course. Your work stays in the folders that you see
on the left.

This page keeps itself up to date.
"""
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def write(project: Path) -> None:
    """Write the page of the course in `project`, when it says something new.

    One that cannot be written, or not be made of what can be read, stays as it was.
    """
    file = project / PAGE
    with suppress(OSError):
        text = page(project).encode()
        if not file.is_file() or file.read_bytes() != text:
            file.write_bytes(text)


def page(project: Path) -> str:
    """The page in Markdown, with links that open in JupyterLab."""
    rows = [_row(project, exercise) for exercise in EXERCISES.values()]
    number = _WORDS[len(rows)] if len(rows) < len(_WORDS) else str(len(rows))
    steps = f"{number} step{'' if len(rows) == 1 else 's'}"
    return _HEAD.format(steps=steps) + "".join(rows) + _FOOT


def _row(project: Path, exercise: Exercise) -> str:
    slug = exercise.slug
    lesson, notebook = f"notebooks/{slug}.ipynb", f"{slug}/{slug}.ipynb"
    exchanges = (
        project / ".exchange" / COURSE / "inbound",
        Path(jupyter_data_dir(), "nbgrader_cache", COURSE),
    )
    cells = (
        slug.split("-")[1],
        exercise.title[:1].lower() + exercise.title[1:],
        _link(project, lesson, "Lesson"),
        _link(project, notebook, "Exercise", f"{exercise.max_score}&nbsp;points"),
        in_words(standing(project / slug, slug, exchanges), exercise.max_score),
    )
    return f"| {' | '.join(cells)} |\n"


def _link(project: Path, notebook: str, name: str, *more: str) -> str:
    """The name as a link, and below it how long it takes; without a link when it is not there."""
    if not (project / notebook).is_file():
        return f"{name}: not there yet"
    minutes = _minutes(project / notebook)
    below = ", ".join([*([f"{minutes}&nbsp;minutes"] if minutes else []), *more])
    return f"[{name}]({notebook})<br>{below}" if below else f"[{name}]({notebook})"


def _minutes(notebook: Path) -> str:
    """How long a notebook's first cell says that it takes; `` when it says nothing."""
    try:
        first = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"]
    except (OSError, ValueError, LookupError):
        return ""
    found = _MINUTES.search("".join(first))
    return found[1] if found else ""


def in_words(stands: Standing, most: int) -> str:
    """Where the learner stands, as a cell of the table."""
    told = [_verdict(stands, most)]
    if stands.handed_in:
        local = stands.handed_in.astimezone()
        told.append(f"handed in on {local.day} {local:%B, %H:%M}")
    return "<br>".join(told)


def _verdict(stands: Standing, most: int) -> str:
    last = stands.last
    if last is None:
        return "working, not built yet" if stands.begun else "not begun"
    since = "; changed since" if stands.changed else ""
    if last.points is None:
        return f"last build: not judged{since}"
    if not last.built:
        return f"last build: did not succeed{since}"
    done = "**all** " if last.points == most else ""
    return f"last build: {done}{last.points} of {most} points{since}"
