"""What a picture is, and how its parts are written as SVG."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

# Okabe and Ito's colours, told apart by every kind of colour vision, in the shades that stand out
# from white paper and from a dark theme alike (3 to 1 and better):
# https://jfly.uni-koeln.de/color/
GREY, BLUE, ORANGE, GREEN = "#808080", "#0072b2", "#d55e00", "#009e73"

WIDTH = 800
MONO = "var(--jp-code-font-family, ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace)"
SANS = "var(--jp-ui-font-family, system-ui, 'DejaVu Sans', sans-serif)"
# Both fonts at 13 px; monospace letters are 0.6 of their size wide.
LETTER = 7.9


@dataclass(frozen=True)
class Picture:
    """Something to see in a notebook.

    html: the picture itself, safe to put into any page.
    text: what it shows, in words, without sizes and durations: equal for two equal outcomes.
    """

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def framed(inner: str) -> str:
    """The frame that every picture stands in: the page's own ink, and never cut by a page's end."""
    style = "max-width: 100%; break-inside: avoid; color: inherit; margin: 4px 0"
    # JupyterLab shows the first line of an output that is folded away: a space, and not our markup.
    return f' \n<div class="course-picture" style="{style}">{inner}</div>'


def svg(title: str, description: str, height: float, parts: Iterable[str]) -> str:
    """An SVG of the common width with its title and description for those who do not see it."""
    style = f"max-width: {WIDTH}px; width: 100%; height: auto; font: 13px {SANS}; overflow: visible"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height:g}" '
        f'style="{escape(style)}" fill="currentColor">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def words(x: float, y: float, text: str, *, mono: bool = False, style: str = "") -> str:
    """A line of text with its baseline at y."""
    style = f"font-family: {MONO}; {style}" if mono else style
    # A picture's text keeps its spaces: JupyterLab's fonts would close them up.
    return f'<text x="{x:g}" y="{y:g}" style="{escape(style)}">{escape(text)}</text>'


def bar(x: float, y: float, width: float, colour: str, *, hollow: bool = False) -> str:
    """A bar of the common height, never too thin to be seen; hollow for what cost nothing."""
    paint = (
        f'fill="none" stroke="{colour}" stroke-dasharray="3 2"' if hollow else f'fill="{colour}"'
    )
    return f'<rect x="{x:.1f}" y="{y:g}" width="{max(width, 2):.1f}" height="12" rx="1" {paint}/>'


def shortened(text: str, most: float) -> str:
    """Text that fits a number of pixels in monospace, cut with an ellipsis."""
    letters = max(int(most / LETTER), 2)
    flat = " ".join(text.split())
    return flat if len(flat) <= letters else flat[: letters - 1] + "…"


def bytes_in_words(size: int) -> str:
    """A size as `docker images` tells it: 241 MB, 1.2 MB, 12 kB, 0 B."""
    value, units = float(size), ["B", "kB", "MB", "GB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        del units[0]
    whole = value >= 9.95 or units[0] == "B"
    return f"{value:.0f} {units[0]}" if whole else f"{value:.1f} {units[0]}"


def seconds_in_words(seconds: float) -> str:
    """A duration as a person tells it: 12 s, 1.2 s, 0.1 s."""
    return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
