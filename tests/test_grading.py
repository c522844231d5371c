"""One hand-in judged: the report, and what it says when the engine stands in the way."""

import socket
from collections.abc import Callable

import pytest

from autograder.engine.client import Engine
from autograder.engine.offer import Offer
from autograder.errors import BadInput
from autograder.evidence.material import prepared
from autograder.exercises import find_exercise
from autograder.facts.dockerfile import parse
from autograder.grading import Report, Row, judge, material, not_judged_report
from autograder.hand_in import HandIn
from autograder.outcome import failed, not_judged, passed

Fake = Callable[[Callable[[socket.socket], None]], str]
STEP_3 = find_exercise("step-3-pin-and-split")
TEXT = b"FROM python:3.11\nRUN pip install poetry==1.7.0\n"
CHECKS = [
    "base-image-pinned",
    "poetry-pinned",
    "dependencies-locked",
    "dependency-layer-split",
    "lock-change-reinstalls",
    "app-answers",
]


def report(*rows: Row) -> Report:
    return Report("e", rows, {"in all": 1.23456})


RIGHT = Row("a", passed(seen="yes"), 2)
WRONG = Row("b", failed(seen="no", try_next="do", line=3), 3)
OPEN = Row("c", not_judged(seen="dead"), 5)


@pytest.mark.parametrize(
    ("rows", "score", "most"),
    [
        ((RIGHT, WRONG), 2, 5),
        ((RIGHT, RIGHT), 4, 4),
        ((WRONG,), 0, 3),
        ((RIGHT, WRONG, OPEN), None, 10),
        ((OPEN,), None, 5),
    ],
)
def test_score(rows: tuple[Row, ...], score: int | None, most: int) -> None:
    assert (report(*rows).score, report(*rows).max_score) == (score, most)


def test_json() -> None:
    assert report(RIGHT, WRONG).as_json() == {
        "exercise": "e",
        "score": 2,
        "max_score": 5,
        "checks": [
            {
                "id": "a", "outcome": "passed", "points": 2, "max_points": 2,
                "seen": "yes", "try_next": "", "line": None,
            },
            {
                "id": "b", "outcome": "failed", "points": 0, "max_points": 3,
                "seen": "no", "try_next": "do", "line": 3,
            },
        ],
        "seconds": {"in all": 1.235},
    }  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 3])
def test_json_with_as_many_hints_as_were_asked_for(number: int) -> None:
    wrong = Row("b", failed(seen="no", try_next="do", hints=("1", "2", "3")), 3)
    plain, told = (report(RIGHT, wrong, OPEN).as_json(n)["checks"] for n in (0, number))
    assert isinstance(plain, list)
    assert isinstance(told, list)
    assert [row.pop("hints") for row in told] == [(), ("1", "2", "3")[:number], ()]
    assert told == plain


def test_the_exercise_has_its_checks() -> None:
    assert [criterion.id for criterion in STEP_3.criteria] == CHECKS


def test_an_unknown_exercise_names_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"no exercise 'step-9'; there is: .*step-3-pin-and-split"):
        find_exercise("step-9")


def test_nothing_of_an_outcome_can_move_a_cursor() -> None:
    outcome = failed(seen="\x1b[2Jx\udcff", try_next="\x07y")
    assert (outcome.seen, outcome.try_next) == ("�[2Jx�", "�y")


def test_the_courses_files_are_laid_over_the_learners() -> None:
    theirs = {
        "Dockerfile": TEXT,
        "poetry.lock": b"mine",
        "basic_improvements/main.py": b"mine",
        "poetry-second.lock": b"mine",
        "notes.txt": b"mine",
        ".dockerignore": b"mine",
    }
    laid = material(STEP_3, HandIn(theirs))
    assert {path for path, data in laid.files.items() if data == b"mine"} == {
        "notes.txt",
        ".dockerignore",
    }
    assert "poetry-second.lock" not in laid.files
    assert set(STEP_3.app_files) < set(laid.files)
    assert b'"gunicorn"' in laid.with_second_lock()["poetry.lock"]
    assert laid.with_second_lock()["poetry.lock"] != laid.files["poetry.lock"]


@pytest.mark.parametrize("path", ["basic_improvements", "poetry.lock/x", "pyproject.toml/a/b"])
def test_a_file_cannot_stand_where_the_course_has_a_folder(path: str) -> None:
    laid = material(STEP_3, HandIn({"Dockerfile": TEXT, path: b"mine"}))
    assert set(laid.files) == {"Dockerfile", *STEP_3.app_files}


