from dataclasses import replace

from autograder.facts.build import BuildFacts
from autograder.pictures import side_by_side, timeline

from .reading import bar_widths, texts, well_formed


def test_the_text_tells_verdicts_and_no_durations(before: BuildFacts, after: BuildFacts) -> None:
    assert repr(side_by_side(before, after)).splitlines() == [
        "before:",
        "base image  FROM python:3.11",
        "ran         RUN pip install poetry",
        "ran         COPY . .",
        "ran         RUN poetry install",
        "",
        "after:",
        "base image  FROM python:3.11",
        "cached      RUN pip install poetry",
        "ran         COPY . .",
        "ran         RUN poetry install",
    ]


def test_equal_outcomes_have_equal_text_whatever_they_took(after: BuildFacts) -> None:
    assert repr(timeline(after)) == repr(timeline(replace(after, seconds=99.0, image_id="other")))


def test_both_builds_are_on_one_scale(before: BuildFacts, after: BuildFacts) -> None:
    widths = bar_widths(well_formed(side_by_side(before, after)))
    installs = [width for width in widths if width > 20]
    six, three, _, again, *_ = installs
    assert abs(six / three - 2) < 0.01
    assert three == again


def test_cached_is_said_and_drawn_hollow(after: BuildFacts) -> None:
    root = well_formed(timeline(after, "one byte later"))
    assert "cached" in texts(root)
    assert "one byte later: 3.5 s, 2 steps ran" in texts(root)
    assert sum(rect.get("fill") == "none" for rect in root.iter() if rect.tag.endswith("rect")) == 2


def test_a_failed_step_says_so(before: BuildFacts) -> None:
    last = replace(before.steps[-1], error="exit code: 1")
    failed = replace(before, steps=(*before.steps[:-1], last), image_id=None)
    assert repr(timeline(failed)).endswith("failed      RUN poetry install")


def test_a_build_without_steps_is_drawn(before: BuildFacts) -> None:
    well_formed(timeline(replace(before, steps=(), seconds=0.0)))
