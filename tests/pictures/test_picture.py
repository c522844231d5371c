import pytest

from autograder.facts.build import BuildFacts, BuildFailure
from autograder.pictures import build_ended, build_progress
from autograder.pictures.picture import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    bytes_in_words,
    seconds_in_words,
    shortened,
)

from .reading import contrast


@pytest.mark.parametrize("colour", [GREY, BLUE, ORANGE, GREEN])
@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_colours_stand_out_from_light_and_dark(colour: str, page: str) -> None:
    assert contrast(colour, page) >= 3


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 B"), (999, "999 B"), (1_800, "1.8 kB"), (26_400, "26 kB"), (999_600, "1.0 MB"),
     (94_000_000, "94 MB"), (1_500_000_000, "1.5 GB"), (2_000_000_000_000, "2000 GB")],
)  # fmt: skip
def test_sizes_as_docker_tells_them(size: int, told: str) -> None:
    assert bytes_in_words(size) == told


def test_durations() -> None:
    assert [seconds_in_words(s) for s in (0.04, 1.25, 9.96, 61.2)] == [
        "0.0 s",
        "1.2 s",
        "10 s",
        "61 s",
    ]


def test_long_instructions_are_cut_to_fit() -> None:
    assert shortened("RUN  apt-get \n update", 400) == "RUN apt-get update"
    assert shortened("x" * 100, 79) == "x" * 9 + "…"


def test_progress_shows_what_a_build_prints_as_text_only() -> None:
    html = build_progress(2, 5, "RUN echo", "<script>alert(1)</script>", 3.0)
    assert "Step 2 of 5, 3 s" in html
    assert "<script" not in html


def test_the_end_says_what_ran(after: BuildFacts) -> None:
    assert "Built in 3.5 s: 2 of 3 steps ran, the others came from the cache." in build_ended(after)


def test_a_failed_build_says_which_line_and_why() -> None:
    failure = BuildFailure(
        "step", "exit code: 1", "RUN pip install x==9", 3, ("ERROR: No <match>",)
    )
    html = build_ended(BuildFacts("buildkit", (), 1.0, "app:1", None, failure))
    assert "The build failed at line 3 of the Dockerfile: RUN pip install x==9" in html
    assert "ERROR: No &lt;match&gt;" in html
