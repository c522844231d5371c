"""A build without an image: what is the learner's to mend fails, what the course lacks does not."""

import pytest

from autograder.checks.unbuilt import OFFER, OTHER_BASE, OTHER_RELEASE, unbuilt
from autograder.facts.build import BuildFacts, BuildFailure


def facts(kind: str, message: str = "m", *log: str) -> BuildFacts:
    failure = BuildFailure(kind, message, "RUN  a \\\n b", 3, log)  # type: ignore[arg-type]
    return BuildFacts("buildkit", (), 1.0, "t", None, failure)


@pytest.mark.parametrize(
    ("build", "seen", "try_next"),
    [
        (facts("step", "exit code 1", "x", "", " "), "succeed at RUN a \\ b: x", "fix this step"),
        (facts("step", "exit code 1"), "succeed at RUN a \\ b: exit code 1", "fix this step"),
        (facts("timeout", "stopped after 9 s"), "stopped after 9 s at RUN a", "a server belongs"),
        (facts("serves", "a server was silent"), "was silent at RUN a", "a server belongs"),
        (
            facts("name", "line 3 names a==1"),
            "line 3 names a==1",
            "base images that the task lists",
        ),
        (
            facts("dockerfile", "ENV must have two arguments"),
            "the Dockerfile cannot be read: ENV must have two arguments",
            "the Dockerfile reference",
        ),
        (facts("stage", "line 3 names a stage b"), "line 3 names a stage b", "after AS"),
        (facts("below", "line 3 takes from b"), "line 3 takes from b", "the order of the two"),
    ],
)
def test_the_learner_can_mend_it(build: BuildFacts, seen: str, try_next: str) -> None:
    outcome = unbuilt(build)
    assert (outcome.state, outcome.line) == ("failed", 3)
    assert seen in outcome.seen
    assert try_next in outcome.try_next


@pytest.mark.parametrize(
    ("build", "seen", "try_next"),
    [
        (
            facts("base", "no such image"),
            "a base image cannot be had here: no such image",
            OTHER_BASE,
        ),
        (facts("network", "m", "Could not resolve"), "wanted more than the course offers", OFFER),
        (facts("index", "the index has no b==2"), "has no b==2 at RUN a \\ b", OTHER_RELEASE),
    ],
)
def test_the_course_does_not_offer_it(build: BuildFacts, seen: str, try_next: str) -> None:
    outcome = unbuilt(build)
    assert (outcome.state, outcome.line) == ("not_judged", None)
    assert seen in outcome.seen
    assert outcome.try_next == try_next


@pytest.mark.parametrize(
    ("message", "image"),
    [
        ("load metadata for hub.example/library/ubuntu:22.04: Head https://a", "ubuntu:22.04"),
        ("failed to resolve source metadata for hub.example/a/uv:1: no", "hub.example/a/uv:1"),
        ("failed to resolve source metadata for localhost:5000/a", "localhost:5000/a"),
    ],
)
def test_the_image_that_cannot_be_had_is_named_alone(message: str, image: str) -> None:
    assert unbuilt(facts("base", message)).seen == f"a base image cannot be had here: {image}"


def test_who_wants_another_base_image_is_told_which_there_are() -> None:
    assert OTHER_BASE.endswith("start from one of those that the task lists")
    assert "task" not in unbuilt(facts("network", "m", "Could not resolve")).try_next


def test_a_slip_in_a_name_is_the_learners_to_mend() -> None:
    said = 'line 1 names "python:3.11-slm": is slm meant to be slim?'
    failure = BuildFailure("name", said, line=1)
    outcome = unbuilt(BuildFacts("buildkit", (), 1.0, "t", None, failure))
    assert (outcome.state, outcome.seen, outcome.line) == ("failed", said, 1)
    assert "is every word spelled right" in outcome.hints[0]
    assert "a hyphen between the tag's words" in outcome.hints[1]


def test_no_step_is_blamed_for_an_engine_that_is_busy() -> None:
    failure = BuildFailure("timeout", "the build was stopped after 9 s")
    outcome = unbuilt(BuildFacts("buildkit", (), 9.0, "t", None, failure), "with another lock, ")
    assert outcome.state == "not_judged"
    assert outcome.seen.startswith(
        "with another lock, the build was stopped after 9 s, and no step"
    )


def test_which_build_it_was_is_said_first() -> None:
    assert unbuilt(facts("step"), "with another poetry.lock, ").seen.startswith(
        "with another poetry.lock, the build did not succeed"
    )


def test_a_message_without_end_is_cut() -> None:
    assert len(unbuilt(facts("step", "m", "x" * 10_000)).seen) < 400


