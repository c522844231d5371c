"""Variables are replaced as a builder does it."""

import pytest

from autograder.facts.expansion import expand, platform_arguments


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a$", "a$"),
        ("$A$B", "12"),
        ("${A}${B}", "12"),
        ("${A", "${A"),
        ("${}", "${}"),
        ("${C:-x$A}", "x1"),
        ("${C:-${D:-${A}}}", "1"),
        ("${A:?none}${A?}", "11"),
        ("${D:?none}${D?}", ""),
        ("${V%.*} ${V%%.*} ${V#*.} ${V##*.} ${V%x}", "3.11 3 11.7 7 3.11.7"),
        ("${V%} ${V#} ${D%.*} ${V%1} ${V%.7} ${V#3}", "3.11.7 3.11.7  3.11.7 3.11 .11.7"),
        ("${V/1/2} ${V//1/2} ${V/.11} ${V/*/x} ${V%?7}", "3.21.7 3.22.7 3.7 3.11.7 3.11.7"),
        ("'$A'\"b\"", "1b"),
    ],
)
def test_expand(text: str, wanted: str) -> None:
    assert expand(text, {"A": "1", "B": "2", "V": "3.11.7"}) == wanted


def test_what_a_platform_tells() -> None:
    assert platform_arguments("linux/arm64") == {
        "BUILDPLATFORM": "linux/arm64",
        "BUILDOS": "linux",
        "BUILDARCH": "arm64",
        "BUILDVARIANT": "",
        "TARGETPLATFORM": "linux/arm64",
        "TARGETOS": "linux",
        "TARGETARCH": "arm64",
        "TARGETVARIANT": "",
    }
