"""A poetry.lock, and a requirements.txt, as data."""

import pytest

from autograder.exercises import find_exercise
from autograder.facts.lock import Lock, read_lock, read_requirements


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


def test_requirements_are_read_to_the_comment() -> None:
    text = "# all of it\n\nTyping_Extensions == 4.8.0  # why\nuvicorn==0.24.0.post1\n"
    wanted = {"typing-extensions": "4.8.0", "uvicorn": "0.24.0.post1"}
    assert read_requirements(text) == Lock(wanted, "requirements.txt")


@pytest.mark.parametrize("line", ["a", "a>=1", "a==1,<2"])
def test_requirements_of_the_course_name_one_version_each(line: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        read_requirements(line)


@pytest.mark.parametrize("slug", ["step-2-poetry", "step-3-pin-and-split"])
def test_the_second_lock_differs_in_a_direct_dependency(slug: str) -> None:
    asked = find_exercise(slug).asked()
    changed = asked.second_lock.changed_from(asked.lock)
    assert len(changed) == 1
    assert set(changed) <= set(asked.direct) <= set(asked.lock.versions)