@pytest.mark.parametrize(
    ("step", "idea"),
    [
        ("COPY missing.txt .", "files of the build context:"),
        ("COPY --chown=app missing.txt .", "files of the build context:"),
        ("ADD missing.tar /", "files of the build context:"),
        ("COPY --from=build /app/dist /app", "from the root there, whatever its WORKDIR is"),
        ("COPY --chown=app --from=0 dist /app", "from the root there, whatever its WORKDIR is"),
        ("COPY --from=build /venv .venv", "from the root there, whatever its WORKDIR is"),
        ("COPY --from=build /app/.venv /app/.venv", "Poetry's in its cache folder"),
        ("COPY --link --from=build .venv/ ./.venv", "Poetry's in its cache folder"),
        ("RUN --mount=type=bind,source=x,target=/x cat /x", "files of the build context:"),
        ("RUN --mount=type=bind,from=build,source=/x,target=/x cat /x", "from the root there"),
        ("RUN --mount=from=a,source=/app/.venv,target=/v cp -r /v /w", "Poetry's in its cache"),
        ('COPY --from=build ["/app/.venv", "/app/.venv"]', "Poetry's in its cache folder"),
    ],
)
def test_a_copy_of_what_is_not_there(step: str, idea: str) -> None:
    """What is taken from another stage is not looked for beside the Dockerfile."""
    failure = BuildFailure("step", 'failed to compute cache key: "/x": not found', step, 3)
    hints = unbuilt(BuildFacts("buildkit", (), 1.0, "t", None, failure)).hints
    assert idea in hints[1]
    assert ("dockerignore" in hints[2]) == ("context" in idea)


def test_a_step_that_runs_with_a_mount_and_fails_is_a_step_that_fails() -> None:
    said = 'process "/bin/sh -c false" did not complete successfully: exit code: 1'
    failure = BuildFailure("step", said, "RUN --mount=from=build,source=/,target=/v false", 3)
    hints = unbuilt(BuildFacts("buildkit", (), 1.0, "t", None, failure)).hints
    assert "what this step printed" in hints[0]


@pytest.mark.parametrize(
    ("printed", "try_next"),
    [
        ('exec: "pip install -r x": executable file not found in $PATH', "its own quotes"),
        ("/bin/sh: 1: source: not found", "what a shell is told ends with its step"),
        ("/bin/sh: 1: .: cannot open venv/bin/activate: No such file", "another way to use"),
        ("ERROR: Could not open requirements file: [Errno 2] No such file", "line that brings the"),
        ("Poetry could not find a pyproject.toml file in /app or its parents", "pyproject.toml"),
        ("Error: No file/folder found for package kiss", "beside the two files of Poetry"),
        ("Group(s) not found: prd (via --with)", "compare the group in this step"),
        (
            "Incompatible constraints in requirements of kiss (0.1.0):\ngunicorn (>=26.2,<27.0)",
            "what pyproject.toml says already",
        ),
        ("The requested command instal does not exist.", "are spelled"),
        ("The requested command export does not exist.", "which Poetry runs this step"),
        ("Setting virtualenv.create does not exist", "are spelled"),
        ('ERROR: unknown command "instal" - maybe you meant "install"', "are spelled"),
        ('The "--no-dev" option does not exist', "are spelled"),
        ('The option "--no-dev" does not exist', "are spelled"),
        ("/bin/sh: 1: Syntax error: Unterminated quoted string", "never closed"),
        ("ERROR: Could not install packages: [Errno 13] Permission denied: '/x'", "which user"),
        ("ERROR: No matching distribution found for requirements.txt", "this is a file"),
        ("ERROR: Invalid requirement: '/app': It looks like a path.", "where this step ends"),
        ("ERROR: Invalid requirement: 'poetry=='", "why there is none"),
        ("ERROR: No matching distribution found for gunicron", "letter by letter"),
        ("ERROR: No matching distribution found for fastapi (from x)", "letter by letter"),
        ("ERROR: No matching distribution found for poetry==1.7.9", "compare the version"),
        ("ERROR: Invalid requirement: 'poetry=1.7.0'", "compare the version"),
        ("something else", "fix this step first"),
    ],
)
def test_what_a_step_printed_says_what_to_try_next(printed: str, try_next: str) -> None:
    outcome = unbuilt(facts("step", "exit code: 1", printed, "more of it"))
    assert try_next in outcome.try_next


@pytest.mark.parametrize(
    ("code", "try_next"), [("exit code: 127", "see which step"), ("exit code: 126", "may be run")]
)
def test_an_exit_code_tells_where_nothing_else_does(code: str, try_next: str) -> None:
    assert try_next in unbuilt(facts("step", code, "sh: 1: ./a: no")).try_next


def test_a_file_that_is_not_there_is_named_without_the_builders_noise() -> None:
    said = (
        'failed to compute cache key: failed to calculate checksum of ref a::b: "/A.txt": not found'
    )
    failure = BuildFailure("step", said, "COPY A.txt .", 3)
    seen = unbuilt(BuildFacts("buildkit", (), 1.0, "t", None, failure)).seen
    assert seen.endswith("at COPY A.txt .: there is no A.txt where this line takes it from")