def test_the_changed_source_tells_a_nonce_and_returns_what_it_did() -> None:
    laid = material(STEP_3, HandIn({"Dockerfile": TEXT}))
    changed = laid.with_source_changed("abc")
    assert [path for path in changed if changed[path] != laid.files[path]] == [laid.source_file]
    was, now = laid.files[laid.source_file].decode(), changed[laid.source_file].decode()
    assert now.startswith(was)
    assert '"nonce": "abc"' in now.removeprefix(was)
    compile(now, "main.py", "exec")


def test_equal_hand_ins_have_one_fingerprint() -> None:
    def fingerprint(**files: bytes) -> str:
        return material(STEP_3, HandIn({"Dockerfile": TEXT, **files})).fingerprint

    assert fingerprint(a=b"1", b=b"2") == fingerprint(b=b"2", a=b"1")
    others = ({}, {"a": b"1"}, {"a": b"2"}, {"ab": b""}, {"Dockerfile": TEXT + b"\n"})
    assert len({fingerprint(**files) for files in others}) == len(others)


def test_only_the_learners_own_files_may_be_run() -> None:
    hand_in = HandIn(
        {"Dockerfile": TEXT, "a": b"1", "poetry.lock": b""}, frozenset({"a", "poetry.lock"})
    )
    laid = material(STEP_3, hand_in)
    assert laid.programs == {"a"}
    assert laid.fingerprint != material(STEP_3, HandIn(hand_in.files)).fingerprint


def test_a_syntax_error_is_bad_input_before_any_engine_is_asked() -> None:
    with pytest.raises(BadInput, match="line 2"):
        material(STEP_3, HandIn({"Dockerfile": b"FROM a\nRUNN b\n"}))


def test_not_judged_is_no_zero() -> None:
    told = not_judged_report(STEP_3, "the engine is gone")
    assert told.score is None
    assert [row.id for row in told.rows] == CHECKS
    assert {row.outcome.state for row in told.rows} == {"not_judged"}


def dies(connection: socket.socket) -> None:
    stream = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
    connection.sendall(stream + b'\r\n\r\n50\r\n{"id"')


def test_an_engine_that_dies_in_mid_build_is_no_zero(fake_engine: Fake) -> None:
    offer = Offer(Engine.connect(fake_engine(dies)), {})
    told = judge(STEP_3, HandIn({"Dockerfile": TEXT}), offer)
    assert told.score is None
    assert [row.outcome.state for row in told.rows] == ["not_judged"] * 6
    assert {row.outcome.seen for row in told.rows} == {
        "the Docker engine stopped answering while building"
    }
    assert [check["points"] for check in told.as_json()["checks"]] == [0] * 6  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("FROM python==3.11", "failed"),
        ("ARG V\nFROM python:$V-slim", "failed"),
        ("FROM $V", "failed"),
        ("FROM node:20 AS web\nFROM Python:3.11\nCOPY --from=web / /", "failed"),
        ("FROM python:3.11\nCOPY --from=Bulid / /", "failed"),
        ("ARG I=node:20\nFROM python:3.11\nCOPY --from=$I / /", "failed"),
        ("FROM pyhton:3.11", "failed"),
        ("FROM python:3.11slim", "failed"),
        ("FROM python:3.11\nCOPY --from=pyhton:3.11 / /", "failed"),
        ("FROM pypy:3.11", "not_judged"),
        ("FROM python:3.11-slim-bullseye", "not_judged"),
        ("FROM node:20", "not_judged"),
    ],
)
def test_a_base_that_grading_refuses(text: str, state: str, fake_engine: Fake) -> None:
    """A name that no image has is the learner's to mend; other images are ours to offer."""
    offer = Offer(Engine.connect(fake_engine(dies)), {}, bases={"python:3.11": "a"}, for_many=True)
    told = judge(STEP_3, HandIn({"Dockerfile": text.encode()}), offer)
    assert {row.outcome.state for row in told.rows} == {state}


