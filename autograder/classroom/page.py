"""A learner's feedback as one HTML page that anybody can open without danger.

What stands in it came from a learner, or from a build of theirs. Every text is escaped by the
template, the picture is an image of its own that cannot reach the page, and the page's policy
lets the browser run no script and ask nobody for anything.
"""

import base64
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from nbconvert.filters import strip_ansi

from autograder.outcome import printable

State = Literal["passed", "failed", "not_judged"]

MOST_LETTERS, MOST_IN_A_LINE = 20_000, 400
"""Of one text; what a build printed or a learner wrote may be endless."""
MOST_PICTURE = 500_000
_INK = "<style>svg{color:#1f2328}@media (prefers-color-scheme:dark){svg{color:#e6e6e6}}</style>"


@dataclass(frozen=True)
class Checked:
    """One check on the page.

    score: points, None where nobody has decided yet.
    line: the Dockerfile line that is to blame, counted from 1, or None.
    """

    title: str
    state: State
    score: float | None
    max_score: float
    seen: str
    try_next: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Page:
    """What one learner is told.

    reason: why there is no verdict; then the score is that of an earlier one, if any, and there is
        nothing below it.
    penalty: points taken off for a late hand-in.
    build: what the build cell said. picture: the layers as SVG, and the same in words.
    comments: an instructor's own words.
    """

    title: str
    student: str
    handed_in: str = ""
    reason: str = ""
    mend: str = ""
    score: float | None = None
    max_score: float = 0
    penalty: float = 0
    checks: tuple[Checked, ...] = ()
    dockerfile: str = ""
    build: str = ""
    picture: str = ""
    picture_in_words: str = ""
    comments: tuple[str, ...] = ()

    @property
    def lines(self) -> list[tuple[int, str, bool]]:
        """The Dockerfile's lines: number, text, and whether a check blames it."""
        blamed = {check.line for check in self.checks}
        rows = shown(self.dockerfile.rstrip()).split("\n") if self.dockerfile else []
        return [(number, row, number in blamed) for number, row in enumerate(rows, 1)]

    @cached_property
    def image(self) -> str:
        """The picture as the address of an image; `` where there is none that can be drawn."""
        return as_image(self.picture)


def render(page: Page) -> str:
    """The page as HTML."""
    return _template().render(page=page)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["points"] = points
    return environment.get_template("page.html.j2")


def shown(text: str) -> str:
    """Text of a stranger's as it may stand on the page: no colours, no control characters, cut."""
    plain: str = strip_ansi(text)  # type: ignore[no-untyped-call]
    # Not splitlines(), which knows more ends of a line than Docker does.
    rows = [_cut(row, MOST_IN_A_LINE) for row in plain.replace("\r\n", "\n").split("\n")]
    return printable(_cut("\n".join(rows).expandtabs(4), MOST_LETTERS))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… (cut off: {len(text):,} letters)"


def points(number: float) -> str:
    """Points as a person writes them."""
    return f"{number:g}"


def as_image(svg: str) -> str:
    """An SVG as a data address: in an <img> no script of it runs and it loads nothing.

    `` for what is no SVG, or too large.
    """
    drawing = printable(svg)
    drawing = re.sub(r"(<svg\b[^>]*>)", lambda found: found[1] + _INK, drawing, count=1)
    try:
        known = len(drawing) <= MOST_PICTURE and ElementTree.fromstring(drawing).tag
    except ElementTree.ParseError:
        known = False
    if known != "{http://www.w3.org/2000/svg}svg":
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"
