from autograder.pictures import Installed, time_travel

from .reading import well_formed

THEN = Installed("then", {"poetry": "1.7.0", "fastapi": "0.104.1", "anyio": "3.7.1"})
NOW = Installed("now", {"poetry": "2.5.1", "fastapi": "0.104.1", "anyio": "3.7.1"})


def test_the_text_is_a_table_of_both_dates() -> None:
    assert repr(time_travel(THEN, NOW, ("poetry", "fastapi"))).splitlines() == [
        "         then     now",
        "poetry   1.7.0    2.5.1    changed",
        "fastapi  0.104.1  0.104.1  the same",
        "1 of 3 packages changed",
    ]


def test_others_are_shown_when_they_changed() -> None:
    now = Installed("now", {"poetry": "1.7.0", "fastapi": "0.104.1", "typing-inspection": "0.4"})
    rows = repr(time_travel(THEN, now, ("poetry",))).splitlines()
    assert "anyio              3.7.1      not there  changed" in rows
    assert "typing-inspection  not there  0.4        changed" in rows
    assert not any(row.startswith("fastapi") for row in rows)


def test_what_neither_image_holds_has_no_row() -> None:
    without = [Installed(i.when, {"fastapi": "0.104.1"}) for i in (THEN, NOW)]
    assert repr(time_travel(*without, first=("poetry", "fastapi"))).splitlines()[1:] == [
        "fastapi  0.104.1  0.104.1  the same",
        "0 of 1 packages changed",
    ]


def test_the_table_has_headers_for_those_who_hear_it() -> None:
    root = well_formed(time_travel(THEN, NOW, ("poetry",)))
    assert [head.get("scope") for head in root.iter("th")] == ["col"] * 4 + ["row"]
    assert root.findtext(".//caption") == "1 of 3 packages changed"
