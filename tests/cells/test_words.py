"""What the build cell shows of a failed build."""

from autograder.cells.words import failed, going_on, plain
from autograder.engine.request import Progress
from autograder.facts.build import BuildFacts, BuildFailure

DOCKERFILE = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN make <everything>\nCMD python\n"


def facts(line: int | None) -> BuildFacts:
    log = ("one", "<b>make</b>: not found")
    failure = BuildFailure("step", "exit code: 127", "RUN make <everything>", line, log)
    return BuildFacts("buildkit", (), 1.0, "tag", None, failure)


def test_the_failing_line_stands_among_its_neighbours() -> None:
    text = failed(facts(4), DOCKERFILE).text
    assert "The build did not succeed at line 4." in text
    assert "→   4  RUN make <everything>" in text
    assert "    3  COPY . ." in text
    assert "  <b>make</b>: not found" in text


def test_where_no_step_ran_nothing_is_said_to_be_printed() -> None:
    assert "The last lines it printed:\n  one" in failed(facts(4), DOCKERFILE).text
    unread = BuildFailure("dockerfile", "Invalid containerPort: <eight>", line=2)
    shown = failed(BuildFacts("buildkit", (), 1.0, "tag", None, unread), DOCKERFILE)
    assert shown.text.endswith("Why:\n  Invalid containerPort: <eight>")
    assert "printed" not in shown.text + shown.html
    assert "&lt;eight&gt;" in shown.html


def test_what_a_build_prints_is_escaped() -> None:
    for html in (
        failed(facts(4), DOCKERFILE).html,
        failed(facts(None), DOCKERFILE).html,
        plain("<everything>", "<b>make</b>").html,
        going_on("now", Progress(1, 2, "<everything>"), "<b>make</b>", 1.0).html,
    ):
        assert "<everything>" not in html
        assert "<b>make</b>" not in html
        assert "&lt;everything&gt;" in html


def test_progress_names_step_and_time() -> None:
    text = going_on("Building", Progress(2, 7, "RUN pip install poetry"), "Collecting", 12.3).text
    assert text == "Building, 12 s\nstep 2 of 7: RUN pip install poetry\nCollecting"


def test_the_lines_are_those_that_the_builder_counts() -> None:
    text = failed(facts(4), "FROM python:3.11\r\nRUN a\x0cb\n# \x85\nRUN make <everything>\n").text
    assert "→   4  RUN make <everything>\n" in text
    assert "\r" not in text
    assert "    5" not in text
