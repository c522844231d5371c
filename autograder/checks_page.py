"""docs/checks.md, made from the checks themselves, so that it cannot say what they do not do.

Each check's docstring says what it demands, and its file's ABOUT the rest. The examples are
hand-ins of tests/contexts, which CI judges.
"""

import inspect
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.exercises import EXERCISES, Criterion

PAGE = Path("docs", "checks.md")
WIDTH = 100
_HEAD = """\
<!-- Made from the code by `./course docs`; `./course verify` proves that it is up to date. -->

# The checks

A hand-in is built, and built again after a source file changed; that image is started and asked.
Some checks need more, such as a build with another poetry.lock: it is done for the exercises that
have them. A check looks at what came of all that, not at how a line is written: every Dockerfile
that behaves is right. [architecture.md](architecture.md) has the way from a folder to a verdict.

What a check looks at was made by the hand-in's own `RUN` lines, and a `RUN` line can write anything
into its own image. It reaches nothing else: not the engine, not the verdict, not another hand-in.
So learners can forge points for their own exercise only, and the forgery stands in the Dockerfile
for an instructor to read. Each check says what it cannot see.
"""
_TAIL = """\
## How often they are wrong

`./course test` judges a sample of the hand-ins of `tests/contexts/` on the course's engine, and a
smaller one on others; `./course test --full` judges all of them on all. What came of it is written
to `.artefacts/error-rates.md` (or to `$CI_ARTEFACTS`): for each engine, builder and check, how many
right hand-ins failed and how many wrong ones passed. A verdict that is not the one that the
hand-in's folder states fails the run.
"""


def page(project: Path) -> str:
    """The whole page, from the checks of every exercise and the examples in a project's tests."""
    found = {c.id: c for exercise in EXERCISES.values() for c in exercise.criteria}
    return "\n".join((_HEAD, *(_section(project, check) for check in found.values()), _TAIL))


def stale(project: Path) -> str:
    """What is wrong with the page that a project has, `` when nothing is."""
    path = project / PAGE
    if path.is_file() and path.read_text(encoding="utf-8") == page(project):
        return ""
    return f"{PAGE} is not what the checks say: ./course docs writes it"


def _section(project: Path, check: Criterion) -> str:
    about = check.about
    demand = inspect.getdoc(check.check) or ""
    return "\n".join(
        (
            f"## `{check.id}`\n",
            _filled(" ".join(_worth(check.id))),
            _filled(f"**Demands.** {demand}"),
            _filled(f"**Why.** {about.why}"),
            _example(project, "Right", about.right),
            _example(project, "Wrong", about.wrong),
            "**What it cannot see**\n",
            _listed(about.cannot_see),
        )
    )


def _worth(check: str) -> Iterator[str]:
    """What the check is worth, in each exercise that has it."""
    for exercise in EXERCISES.values():
        for criterion in exercise.criteria:
            if criterion.id == check:
                points = "1 point" if criterion.points == 1 else f"{criterion.points} points"
                yield f"{points} in `{exercise.slug}`."


def _example(project: Path, word: str, case: str) -> str:
    """One hand-in's Dockerfile, and why it gets the verdict that it gets."""
    folder = Path("tests", "contexts", case)
    why = tomllib.loads((project / folder / "verdict.toml").read_text(encoding="utf-8"))["why"]
    text = (project / folder / "Dockerfile").read_text(encoding="utf-8").strip()
    link = f"[`{Path(case).name}`](../{folder.as_posix()})"
    return f"{_filled(f'**{word}:** {link}. {why}')}\n```dockerfile\n{text}\n```\n"


def _filled(text: str, indent: str = "") -> str:
    """One paragraph, with an indent for its lines from the second on."""
    flat = " ".join(text.split())
    filled = textwrap.fill(
        flat, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return filled + "\n"


def _listed(items: Iterable[str]) -> str:
    """A list, one thing to an item."""
    return "".join(_filled(f"- {item}", "  ") for item in items)
