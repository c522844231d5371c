"""What a build did, step by step: what ran, for how long, and what came from the cache."""

from dataclasses import dataclass

from autograder.facts.build import BuildFacts, BuildStep
from autograder.pictures.picture import (
    GREY,
    ORANGE,
    WIDTH,
    Picture,
    bar,
    framed,
    seconds_in_words,
    shortened,
    svg,
    words,
)

ROW, TOP, GAP = 40, 34, 24
# Below this, what a build does beside its steps is not worth a row.
REST_SECONDS = 0.1


@dataclass(frozen=True)
class _Column:
    title: str
    build: BuildFacts
    left: float
    width: float


def timeline(build: BuildFacts, title: str = "") -> Picture:
    """One build's steps in order, each where it stood in time."""
    column = _Column(title or "the build", build, 0, WIDTH - 90)
    return _drawn([column], "\n".join(_lines(build)))


def side_by_side(
    one: BuildFacts, other: BuildFacts, titles: tuple[str, str] = ("before", "after")
) -> Picture:
    """Two builds on one scale of time."""
    width = (WIDTH - GAP) / 2
    columns = [
        _Column(titles[0], one, 0, width - 90),
        _Column(titles[1], other, width + GAP, width - 90),
    ]
    text = "\n\n".join("\n".join([f"{c.title}:", *_lines(c.build)]) for c in columns)
    return _drawn(columns, text)


def verdict(step: BuildStep) -> str:
    """What became of a step: `base image`, `cached`, `ran` or `failed`."""
    if step.error:
        return "failed"
    if step.name.startswith("FROM "):
        return "base image"
    return "cached" if step.cached else "ran"


def _lines(build: BuildFacts) -> list[str]:
    return [f"{verdict(step):<11} {' '.join(step.name.split())}" for step in build.steps]


def _drawn(columns: list[_Column], text: str) -> Picture:
    longest = max(max(c.build.seconds, _in_steps(c.build)) for c in columns) or 1.0
    rows = max(len(c.build.steps) for c in columns) + 1
    parts = [part for c in columns for part in _column(c, c.width / longest)]
    title = " and ".join(f"{c.title}: {seconds_in_words(c.build.seconds)}" for c in columns)
    return Picture(framed(svg(title, _told(columns), TOP + ROW * rows, parts)), text)


def _column(column: _Column, scale: float) -> list[str]:
    build = column.build
    ran = sum(verdict(step) in ("ran", "failed") for step in build.steps)
    heading = f"{column.title}: {seconds_in_words(build.seconds)}, {ran} step{'s' * (ran != 1)} ran"
    parts = [words(column.left, 16, heading, style="font-weight: 600")]
    at, y = column.left, float(TOP)
    for step in build.steps:
        name = shortened(step.name, column.width + 90)
        parts += [words(column.left, y + 10, name, mono=True), *_bar_of(step, at, y + 16, scale)]
        at += step.seconds * scale
        y += ROW
    rest = build.seconds - _in_steps(build)
    if rest > REST_SECONDS:
        label = seconds_in_words(rest)
        parts += [
            words(column.left, y + 10, "send the files, write the image", style="opacity: .75"),
            bar(at, y + 16, rest * scale, GREY),
            words(at + max(rest * scale, 2) + 6, y + 26, label),
        ]
    return parts


def _bar_of(step: BuildStep, at: float, y: float, scale: float) -> list[str]:
    became = verdict(step)
    if became in ("cached", "base image"):
        return [bar(at, y, 10, GREY, hollow=True), words(at + 16, y + 10, became)]
    width = max(step.seconds * scale, 2)
    told = f"{became}, {seconds_in_words(step.seconds)}"
    return [bar(at, y, width, ORANGE), words(at + width + 6, y + 10, told)]


def _in_steps(build: BuildFacts) -> float:
    return sum(step.seconds for step in build.steps)


def _told(columns: list[_Column]) -> str:
    return " ".join(
        f"{c.title}: " + "; ".join(f"{step.name}: {verdict(step)}" for step in c.build.steps) + "."
        for c in columns
    )
