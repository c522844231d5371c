"""The same Dockerfile built at two dates: which versions its images hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from autograder.pictures.picture import ORANGE, Picture, framed


@dataclass(frozen=True)
class Installed:
    """What one image holds: package -> version, and when it was built, in a word.

    index: the day of which the package index was.
    """

    when: str
    versions: Mapping[str, str]
    index: date


def time_travel(then: Installed, now: Installed, first: Sequence[str] = ()) -> Picture:
    """A table of versions at two dates: the packages of `first`, and all others that changed.

    What neither image holds has no row. The caption counts those that have none but are the same,
    and names the days.
    """
    there = {*then.versions, *now.versions}
    first = [name for name in first if name in there]
    others = sorted(there - set(first))
    changed = [name for name in others if _version(then, name) != _version(now, name)]
    rows = [(name, _version(then, name), _version(now, name)) for name in (*first, *changed)]
    moved = sum(a != b for _, a, b in rows)
    caption = f"{moved} of {len(first) + len(others)} packages changed"
    caption += _not_shown(len(others) - len(changed))
    widths = [max(len(row[at]) for row in [("", then.when, now.when), *rows]) for at in range(3)]
    lines = [_plain(("", then.when, now.when), widths, ""), *(_text(row, widths) for row in rows)]
    days = _days(then, now)
    html = _table(rows, then.when, now.when, (caption, days))
    return Picture(framed(html), "\n".join([*lines, caption, days]))


def _not_shown(number: int) -> str:
    if not number:
        return ""
    return f"; {number} more, the same in both, {'is' if number == 1 else 'are'} not shown"


def _days(then: Installed, now: Installed) -> str:
    one, other = (f"{i.index.day} {i.index:%B %Y}" for i in (then, now))
    if one == other:
        return f"The package index is that of {one} for both."
    return f"The package index is that of {one} for “{then.when}”, and of {other} for “{now.when}”."


def _version(installed: Installed, name: str) -> str:
    return installed.versions.get(name, "not there")


def _text(row: tuple[str, str, str], widths: list[int]) -> str:
    return _plain(row, widths, "changed" if row[1] != row[2] else "the same")


def _plain(row: tuple[str, str, str], widths: list[int], last: str) -> str:
    cells = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
    return f"{cells}  {last}".rstrip()


def _table(rows: list[tuple[str, str, str]], then: str, now: str, caption: tuple[str, str]) -> str:
    counted, days = map(escape, caption)
    # A table of its own look: the page's own rules for tables differ from tool to tool.
    cell = "padding: 3px 14px 3px 0; text-align: left; background: none; color: inherit"
    line = "border-bottom: 1px solid rgba(128, 128, 128, .5)"
    head = "".join(
        f'<th scope="col" style="{cell}; {line}">{escape(text)}</th>'
        for text in ("package", then, now, "")
    )
    body = "".join(_table_row(row, f"{cell}; {line}") for row in rows)
    return (
        '<table style="border-collapse: collapse; margin: 0; color: inherit">'
        f'<caption style="text-align: left; font-weight: 600; color: inherit">{counted}'
        f'<span style="display: block; font-weight: 400">{days}</span>'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _table_row(row: tuple[str, str, str], cell: str) -> str:
    name, then, now = map(escape, row)
    differs = row[1] != row[2]
    strong = "; font-weight: 600" if differs else ""
    mark = f'<span style="color: {ORANGE}">■</span> changed' if differs else "the same"
    return (
        f'<tr><th scope="row" style="{cell}{strong}">{name}</th>'
        f'<td style="{cell}">{then}</td><td style="{cell}{strong}">{now}</td>'
        f'<td style="{cell}{strong}">{mark}</td></tr>'
    )
