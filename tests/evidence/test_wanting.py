"""Who is to blame where a build wanted what it did not get: the learner, or what we offer."""

import re

import pytest

from autograder.evidence.wanting import wanting
from autograder.facts.build import BuildFacts, BuildFailure
from autograder.facts.dockerfile import parse
from autograder.index.manifest import offered_versions, public_versions

PLAIN = "FROM python:3.11\nRUN pip install poetry\n"
STAGES = "FROM python:3.11 AS {name}\nFROM python:3.11\nCOPY --from={asked} /a /a\n"


def after(failure: BuildFailure, text: str = PLAIN) -> BuildFailure:
    facts = wanting(BuildFacts("buildkit", (), 1.0, "t", None, failure), parse(text))
    assert facts.failure is not None
    return facts.failure


def pip_missed(what: str) -> BuildFailure:
    log = ("ERROR: Could not find a version", f"ERROR: No matching distribution found for {what}")
    return BuildFailure("step", "exit code: 1", "RUN pip install", 2, log)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("poetry==1.4.2", r"no poetry==1\.4\.2; it has 1\.5\.1, 1\.6\.0, .*, 2\.5\.1$"),
        ("Poetry<1.5,>=1.4", r"no poetry<1\.5,>=1\.4; it has"),
        ("pip==24.0", r"no pip==24\.0; it has"),
        ('httptools>=0.5.0; extra == "standard" (from uvicorn[standard])', "no httptools$"),
        ("poetry-plugin-bundle", "no poetry-plugin-bundle$"),
    ],
)
def test_what_the_public_index_has_is_ours_to_offer(what: str, message: str) -> None:
    failure = after(pip_missed(what))
    assert failure.kind == "index"
    assert (failure.step, failure.line) == ("RUN pip install", 2)
    assert re.search(message, failure.message)


@pytest.mark.parametrize(
    "what",
    [
        "poetry==1.7",  # is 1.7.0, which is there: what did not fit is something else
        "poetry==2.1.*",  # 2.1.4 is there as well
        "poetry==1.99.0",
        "poetry==seven",
        "peotry",
        "gunicron==21.2.0",
        "fastapi==0.0.0.1",
        "requirements.txt",
        "poetry.lock",
        "poetry-1.7.0",
        "poetry1.7.0",
        "gunicorn-21",
    ],
)
def test_what_nobody_ever_released_is_the_learners_to_mend(what: str) -> None:
    assert after(pip_missed(what)) == pip_missed(what)


@pytest.mark.parametrize(
    "row",
    [
        "  ╰─▶ Because there is no version of poetry==1.4.2 and you require poetry==1.4.2, we can",
        "  ╰─▶ Because httptools was not found in the package registry and you require httptools,",
        "Could not find a matching version of package poetry-plugin-bundle",
        "Because kiss depends on httptools (*) which doesn't match any versions, version solving",
    ],
)
def test_uv_and_poetry_say_it_in_words_of_their_own(row: str) -> None:
    assert after(BuildFailure("step", "exit code: 1", "RUN uv", 2, (row,))).kind == "index"


def test_a_download_above_the_failed_step_is_what_is_missed() -> None:
    text = "FROM a\nRUN curl -sSL https://install.example | python3 -\nRUN poetry install\n"
    failed = BuildFailure("step", "exit code: 127", "RUN poetry install", 3)
    assert after(failed, text).kind == "network"
    assert after(failed, text.replace("curl", "echo")).kind == "step"
    assert after(BuildFailure("step", "exit code: 6", "RUN curl", 2), text).kind == "step"
    asks_itself = text.replace("RUN curl", "HEALTHCHECK CMD curl")
    assert after(failed, asks_itself).kind == "step"
    assert after(failed, text.replace("install.example", "localhost:8000/")).kind == "step"


@pytest.mark.parametrize(
    ("name", "asked", "called"),
    [
        ("builder", "bulider", "the stages are called builder"),
        ("my-own", "myown", "the stages are called my-own"),
        ("assets", "builder", "the stages are called assets"),
        ("assets", "python-deps", "the stages are called assets"),
    ],
)
def test_a_stage_that_is_not_there(name: str, asked: str, called: str) -> None:
    message = f"docker.io/library/{asked}:latest: failed to resolve source metadata"
    failure = after(BuildFailure("base", message), STAGES.format(name=name, asked=asked))
    assert (failure.kind, failure.line) == ("stage", 3)
    assert failure.message == f"line 3 names a stage {asked}, and there is none: {called}"


def test_a_stage_without_a_name_is_told_how_to_get_one() -> None:
    text = STAGES.replace(" AS {name}", "").format(asked="builder")
    failure = after(BuildFailure("base", "builder", "FROM builder", 3), text)
    assert failure.message.endswith("there is none: no FROM line gives its stage a name with AS")


@pytest.mark.parametrize("asked", ["busybox", "nginx", "ghcr.io/a/builder", "builder:1", "node"])
def test_an_image_is_no_stage(asked: str) -> None:
    failed = BuildFailure("base", f"{asked}: pull access denied")
    assert after(failed, STAGES.format(name="builder", asked=asked)) == failed


def test_a_base_that_is_missing_blames_no_stage_of_another_line() -> None:
    text = (
        f"FROM node AS web\n{STAGES.format(name='builder', asked='bulider')}COPY --from=web /a /a"
    )
    failed = BuildFailure("base", "docker.io/library/node: pull access denied")
    assert after(failed, text) == failed


def test_the_lists_are_of_one_day() -> None:
    """Whatever the course offers of an installer the public index has, and more."""
    offered = offered_versions()
    for name, released in public_versions().items():
        assert set(offered[name]) < set(released), name


def test_a_stage_below_is_not_taken_from() -> None:
    text = "FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nFROM x\n"
    for failure in (BuildFailure("step", "cannot copy from stage"), BuildFailure("base", "y")):
        told = after(failure, text)
        assert (told.kind, told.line) == ("below", 2)
        assert told.message.startswith("line 2 takes from the stage y, which starts further down")
    unused = "FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nRUN c\n"
    assert after(BuildFailure("step", "exit code: 1", "RUN c", 4), unused).kind == "step"
