"""Which files `.dockerignore` keeps back: Docker's rules, and no pattern that takes long."""

import time

import pytest

from autograder.engine.ignore_file import kept_back
from autograder.engine.request import sent
from autograder.errors import BadInput


def is_kept_back(text: str, path: str) -> bool:
    return path in kept_back(text, ".dockerignore", [path])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tests", "tests/x.py"),
        ("**/tests", "a/b/tests/x.py"),
        ("**/tests", "tests/x.py"),
        ("**/tests/*", "a/tests/b/x.py"),
        ("*/x.py", "a/x.py"),
        ("*", "a/b/x.py"),
        ("**", "a/b"),
        ("a/**", "a/b/c"),
        ("a**/*.txt", "a/b/c/d.txt"),
        ("a/**/d", "a/d"),
        ("a/**/d", "a/b/c/d"),
        ("**/**/*.txt", "c.txt"),
        ("**/b/*/**/e", "a/b/c/d/e"),
        ("**.pyc", "a/b.pyc"),
        ("**b/c", "ab/c"),
        ("a*b*c", "axbcbc"),
        ("a***b", "ab"),
        ("a****/*b", "ac/b"),
        ("a?b", "a☺b"),
        ("a[b-d]e", "ace"),
        ("a[^b-d]e", "aze"),
        (r"[\]a]", "]"),
        (r"[x\-]", "-"),
        (r"a\*b", "a*b"),
        ("a.|)$(}+{bc", "a.|)$(}+{bc"),
        ("/a", "a"),
        ("a/", "a/b"),
        ("./a/../b//c/.", "b/c/d"),
        ("  a \r\n", "a"),
        ("!a.lock\n*.lock", "a.lock"),
        ("a/b\n!a", "a/b"),  # the exception speaks of a folder that is not kept back
    ],
)
def test_it_is_kept_back(text: str, path: str) -> None:
    assert is_kept_back(text, path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "a"),
        ("#a", "#a"),
        ("*.py", "a/x.py"),
        ("a/*", "a"),
        ("a/**", "a"),
        ("a*b", "a/b"),
        ("a?b", "a/b"),
        ("a**b", "axb"),
        ("**/.a", "b.a"),
        ("**/*.txt2", "a/b.txt"),
        ("a[b-d]e", "aee"),
        (r"a\*b", "axb"),
        ("A", "a"),
        ("../a", "a"),
        (".", "a"),
        ("/", "a"),
        ("*.lock\n!a.lock", "a.lock"),
        ("*\n!a", "a/b/c"),
        ("a\n! /a/b", "a/b/c"),
        ("**\n!**/a", "b/a/c"),
    ],
)
def test_it_is_sent(text: str, path: str) -> None:
    assert not is_kept_back(text, path)


def test_of_many_files_each_is_judged_by_itself() -> None:
    paths = ["a", "a-b", "a/c", "a/d/e", "a0", "b/d/e", "b/d/f", "b/f"]
    assert kept_back("**/d\n!b/d/f\na-*", "x", paths) == {"a-b", "a/d/e", "b/d/e"}


@pytest.mark.parametrize(
    "pattern",
    ["[", "a[", "[z-a]", "[]a]", "[-x]", "[x-]", "[a-b-c]", "[^", "\\", "a/b\\", "!", "!/", "!["],
)
def test_what_docker_refuses_is_told_with_its_line(pattern: str) -> None:
    files = {"Dockerfile": b"FROM a\n", ".dockerignore": f"# a\n*.md\n{pattern}\n".encode()}
    with pytest.raises(BadInput) as told:
        sent(files)
    assert str(told.value).startswith(f".dockerignore line 3: Docker refuses {pattern}: ")


def test_the_dockerfile_is_sent_and_its_own_list_comes_first() -> None:
    files = {"Dockerfile": b"FROM a\n", ".dockerignore": b"b\n", "a": b"", "b": b""}
    assert set(sent(files)) == {"Dockerfile", ".dockerignore", "a"}
    assert set(sent({**files, "Dockerfile.dockerignore": b"\xef\xbb\xbf*\n!b"})) == {
        *("Dockerfile", ".dockerignore", "b")
    }
    with pytest.raises(BadInput, match=r"^Dockerfile\.dockerignore line 1: "):
        sent({**files, "Dockerfile.dockerignore": b"["})


@pytest.mark.parametrize(
    "pattern",
    [*("*a" * 30 + "b", "**/a" * 30 + "b", "**a" * 30 + "b"), "*[a-z]" * 30 + "b", "***/" * 30],
)
def test_a_hostile_pattern_is_soon_looked_through(pattern: str) -> None:
    began = time.monotonic()
    assert not is_kept_back(pattern, "a" * 60)
    assert not is_kept_back(f"{pattern}b", "a/" * 30 + "a")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "line", ["*[a]" * 100_000, "*\n!*\n" * 100_000, "*\n" + "*/" * 100_000 + "a"]
)
def test_too_much_is_told_and_not_looked_through(line: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"^\.dockerignore line \d+: up to here it is too long"):
        kept_back(line, ".dockerignore", [f"{n}/" + "a/" * 1_000 for n in range(200)])
    assert time.monotonic() - began < 10


def test_a_long_list_for_many_files_is_taken() -> None:
    text = "# a comment that says much\n" * 100 + "**/*.a_pattern\n" * 100
    assert not kept_back(text, "x", [f"a_package/of_many/module_{n}.py" for n in range(200)])
