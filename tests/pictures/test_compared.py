from dataclasses import replace

import pytest

from autograder.facts.dockerfile import Dockerfile, parse
from autograder.facts.image import ImageFacts, Layer
from autograder.pictures import Stack, compared

from .reading import bar_widths, texts, well_formed

BASE = ("base-1", "base-2")


@pytest.fixture
def one(image: ImageFacts, dockerfile: Dockerfile) -> Stack:
    digests = (*BASE, "tools", "folder", "lists", "install", "source", "own")
    return Stack("split", image, dockerfile, digests)


def test_layers_are_shared_up_to_the_first_that_differs(one: Stack) -> None:
    other = replace(one, title="one byte later", digests=(*one.digests[:6], "changed", "anew"))
    assert repr(compared(one, other)).splitlines() == [
        "in both images:",
        "base image    FROM python:3.11",
        "tools         RUN pip install poetry==1.7.0",
        "dependencies  COPY poetry.lock pyproject.toml ./",
        "dependencies  RUN poetry install --no-root --with prod",
        "",
        "only in “split”:",
        "your source   COPY . .",
        "your source   RUN poetry install",
        "",
        "only in “one byte later”:",
        "your source   COPY . .",
        "your source   RUN poetry install",
    ]


def test_the_same_layer_on_another_is_another(one: Stack) -> None:
    """A layer is shared with all that it stands on, or not at all."""
    other = replace(one, digests=(*BASE, "other tools", *one.digests[3:]))
    assert repr(compared(one, other)).split("\n\n")[0].splitlines() == [
        "in both images:",
        "base image    FROM python:3.11",
    ]


def test_images_of_different_dockerfiles_share_what_they_start_from(one: Stack) -> None:
    rows = (Layer("", 148_000_000), Layer("COPY . .", 10_000))
    dockerfile = parse("FROM python:3.11\nCOPY . .\n")
    small = Stack("small", ImageFacts("sha256:2", 148_010_000, rows, ()), dockerfile, (*BASE, "s"))
    shown = texts(well_formed(compared(small, one)))
    assert "small: 148 MB; split: 269 MB" in shown
    assert "in both images: 148 MB" in shown
    assert "only in “small”: 10 kB" in shown
    assert "only in “split”: 121 MB" in shown


def test_one_image_twice_has_nothing_of_its_own(one: Stack) -> None:
    picture = compared(one, replace(one, title="again"))
    assert repr(picture).endswith("only in “split”:\nnothing\n\nonly in “again”:\nnothing")
    assert texts(well_formed(picture)).count("nothing") == 2


def test_images_without_a_common_layer_are_drawn(one: Stack) -> None:
    other = replace(one, digests=tuple(f"other {name}" for name in one.digests))
    assert repr(compared(one, other)).startswith("in both images:\nnothing\n")


def test_all_bars_are_on_one_scale(one: Stack) -> None:
    other = replace(one, digests=(*one.digests[:2], *"abcdef"))
    base, tools, *rest = [width for width in bar_widths(well_formed(compared(one, other)))
                          if 10 < width < 800]  # fmt: skip
    assert abs(tools / base - 94 / 148) < 0.01
    assert tools in rest
