"""Which --platform of a FROM is the engine's own, and what becomes of any other."""

import pytest

from autograder.errors import NotJudged
from autograder.evidence.platforms import of_no_platform
from autograder.facts.dockerfile import parse


@pytest.mark.parametrize(
    "asked",
    [
        "linux/amd64", "linux/x86_64", "LINUX/AMD64", "linux/amd64/v2", "linux", "amd64",
        "$BUILDPLATFORM", "${TARGETPLATFORM}", "linux/$TARGETARCH", "${P:-linux/amd64}", "$MINE",
        "", "''",
    ],
)  # fmt: skip
def test_the_engines_own_platform(asked: str) -> None:
    text = f"ARG MINE=linux/amd64\nARG TARGETPLATFORM\nFROM --platform={asked} python:3.11\n"
    assert of_no_platform(parse(text), "linux/amd64") is None


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ("linux/arm64", "linux/amd64"),
        ("linux/amd64", "linux/arm64"),
        ("linux/s390x", "linux/amd64"),
        ("windows/amd64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm64"),
        ("arm64", "linux/amd64"),
        ("windows", "linux/amd64"),
    ],
)
def test_another_platform_is_not_on_offer(asked: str, own: str) -> None:
    text = f"FROM python:3.11 AS a\nFROM --platform={asked} a\n"
    with pytest.raises(NotJudged, match=f"line 2 asks for an image of another platform, {asked}: "):
        of_no_platform(parse(text), own)


@pytest.mark.parametrize(
    "asked", ["$NOWHERE", "linux/", "/", "a/b/c/d", "linux,amd64", "amd46", "linux/v8.2"]
)
def test_what_names_no_platform_is_the_learners_to_mend(asked: str) -> None:
    failure = of_no_platform(parse(f"FROM --platform={asked} python:3.11\n"), "linux/amd64")
    assert failure is not None
    assert (failure.kind, failure.line) == ("dockerfile", 1)


def test_what_nobody_needs_or_holds_nothing_may_ask_for_any() -> None:
    text = (
        "FROM --platform=a/b c AS d\nFROM --platform=a/b scratch AS e\nFROM f\nCOPY --from=e / /\n"
    )
    assert of_no_platform(parse(text), "linux/amd64") is None