@pytest.mark.parametrize(
    ("text", "bases", "wanted"),
    [
        ("FROM a\nRUN b\n", {}, "FROM a\nRUN b\n"),
        ("FROM docker.io/library/a AS x\n", {"a": "ours:1"}, "FROM ours:1 AS x\n"),
        ("FROM docker.io/other/a\n", {"a": "ours:1"}, "FROM docker.io/other/a\n"),
        ("FROM a AS x\nFROM x\n", {"a": "ours:1"}, "FROM ours:1 AS x\nFROM x\n"),
        ("ARG A=a\nFROM $A\r\nRUN b\n", {"a": "ours:1"}, "ARG A=a\nFROM ours:1\nRUN b\n"),
        ("ARG TARGETARCH\nFROM a\n", {}, "ARG TARGETARCH=$TARGETARCH\nFROM a\n"),
        ("ARG A B=1 \\\n BUILDOS\nFROM a\n", {}, "ARG A B=1 BUILDOS=$BUILDOS\n\nFROM a\n"),
        ("ARG TARGETOS=x\nFROM a\nARG TARGETOS\n", {}, "ARG TARGETOS=x\nFROM a\nARG TARGETOS\n"),
        ("FROM \\\n a \\\n AS x\nRUN b\n", {"a": "o"}, "FROM o AS x\n\n\nRUN b\n"),
        ("# syntax=docker/dockerfile:1\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax=docker/dockerfile:1.7\n# escape=`\nFROM a\n", {}, "# escape=`\n#\nFROM a\n"),
        ("# escape=`\n# syntax=docker/dockerfile:1\nFROM a\n", {}, "# escape=`\n#\nFROM a\n"),
        (f"# syntax=docker/dockerfile:1@sha256:{'a' * 64}\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax=docker/dockerfile:latest\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax = docker/dockerfile\nFROM a\n", {}, "#\nFROM a\n"),
        (f"# syntax=docker/dockerfile@sha256:{'a' * 64}\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax = docker/dockerfile:experimental\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax=docker/dockerfile:1.0-experimental\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax=docker/dockerfile:1-labs\nFROM a\n", {}, "#\nFROM a\n"),
        ("# syntax=docker/dockerfile:labs\nFROM a\n", {}, "#\nFROM a\n"),
        ("#!/x\n# syntax=docker/dockerfile:1\nFROM a\n", {}, "#!/x\n#\nFROM a\n"),
        ("\ufeff# syntax=docker.io/docker/dockerfile:1\nFROM a\n", {}, "#\nFROM a\n"),
        ("FROM a\nRUN --mount=type=secret,id=b c\n", {}, "FROM a\nRUN  c\n"),
        ("FROM b\nCOPY --from=a /a /a\n", {"a": "o:1"}, "FROM b\nCOPY --from=o:1 /a /a\n"),
        (
            'FROM b\nCOPY --chown=c --from="docker.io/library/a" \\\n /a /a\n',
            {"a": "o:1"},
            'FROM b\nCOPY --chown=c --from="o:1" \\\n /a /a\n',
        ),
        (
            "FROM b\nRUN --mount=from=a,target=/a \\\n --mount=target=/c,from=a:2 c from=a\n",
            {"a": "o", "a:2": "p"},
            "FROM b\nRUN --mount=from=o,target=/a \\\n --mount=target=/c,from=p c from=a\n",
        ),
        (
            "FROM a AS A\nFROM b\nCOPY --from=a / /\n",
            {"a": "o"},
            "FROM o AS a\nFROM b\nCOPY --from=a / /\n",
        ),
        (
            "FROM a\nRUN --mount=type=cache,target=/c \\\n  --mount=id=b,type=SSH \\\n  d\n",
            {},
            "FROM a\nRUN --mount=type=cache,target=/c \\\n   \\\n  d\n",
        ),
        (
            "FROM a\nRUN --mount=type=secret,id=b,required c\n",
            {},
            "FROM a\nRUN --mount=type=secret,id=b,required c\n",
        ),
        (
            "FROM a\nCOPY <<E /e\n# syntax=docker/dockerfile:1\nE\n",
            {},
            "FROM a\nCOPY <<E /e\n# syntax=docker/dockerfile:1\nE\n",
        ),
    ],
)
def test_the_dockerfile_is_built_line_for_line(
    text: str, bases: dict[str, str], wanted: str
) -> None:
    assert prepared(parse(text), bases) == wanted


@pytest.mark.parametrize(
    "head",
    [
        "# syntax=evil/frontend\n",
        "# syntax=docker/dockerfile:master\n",
        "# syntax=docker/dockerfile:2\n",
        "# syntax=docker/dockerfile:latest-labs\n",
        "# syntax=someone/docker/dockerfile:1\n",
        "# syntax=docker/dockerfile-upstream\n",
        "# syntax=docker/dockerfile-upstream:master\n",
        "#!/bin/sh\n# syntax=evil/frontend\n",
        "# escape=`\n# SYNTAX=evil/frontend\n",
        "# who=me\n# syntax=evil/frontend\n",
    ],
)
def test_another_frontend_is_refused(head: str) -> None:
    with pytest.raises(BadInput, match="the syntax line asks for another frontend"):
        prepared(parse(f"{head}FROM a\n"), {})
