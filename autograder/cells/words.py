"""What the build cell shows, as HTML and as plain text. Everything a build printed is escaped."""

from dataclasses import dataclass
from html import escape

from autograder.engine.request import Progress
from autograder.facts.build import BuildFacts, BuildStep
from autograder.facts.observation import Observation
from autograder.pictures import build_progress
from autograder.pictures.picture import GREEN, MONO, ORANGE

_AROUND = 2
_NAME = 72
_BOX = "border-left:4px solid {color};padding:2px 0 2px 12px"
_PRE = f'<pre style="margin:4px 0;font-family:{escape(MONO)}">{{}}</pre>'


@dataclass(frozen=True)
class Shown:
    """One output in two forms: a page shows the first, a terminal the second."""

    html: str
    text: str

    def bundle(self) -> dict[str, str]:
        """The output as Jupyter's display takes it."""
        return {"text/html": self.html, "text/plain": self.text}


def plain(first: str, *more: str) -> Shown:
    """A bold line and what follows from it."""
    html = f"<b>{escape(first)}</b>" + "".join(f"<br>{escape(line)}" for line in more)
    return Shown(_box(html, ORANGE), "\n".join((first, *more)))


def going_on(phase: str, moment: Progress | None, line: str, seconds: float) -> Shown:
    """What is going on, for how long, and the last line that was printed."""
    step = f"step {moment.number} of {moment.total}: {short(moment.name)}" if moment else ""
    told = (moment.number, moment.total, moment.name) if moment else (0, 0, "")
    html = f"<b>{escape(phase)}</b>" + build_progress(*told, line, seconds)
    head = f"{phase}, {seconds:.0f} s"
    return Shown(html, "\n".join(part for part in (head, step, short(line)) if part))


def bad_input(reason: str) -> Shown:
    """Nothing was built."""
    return plain("The build did not succeed.", reason)


def failed(build: BuildFacts, dockerfile: str) -> Shown:
    """The step that failed, where it stands in the Dockerfile, and the last lines it printed."""
    failure = build.failure
    assert failure is not None, "shown only for a build that failed"
    at = f" at line {failure.line}" if failure.line else ""
    head = f"The build did not succeed{at}."
    rows = around(dockerfile, failure.line) if failure.line else []
    step = [f"This step failed: {short(failure.step)}"] if failure.step else []
    log = [row for row in failure.log if row.strip()]
    why, log = ("The last lines it printed:", log) if log else ("Why:", [failure.message])
    html = "".join(
        (
            f"<b>{escape(head)}</b>",
            _PRE.format(escape("\n".join(rows))) if rows else "",
            *(f"<div>{escape(row)}</div>" for row in step),
            f"<div>{why}</div>",
            _PRE.format(escape("\n".join(log))),
        )
    )
    text = [head, *rows, *step, why, *(f"  {row}" for row in log)]
    return Shown(_box(html, ORANGE), "\n".join(text))


def built(first: BuildFacts, seen: Observation) -> Shown:
    """The image's name, what each step cost, and what the two rebuilds cost."""
    assert seen.source_changed is not None
    head = f"Built {first.tag} in {first.seconds:.1f} s."
    # Cached steps are told in any order; the base image costs no build.
    steps = sorted((step for step in first.steps if step.line), key=lambda step: step.line or 0)
    rows = [(_cost(step), short(step.name)) for step in steps]
    after = [
        f"Built again after one source file changed: {seen.source_changed.build.seconds:.1f} s."
    ]
    if seen.lock_changed:
        after += [f"Built with another poetry.lock: {seen.lock_changed.build.seconds:.1f} s."]
    cells = "".join(
        f'<tr><td style="text-align:right">{escape(cost)}</td>'
        f'<td style="text-align:left"><code>{escape(name)}</code></td></tr>'
        for cost, name in rows
    )
    html = f"<b>{escape(head)}</b><table>{cells}</table>" + "<br>".join(map(escape, after))
    text = [head, *(f"{cost:>8}  {name}" for cost, name in rows), *after]
    return Shown(_box(html, GREEN), "\n".join(text))


def short(text: str) -> str:
    """One line of bounded length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _NAME else flat[: _NAME - 1] + "…"


def _cost(step: BuildStep) -> str:
    return "cached" if step.cached else f"{step.seconds:.1f} s"


def around(dockerfile: str, line: int) -> list[str]:
    """The lines around one of a Dockerfile, numbered, with an arrow at that one."""
    # Not splitlines(), which knows more ends of a line than Docker does.
    lines = [row.rstrip("\r") for row in dockerfile.removesuffix("\n").split("\n")]
    begin, end = max(1, line - _AROUND), min(len(lines), line + _AROUND)
    return [
        f"{'→' if number == line else ' '} {number:>3}  {lines[number - 1]}"
        for number in range(begin, end + 1)
    ]


def _box(html: str, color: str) -> str:
    return f'<div style="{_BOX.format(color=color)}">{html}</div>'
