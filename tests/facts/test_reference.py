"""What can be an image's name, and that no text takes long to tell."""

import time

import pytest

from autograder.facts.reference import is_reference

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        "python",
        "python:3.11-slim-bookworm",
        "library/python:3.11",
        "someone/my_image__a--b.c:V1",
        "localhost/a",
        "localhost:5000/a:1",
        "reg.example:5000/a/b:1",
        "[::1]:5000/a",
        "Someone/python:3.11",  # in capitals it is taken for a host
        f"python@sha256:{HEX}",
        f"python:3.11@sha256:{HEX}",
        "course-run-0:first",
        "3.11",
    ],
)
def test_an_image_can_be_called_so(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python==3.11",
        "python=3.11",
        "python>=3.11",
        "python 3.11",
        "Python:3.11",
        "someone/Python:3.11",
        "python:",
        "python:-slim",
        "python:3.11:slim",
        "python-:3.11",
        "python::3.11",
        "python:3.11/slim",
        "base-",
        "/python",
        "python@3.11",
        f"python@sha256:{HEX[:-1]}",
        f"python@sha256:{HEX.upper()}",
        f"python@md5:{HEX}",
        "python:${V}",
        "python\\:3.11",
        "python:3.11\n",
        "pyth\u00f6n",
    ],
)
def test_no_image_can_be_called_so(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize("piece", ["a", "-", "a-", "a.", "a/", "A", "a_", "a:", "[:", "0:0/"])
def test_it_takes_no_time(piece: str) -> None:
    began = time.process_time()
    assert not is_reference(piece * 200_000 + "!")
    assert not is_reference((piece * 500)[:999] + "!")  # the longest that is read at all
    assert time.process_time() - began < 0.5
