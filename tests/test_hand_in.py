"""What is taken from a learner's folder, and what is refused in one clear line."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.errors import BadInput
from autograder.hand_in import (
    GIVEN,
    MOST_BYTES,
    MOST_BYTES_IN_ALL,
    MOST_FILES,
    HandIn,
    dockerfile_in,
    give,
    given_hand_in,
    read_hand_in,
)

TEXT = b"FROM python:3.11\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hand-in with nothing but a Dockerfile."""
    (tmp_path / "Dockerfile").write_bytes(TEXT)
    return tmp_path


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as error:
        read_hand_in(folder).dockerfile  # noqa: B018
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == f"{tmp_path}/none is not a folder"
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file") == f"{tmp_path}/file is not a folder"
    assert refused(tmp_path / "file" / "x") == f"{tmp_path}/file/x is not a folder"
    assert "cannot be read: File name too long" in refused(tmp_path / ("x" * 300))


def test_no_dockerfile(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"there is no Dockerfile in {tmp_path}"
    (tmp_path / "Dockerfile").mkdir()
    (tmp_path / "dockerfile").write_bytes(TEXT)
    assert refused(tmp_path) == f"there is no Dockerfile in {tmp_path}"


def test_a_dockerfile_in_small_letters(tmp_path: Path) -> None:
    """As `docker build` has it: it counts where no other is there, and a COPY may name it."""
    (tmp_path / "dockerfile").write_bytes(TEXT)
    assert read_hand_in(tmp_path).files == {"Dockerfile": TEXT, "dockerfile": TEXT}
    assert dockerfile_in(tmp_path) == tmp_path / "dockerfile"
    (tmp_path / "Dockerfile").write_bytes(b"FROM python:3.12\n")
    both = {"Dockerfile": b"FROM python:3.12\n", "dockerfile": TEXT}
    assert read_hand_in(tmp_path).files == both
    assert dockerfile_in(tmp_path) == tmp_path / "Dockerfile"


@pytest.mark.parametrize("name", ["DOCKERFILE", "DockerFile", "Dockerfile.txt", "in/dockerfile"])
def test_no_other_spelling_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(TEXT)
    assert refused(tmp_path) == f"there is no Dockerfile in {tmp_path}"
    assert dockerfile_in(tmp_path) is None
    assert dockerfile_in(tmp_path / "none") is None


@pytest.mark.parametrize("text", [b"", b" \n\t\r\n", b"# only a comment\n", b"\xef\xbb\xbf\n"])
def test_an_empty_dockerfile(folder: Path, text: bytes) -> None:
    (folder / "Dockerfile").write_bytes(text)
    assert "is empty" in refused(folder)


@pytest.mark.parametrize(
    "text",
    ["FROM python:3.11\n".encode("utf-16"), b"FROM python:3.11\nRUN echo \xff\n", b"\x7fELF\x80"],
)
def test_a_dockerfile_that_is_not_text(folder: Path, text: bytes) -> None:
    (folder / "Dockerfile").write_bytes(text)
    assert refused(folder) == "the Dockerfile is not text in UTF-8"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"FROM python:3.11\n\nRUNN a\n", "line 3: RUNN is not a Dockerfile instruction"),
        (b"RUN a\nFROM python:3.11\n", "line 1: RUN stands before any FROM"),
        (b"FROM python:3.11\nRUN <<EOF\n", "line 2: the heredoc <<EOF never ends"),
        (b"\x00" * 50, "line 1"),
    ],
)
def test_a_syntax_error_names_its_line(folder: Path, text: bytes, wanted: str) -> None:
    (folder / "Dockerfile").write_bytes(text)
    assert wanted in refused(folder)


