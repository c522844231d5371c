from datetime import date

from autograder.pictures import Installed, time_travel

from .reading import well_formed

DAY, LATER = date(2023, 11, 10), date(2026, 11, 1)
THEN = Installed("then", {"poetry": "1.7.0", "fastapi": "0.104.1", "anyio": "3.7.1"}, DAY)
NOW = Installed("now", {"poetry": "2.5.1", "fastapi": "0.104.1", "anyio": "3.7.1"}, LATER)
DAYS = "The package index is that of 10 November 2023 for “then”, and of 1 November 2026 for “now”."


def test_the_text_is_a_table_of_both_dates() -> None:
    assert repr(time_travel(THEN, NOW, ("poetry", "fastapi"))).splitlines() == [
        "         then     now",
        "poetry   1.7.0    2.5.1    changed",
        "fastapi  0.104.1  0.104.1  the same",
        "1 of 3 packages changed; 1 more, the same in both, is not shown",
        DAYS,
    ]


def test_others_are_shown_when_they_changed() -> None:
    versions = {"poetry": "1.7.0", "fastapi": "0.104.1", "typing-inspection": "0.4"}
    now = Installed("now", versions, LATER)
    rows = repr(time_travel(THEN, now, ("poetry",))).splitlines()
    assert "anyio              3.7.1      not there  changed" in rows
    assert "typing-inspection  not there  0.4        changed" in rows
    assert not any(row.startswith("fastapi") for row in rows)


def test_what_neither_image_holds_has_no_row() -> None:
    without = [Installed(i.when, {"fastapi": "0.104.1"}, i.index) for i in (THEN, NOW)]
    assert repr(time_travel(*without, first=("poetry", "fastapi"))).splitlines()[1:] == [
        "fastapi  0.104.1  0.104.1  the same",
        "0 of 1 packages changed",
        DAYS,
    ]


def test_how_many_are_not_shown_and_a_day_that_is_the_same_for_both() -> None:
    others = Installed("other lock", {**THEN.versions, "anyio": "4.0.0", "poetry": "1.7.0"}, DAY)
    *_, counted, days = repr(time_travel(THEN, others)).splitlines()
    assert counted == "1 of 3 packages changed; 2 more, the same in both, are not shown"
    assert days == "The package index is that of 10 November 2023 for both."


def test_the_table_has_headers_for_those_who_hear_it() -> None:
    root = well_formed(time_travel(THEN, NOW, ("poetry",)))
    assert [head.get("scope") for head in root.iter("th")] == ["col"] * 4 + ["row"]
    counted = "1 of 3 packages changed; 2 more, the same in both, are not shown"
    assert "".join(root.find(".//caption").itertext()) == counted + DAYS
