"""base-image-pinned: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import base_image_is_pinned
from autograder.facts.observation import Observation

Observe = Callable[..., Observation]
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "base", "line"),
    [
        ("FROM python\n", "python", 1),
        ("FROM python:latest\n", "python:latest", 1),
        ("FROM python:3\n", "python:3", 1),
        ("FROM python:3-slim\n", "python:3-slim", 1),
        ("FROM python:slim\n", "python:slim", 1),
        ("FROM python:bookworm\n", "python:bookworm", 1),
        ("FROM python:3-alpine3.19\n", "python:3-alpine3.19", 1),
        ("ARG V=3\nFROM python:$V\n", "python:3", 2),
        ("FROM python:$MISSING\n", "python:", 1),
        ("FROM reg.example:5000/python\n", "reg.example:5000/python", 1),
        ("FROM python AS a\nFROM python:3.11\nCOPY --from=a /x /x\n", "python", 1),
        ("FROM python:3.11\nCOPY --from=tool /x /x\n", "tool", 2),
        ("FROM python:3.11\nRUN --mount=from=tool:latest,target=/t x\n", "tool:latest", 2),
        ("FROM python AS a\nFROM a\n", "python", 1),
    ],
)
def test_catches(observe: Observe, text: str, base: str, line: int) -> None:
    outcome = base_image_is_pinned(observe(text))
    assert outcome.state == "failed"
    lacks = "names no minor version" if ":3" in base else "does not say which version"
    assert outcome.seen == f"the build starts from {base}, which {lacks}"
    assert outcome.try_next.startswith("name the version that you tested with, such as ")
    assert outcome.try_next.endswith(":3.11")
    assert outcome.line == line


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("FROM python:3.11\n", "python:3.11"),
        ("FROM python:3.11.9-slim-bookworm\n", "python:3.11.9-slim-bookworm"),
        (f"FROM python@{DIGEST}\n", f"python@{DIGEST}"),
        (f"FROM python:latest@{DIGEST}\n", f"python:latest@{DIGEST}"),
        ("FROM reg.example:5000/python:3.11\n", "reg.example:5000/python:3.11"),
        ("FROM tool:python3.11-bookworm\n", "tool:python3.11-bookworm"),
        ("ARG V=3.11\nFROM python:${V}-slim\n", "python:3.11-slim"),
        ("FROM python:${V:-3.11}\n", "python:3.11"),
        ("FROM --platform=linux/amd64 python:3.11 AS a\n", "python:3.11"),
        ("FROM python AS unused\nFROM python:3.11\n", "python:3.11"),
        ("FROM python:3.11 AS a\nFROM python:3.11\nCOPY --from=a / /\n", "python:3.11"),
        ("FROM python:3.11 AS a\nFROM scratch\nCOPY --from=0 / /\n", "python:3.11"),
    ],
)
def test_catches_not(observe: Observe, text: str, bases: str) -> None:
    outcome = base_image_is_pinned(observe(text))
    assert (outcome.state, outcome.try_next, outcome.line) == ("passed", "", None)
    assert outcome.seen == f"the image is built from {bases}"


def test_an_image_from_nothing_brings_no_python(observe: Observe) -> None:
    outcome = base_image_is_pinned(observe("FROM scratch\n"))
    assert outcome.state == "failed"
    assert "nothing at all (scratch)" in outcome.seen
    assert outcome.try_next == "start from an image that brings Python, named by its version"
