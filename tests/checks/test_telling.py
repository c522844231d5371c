"""Which line of what a program printed says why it ended."""

import pytest

from autograder.checks.telling import telling

STAMP = "[2026-11-30 04:43:23 +0000] [1] [{}] "
BOOT = (
    STAMP.format("INFO") + "Listening at: http://0.0.0.0:8000 (1)",
    "{}",
    STAMP.format("ERROR") + "Worker (pid:7) exited with code 3",
    STAMP.format("ERROR") + "Reason: Worker failed to boot.",
)


@pytest.mark.parametrize(
    "row", ["ModuleNotFoundError: No module named 'x'", "Failed to find attribute 'main' in 'x'."]
)
def test_a_server_that_did_not_start(row: str) -> None:
    assert telling(line.format(row) for line in BOOT) == row


def test_a_server_that_waits_says_where() -> None:
    rows = (*BOOT[:1], STAMP.format("INFO") + "Booting worker with pid: 8")
    assert telling(rows) == "Listening at: http://0.0.0.0:8000 (1)"


def test_advice_comes_with_what_it_is_about() -> None:
    rows = ("ERROR: Invalid requirement: 'a=1'", "", "Hint: = is no operator", "[notice] pip 9")
    assert telling(rows) == "ERROR: Invalid requirement: 'a=1' Hint: = is no operator"


def test_poetrys_last_words_are_not_the_first() -> None:
    rows = ("The requested command instal does not exist.", "", "Documentation: https://a.example")
    assert telling(rows) == rows[0]


def test_what_poetry_gives_its_reasons_in_is_told_whole() -> None:
    clash = ("Incompatible constraints in requirements of a (1):", "b (>=2,<3)", "b (>=1,<2)")
    assert telling(("Resolving dependencies...", "", *clash, "", "at the end")) == " ".join(clash)
    above = ("Because b (1) depends on c (1)", " and d depends on c (2), b is forbidden.")
    so = ("So, because a depends on b (1)", " and on d (2), version solving failed.")
    rows = (*above, *so, "", "    at solver.py:9 in solve")
    assert telling(rows) == "So, because a depends on b (1) and on d (2), version solving failed."
    assert telling(("x", "a, version solving failed.")) == "a, version solving failed."


def test_where_nothing_tells_it_is_the_last_line() -> None:
    assert telling(("a", "b", " ")) == "b"
    assert telling((" ",)) == telling(()) == ""
