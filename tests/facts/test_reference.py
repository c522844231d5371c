"""What can be an image's name, and that no text takes long to tell."""

import time

import pytest

from autograder.facts.reference import is_reference, slip_in_python

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


@pytest.mark.parametrize(
    ("name", "tag", "slip"),
    [
        ("pyhton", "3.11", ("pyhton", "python")),
        ("python3", "3.11", ("python3", "python")),
        ("phyton", "", ("phyton", "python")),
        ("python", "3.11slim", ("3.11slim", "3.11-slim")),
        ("python", "slm", ("slm", "slim")),
        ("python", "3.11-slim-bulseye", ("bulseye", "bullseye")),
        ("python", "3.11alpine3.19", ("3.11alpine3.19", "3.11-alpine3.19")),
    ],
)
def test_a_slip_of_the_finger(name: str, tag: str, slip: tuple[str, str]) -> None:
    assert slip_in_python(name, tag) == slip


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        *(("python", "3.11-slim-bullseye"), ("python", ""), ("python", "3.11-alpine3.19")),
        *(("pypy", "slm"), ("pythons-lab/x", "slm"), ("pyth/on", ""), ("", ""), ("python", "-")),
        *(("python", "3.15.0a1-slim"), ("python", "latest"), ("python", "3.11-sid\nslim.")),
    ],
)
def test_what_is_right_or_another_image_s(name: str, tag: str) -> None:
    assert slip_in_python(name, tag) is None