def test_companions_are_taken_as_they_are(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c.txt").write_bytes(b"\x00\xff")
    (folder / ".dockerignore").write_bytes(b"*.md\n")
    (folder / "empty").touch()
    (folder / "again.txt").symlink_to("a/b/c.txt")
    assert read_hand_in(folder).files == {
        "Dockerfile": TEXT,
        ".dockerignore": b"*.md\n",
        "a/b/c.txt": b"\x00\xff",
        "again.txt": b"\x00\xff",
        "empty": b"",
    }


def test_what_may_be_run_is_taken_so(folder: Path) -> None:
    for name, mode in {"a.sh": 0o755, "b.sh": 0o644, "c.sh": 0o700, "d.sh": 0o611}.items():
        (folder / name).write_bytes(b"#!/bin/sh\n")
        (folder / name).chmod(mode)
    (folder / "e.sh").symlink_to("a.sh")
    hand_in = read_hand_in(folder)
    assert hand_in.programs == {"a.sh", "c.sh", "e.sh"}
    assert hand_in.without({"a.sh", "Dockerfile"}).programs == {"c.sh", "e.sh"}
    assert set(hand_in.without({"a.sh"}).files) == {"Dockerfile", "b.sh", "c.sh", "d.sh", "e.sh"}


def test_without_a_name_is_without_a_folder_of_that_name() -> None:
    hand_in = HandIn({"a": b"", "a.b": b"", "b/a": b"", "c/d/e": b""}, frozenset({"c/d/e"}))
    assert hand_in.without({"a", "c"}) == HandIn({"a.b": b"", "b/a": b""})
    assert hand_in.without({"c/d"}) == HandIn({"a": b"", "a.b": b"", "b/a": b""})


@pytest.mark.parametrize("given", [HandIn({"a": b"\xff"}, frozenset("a")), BadInput("no")])
def test_what_grading_gives_comes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: HandIn | BadInput
) -> None:
    give(tmp_path / "given.json", given)
    monkeypatch.setenv(GIVEN, str(tmp_path / "given.json"))
    if isinstance(given, HandIn):
        assert given_hand_in() == given
    else:
        with pytest.raises(BadInput, match=r"^no$"):
            given_hand_in()


