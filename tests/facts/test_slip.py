"""One slip of the finger makes another word; two make a word of its own."""

import pytest

from autograder.facts.slip import one_slip_apart


@pytest.mark.parametrize("word", ["pyhton", "pyton", "pythonn", "pithon", "ypthon", "pythno"])
def test_one_slip(word: str) -> None:
    assert one_slip_apart(word, "python")
    assert one_slip_apart("python", word)


@pytest.mark.parametrize("word", ["python", "pypy", "pyhotn", "pythons3", "", "on", "PYTHON"])
def test_none_or_more(word: str) -> None:
    assert not one_slip_apart(word, "python")
    assert not one_slip_apart("python", word)
