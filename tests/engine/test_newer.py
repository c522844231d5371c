"""Flags that this builder does not know: those of newer ones, and those that nobody has."""

import pytest

from autograder.engine.failure import classify
from autograder.engine.newer import newer_flag
from autograder.facts.dockerfile import parse

SAID = "dockerfile parse error on line {}: unknown flag: {}"


@pytest.mark.parametrize(
    ("row", "flag", "named"),
    [
        ("ADD --unpack=true a.tar /", "unpack", "ADD --unpack"),
        ("ADD --checksum=sha256:0 https://a.example/b /", "checksum", "ADD --checksum"),
        ("ADD --keep-git-dir=true a /", "keep-git-dir", "ADD --keep-git-dir"),
        ("RUN --device=a b", "device", "RUN --device"),
        ("RUN --security=insecure b", "security", "RUN --security"),
        ("COPY --parents a /", "parents", "COPY --parents"),
        ("COPY --exclude=b a /", "exclude (did you mean chown?)", "COPY --exclude"),
        ("ONBUILD COPY --exclude=b a /", "--exclude", "COPY --exclude"),
        ("HEALTHCHECK --start-interval=1s CMD a", "start-interval", "HEALTHCHECK --start-interval"),
    ],
)
def test_a_flag_of_newer_builders(row: str, flag: str, named: str) -> None:
    dockerfile = parse(f"FROM a\n{row}\n")
    assert newer_flag(classify(SAID.format(2, flag)), dockerfile) == (named, 2)
    if row.startswith("ONBUILD"):
        assert newer_flag(classify(SAID.format(1, flag)), dockerfile) == (named, 2)
    old = classify(SAID.format(2, flag).replace(" on line", " line").replace("unknown", "Unknown"))
    assert newer_flag(old, dockerfile) == (named, 2)


@pytest.mark.parametrize(
    ("row", "flag"),
    [
        ("ADD --unpacked=true a.tar /", "unpacked"),
        ("COPY --unpack a /", "unpack"),
        ("COPY --form=b a /", "form (did you mean from?)"),
        ("RUN --no-cache b", "no-cache"),
        ("COPY --Chown=1:1 a /", "Chown"),
        ("WORKDIR --link /a", "link"),
    ],
)
def test_a_flag_that_nobody_has_is_the_learners(row: str, flag: str) -> None:
    failure = classify(SAID.format(2, flag))
    assert failure.kind == "dockerfile"
    assert newer_flag(failure, parse(f"FROM a\n{row}\n")) is None


def test_another_line_s_flag_is_not_meant() -> None:
    dockerfile = parse("FROM a\nADD --unpack a /\nCOPY --unpack a /\n")
    assert newer_flag(classify(SAID.format(3, "unpack")), dockerfile) is None
    assert newer_flag(classify("pip: unknown flag: unpack", step="RUN a"), dockerfile) is None
    assert newer_flag(None, dockerfile) is None