@pytest.mark.parametrize("name", [".git/x", "__pycache__/x", ".venv/x", "a.ipynb", "b/c.pyc"])
def test_what_tools_leave_behind_is_not_handed_in(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x" * (MOST_BYTES + 1))
    assert set(read_hand_in(folder).files) == {"Dockerfile"}


def environment(folder: Path) -> Path:
    """What `python -m venv` makes, in short: too much, and not all of it files."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "lib").mkdir()
    (folder / "lib64").symlink_to("lib")
    for number in range(MOST_FILES):
        (folder / "lib" / f"{number}.py").touch()
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return folder


@pytest.mark.parametrize("name", ["a/" * 101 + "b", "/".join(["a" * 200] * 6)])
def test_a_path_without_end_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    assert set(read_hand_in(folder).files) == {"Dockerfile"}
    (folder / name).touch()
    with pytest.raises(BadInput, match=r"the path a+/?.*… is longer than 1000 characters"):
        read_hand_in(folder)


@pytest.mark.parametrize("name", ["venv", "env", "a/b/my own"])
def test_a_virtual_environment_is_not_handed_in(folder: Path, name: str) -> None:
    environment(folder / name)
    (folder / "venvs.txt").touch()
    (folder / "venv-notes").mkdir()
    (folder / "venv-notes/a").touch()
    assert set(read_hand_in(folder).files) == {"Dockerfile", "venvs.txt", "venv-notes/a"}


def test_a_folder_is_no_environment_for_its_name_alone(folder: Path) -> None:
    """Nor for a folder, or a link, of the name that marks one; nor is the hand-in itself."""
    for name in ("venv/bin/start", "env/pyvenv.cfg/a", "pyvenv.cfg", "linked/b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"1")
    names = {"Dockerfile", "venv/bin/start", "env/pyvenv.cfg/a", "pyvenv.cfg", "linked/b"}
    assert set(read_hand_in(folder).files) == names
    (folder / "linked/pyvenv.cfg").symlink_to("/etc/passwd")
    assert refused(folder) == "linked/pyvenv.cfg is a link that leads out of the folder"


def test_size(folder: Path) -> None:
    (folder / "data").write_bytes(b"x" * MOST_BYTES)
    assert len(read_hand_in(folder).files["data"]) == MOST_BYTES
    (folder / "data").write_bytes(b"x" * (MOST_BYTES + 1))
    assert refused(folder) == "data is larger than 1 MB: hand in only what the build needs"


def test_a_dockerfile_over_1_mb(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(TEXT + b"# x\n" * MOST_BYTES)
    assert "Dockerfile is larger than 1 MB" in refused(folder)


def test_number_of_files(folder: Path) -> None:
    for number in range(MOST_FILES - 1):
        (folder / str(number)).touch()
    assert len(read_hand_in(folder).files) == MOST_FILES
    (folder / "one more").touch()
    assert f"holds more than {MOST_FILES} files: hand in only what is needed" in refused(folder)


def test_size_of_all_files(folder: Path) -> None:
    """A hand-in is sent to who judges it, and is in memory several times over."""
    number = MOST_BYTES_IN_ALL // MOST_BYTES
    for name in range(number):
        (folder / str(name)).write_bytes(b"x" * MOST_BYTES)
    (folder / "0").write_bytes(b"x" * (MOST_BYTES - len(TEXT)))
    assert len(read_hand_in(folder).files) == number + 1
    (folder / "0").write_bytes(b"x" * (MOST_BYTES - len(TEXT) + 1))
    assert refused(folder) == (
        "the folder's files are larger than 20 MB in all: hand in only what the build needs"
    )


@pytest.mark.parametrize(
    ("name", "make"), [("{}.ipynb", Path.touch), ("a/{}.pyc", Path.touch), ("a/{}", Path.mkdir)]
)
def test_number_of_all_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None]
) -> None:
    """Those that are left out cost time as well."""
    monkeypatch.setattr("autograder.hand_in.MOST_ENTRIES", 50)
    folder = tmp_path / "in"
    (folder / "a").mkdir(parents=True)
    (folder / "Dockerfile").write_bytes(TEXT)
    for number in range(49):
        make(folder / name.format(number))
    words = "the folder holds more than 50 files and folders: hand in only what"
    assert words in refused(folder)
    (folder / name.format(0)).rename(tmp_path / "out")
    assert set(read_hand_in(folder).files) == {"Dockerfile"}


def test_the_fullest_folder_is_named(folder: Path) -> None:
    for name, count in {"app": 3, "node_modules/a": 100, "node_modules/b": 150}.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / str(number)).touch()
    assert refused(folder) == (
        "the folder holds more than 200 files, at least 200 of them in node_modules:"
        " hand in only what is needed"
    )


def test_folders_as_deep_as_can_be(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(1200):
            os.mkdir("d", dir_fd=here)
            deeper = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = deeper
        with os.fdopen(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here), "wb") as file:
            file.write(b"1")
    finally:
        os.close(here)
    try:
        with pytest.raises(BadInput, match="leads through more than 100 folders"):
            read_hand_in(folder)
    finally:
        subprocess.run(["rm", "-rf", folder / "d"], check=True)  # too deep for shutil.rmtree


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (link_to("/etc/passwd"), "is a link that leads out of the folder"),
        (link_to("../../outside"), "is a link that leads out of the folder"),
        (link_to("/etc"), "is a link to a folder: hand in the files"),
        (link_to("."), "is a link to a folder: hand in the files"),
        (link_to("nowhere"), "cannot be read: No such file or directory"),
        (link_to("odd"), "cannot be read: Too many levels of symbolic links"),
        (os.mkfifo, "is not a regular file"),
    ],
)
def test_what_is_not_a_file_of_the_folder(
    tmp_path: Path, make: Callable[[Path], None], wanted: str
) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "Dockerfile").write_bytes(TEXT)
    make(folder / "sub" / "odd")
    assert refused(folder) == f"sub/odd {wanted}"


def test_the_dockerfile_itself_may_not_be_a_link_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "real").write_bytes(TEXT)
    (tmp_path / "in" / "Dockerfile").symlink_to(tmp_path / "real")
    assert refused(tmp_path / "in") == "Dockerfile is a link that leads out of the folder"


def test_a_neighbour_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    for name in ("in", "in-other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_bytes(TEXT)
    (tmp_path / "in" / "x").symlink_to(tmp_path / "in-other" / "Dockerfile")
    assert "x is a link that leads out" in refused(tmp_path / "in")


def test_a_device(folder: Path) -> None:
    if os.geteuid() == 0:
        os.mknod(folder / "odd", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    else:
        os.mkfifo(folder / "odd")
    assert refused(folder) == "odd is not a regular file"


def test_the_folder_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Dockerfile").write_bytes(TEXT)
    (tmp_path / "link").symlink_to("in")
    assert read_hand_in(tmp_path / "link").files == {"Dockerfile": TEXT}
