"""Reads a picture back, as a browser would."""

import re
from xml.etree import ElementTree

from autograder.pictures import Picture

SVG = "{http://www.w3.org/2000/svg}"


def well_formed(picture: Picture) -> ElementTree.Element:
    """The picture's markup, after what holds for every picture was proven."""
    html = picture._repr_html_()
    assert not re.search(r"<script|<style|\son\w+=|href|url\(|https?://(?!www\.w3\.org)", html)
    root = ElementTree.fromstring(html)
    for drawing in root.iter(f"{SVG}svg"):
        assert drawing.get("role") == "img"
        assert drawing[0].tag == f"{SVG}title"
        assert drawing[0].text
        assert drawing[1].tag == f"{SVG}desc"
        assert drawing[1].text
    return root


def texts(root: ElementTree.Element) -> list[str]:
    """Every line of text that is drawn."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def bar_widths(root: ElementTree.Element) -> list[float]:
    """The widths of all bars, from the top down."""
    return [float(element.get("width", "0")) for element in root.iter(f"{SVG}rect")]


def contrast(colour: str, other: str) -> float:
    """The contrast of two colours, as https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio has it."""
    low, high = sorted((_luminance(colour), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
