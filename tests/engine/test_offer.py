"""What an offer refuses where many learners build, and when a disk has room."""

import sys
from pathlib import Path
from typing import cast

import pytest

from autograder.engine.client import Engine
from autograder.engine.offer import Offer
from autograder.engine.room import Room
from autograder.facts.dockerfile import parse

BASES = {"python:3.11": "python:3.11", "python": "python:3.11"}
NO_ENGINE = cast(Engine, None)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("FROM python:3.11", None),
        ("FROM docker.io/library/python:3.11", None),
        ("FROM index.docker.io/library/python", None),
        ("FROM library/python", None),
        ("FROM scratch", None),
        ("FROM python:3.11 AS a\nFROM a\nCOPY --from=a /x /x\nCOPY --from=0 /x /x", None),
        ("FROM python:3.11 AS a\nFROM a\nRUN --mount=from=a,target=/x true", None),
        ("FROM other AS unused\nFROM python:3.11", None),
        ("FROM python:3.12", "python:3.12"),
        ("FROM python:3.11@sha256:ab", "python:3.11@sha256:ab"),
        ("FROM someone/python:3.11", "someone/python:3.11"),
        ("FROM reg.example/library/python:3.11", "reg.example/library/python:3.11"),
        ("ARG A=course-run-1:first\nFROM ${A:-python:3.11}", "course-run-1:first"),
        ("FROM python:3.11\nCOPY --from=other /x /x", "other"),
        ("FROM python:3.11\nRUN --mount=target=/x,from=other true", "other"),
        ("FROM python:3.11 AS a\nONBUILD RUN --mount=from=other,target=/x true\nFROM a", "other"),
    ],
)
def test_a_build_starts_from_what_is_offered(text: str, refused: str | None) -> None:
    dockerfile = parse(text)
    base = Offer(NO_ENGINE, {}, bases=BASES, for_many=True).refused(dockerfile)
    assert (base.reference if base else None) == refused
    assert Offer(NO_ENGINE, {}, bases=BASES).refused(dockerfile) is None  # on one's own engine


def test_buildkit_reads_the_engine_s_platform() -> None:
    class _Arm(Engine):
        own_platform = "linux/arm64"

        def __init__(self) -> None: ...

    dockerfile = parse("FROM python:3.11 AS on-arm64\nFROM on-$TARGETARCH")
    read = Offer(_Arm(), {}, bases=BASES, for_many=True).read(dockerfile)
    assert [stage.base for stage in read.stages][1] == 0
    assert Offer(_Arm(), {}, bases=BASES, for_many=True).refused(read) is None
    assert Offer(_Arm(), {}, bases=BASES, builder="classic").read(dockerfile) == dockerfile


def test_room(tmp_path: Path) -> None:
    found = Room.at(tmp_path)
    assert found.bytes > 0
    assert found.holds(Room(1, 1))
    assert not found.holds(Room(found.bytes * 2, 1))
    assert not found.holds(Room(1, sys.maxsize + 1))
    assert Room.told(5, 0, 0).files == sys.maxsize  # a file system that counts no files
    assert not Room.told(5, 0, 100).holds(Room(1, 1))
