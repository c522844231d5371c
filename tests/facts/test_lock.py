"""A poetry.lock as data."""

from autograder.exercises import find_exercise
from autograder.facts.lock import Lock, read_lock


def test_names_are_canonical() -> None:
    text = '[[package]]\nname = "Typing_Extensions"\nversion = "4.8.0"\n[metadata]\n'
    assert read_lock(text) == Lock({"typing-extensions": "4.8.0"})


def test_a_lock_without_packages() -> None:
    assert read_lock('[metadata]\nlock-version = "2.0"\n').versions == {}


def test_what_changed_leaves_out_what_only_one_lock_has() -> None:
    old = Lock({"a": "1", "b": "1", "gone": "1"})
    new = Lock({"b": "2", "a": "2", "new": "1"})
    assert new.changed_from(old) == ("a", "b")
    assert new.changed_from(new) == ()


def test_the_second_lock_differs_in_a_direct_dependency() -> None:
    asked = find_exercise("step-3-pin-and-split").asked()
    changed = asked.second_lock.changed_from(asked.lock)
    assert len(changed) == 1
    assert set(changed) <= set(asked.direct) <= set(asked.lock.versions)
