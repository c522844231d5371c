"""What is taken from a submitted notebook and its folder, and what is refused in which words."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import BadInput
from autograder.facts.dockerfile import has_instructions
from autograder.hand_in import MOST_BYTES, MOST_BYTES_IN_ALL, MOST_FILES, NO_DOCKERFILE, is_left_out
from autograder.places import project
from autograder.submission import (
    MOST_CELLS,
    MOST_NOTEBOOK_BYTES,
    Unreadable,
    read_submission,
    refuse_odd_name,
)

SLUG = "step-3-pin-and-split"
NAME = f"{SLUG}.ipynb"
TEXT = "FROM python:3.11\n"
OTHER = "FROM python:3.12\n"
STUB = "%%dockerfile\n# YOUR CODE HERE"
ANSWER = {"grade": False, "solution": True, "locked": False, "schema_version": 3}
TEST = {"grade": True, "solution": False, "locked": True, "schema_version": 3}


def code(source: object, nbgrader: object = None, **more: object) -> dict[str, Any]:
    metadata = {} if nbgrader is None else {"nbgrader": nbgrader}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], **more}


def submit(folder: Path, *cells: object, **more: object) -> Path:
    """The folder, with a notebook of these cells; a bare text is a learner's cell."""
    told = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    notebook = {"cells": told, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    (folder / NAME).write_text(json.dumps(notebook))
    return folder


def taken(folder: Path) -> dict[str, str]:
    return {path: data.decode() for path, data in read_submission(folder, SLUG).files.items()}


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as error:
        read_submission(folder, SLUG)
    assert str(error.value).isprintable()
    return str(error.value)


def unreadable(folder: Path) -> str:
    with pytest.raises(Unreadable) as error:
        read_submission(folder, SLUG)
    assert error.value.exit_code == 2
    assert not isinstance(error.value, BadInput)
    assert str(error.value).isprintable()
    assert len(str(error.value)) <= 300
    return str(error.value)


# The Dockerfile: the cell, or the file


def test_the_answer_cell_is_the_dockerfile(tmp_path: Path) -> None:
    submit(tmp_path, code(f"%%dockerfile\n{TEXT}", ANSWER))
    assert taken(tmp_path) == {"Dockerfile": TEXT}
    assert read_submission(tmp_path, SLUG).dockerfile.text == TEXT


def test_the_notebook_of_the_course_itself(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes((project() / "source" / SLUG / NAME).read_bytes())
    text = read_submission(tmp_path, SLUG).dockerfile.text
    assert text.startswith("### BEGIN SOLUTION\nFROM python:3.11\n")
    assert text.endswith("### END SOLUTION\n")


@pytest.mark.parametrize(
    "stub", [STUB, "%%dockerfile", "%%dockerfile\n\n \t\n", "%%dockerfile\n\ufeff# a\n#FROM b"]
)
def test_an_untouched_cell_gives_way_to_the_file(tmp_path: Path, stub: str) -> None:
    submit(tmp_path, code(stub, ANSWER))
    assert refused(tmp_path) == NO_DOCKERFILE
    (tmp_path / "Dockerfile").write_text(TEXT)
    assert taken(tmp_path) == {"Dockerfile": TEXT}


def test_the_cell_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(OTHER)
    assert taken(submit(tmp_path, f"%%dockerfile\n{TEXT}")) == {"Dockerfile": TEXT}


def test_no_cells_at_all(tmp_path: Path) -> None:
    assert refused(submit(tmp_path)) == NO_DOCKERFILE


@pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"\xff\xfe"])
def test_a_file_that_is_no_dockerfile_is_told_when_it_is_parsed(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "Dockerfile").write_bytes(data)
    hand_in = read_submission(submit(tmp_path, STUB), SLUG)
    assert hand_in.files == {"Dockerfile": data}
    with pytest.raises(BadInput, match=r"the Dockerfile is (empty|not text in UTF-8)"):
        _ = hand_in.dockerfile


def test_pasted_duplicates_the_last_that_holds_an_instruction_wins(tmp_path: Path) -> None:
    cells = [code(f"%%dockerfile\n{text}", ANSWER) for text in (OTHER, TEXT, "# nothing")]
    assert taken(submit(tmp_path, *cells)) == {"Dockerfile": TEXT}


@pytest.mark.parametrize("first", ["%%dockerfile", "%%dockerfile --replace", "%%dockerfile  x \t"])
def test_what_stands_behind_the_magic_does_not_matter(tmp_path: Path, first: str) -> None:
    assert taken(submit(tmp_path, f"{first}\n{TEXT}")) == {"Dockerfile": TEXT}


def test_the_rule_of_an_untouched_cell() -> None:
    assert has_instructions("# a\nnonsense")
    assert not has_instructions("# a\u2028FROM b\n\r\n\t#c")


def test_a_dockerfile_in_small_letters_counts_where_no_other_is_written(tmp_path: Path) -> None:
    (tmp_path / "dockerfile").write_text(TEXT)
    assert taken(submit(tmp_path, STUB)) == {"Dockerfile": TEXT, "dockerfile": TEXT}
    both = {"Dockerfile": OTHER, "dockerfile": TEXT}
    assert taken(submit(tmp_path, f"%%dockerfile\n{OTHER}")) == both
    (tmp_path / "dockerfile").unlink()
    assert taken(submit(tmp_path, f"%%writefile dockerfile\n{TEXT}"))["Dockerfile"] == TEXT
    (tmp_path / "Dockerfile").mkdir()
    assert refused(tmp_path) == NO_DOCKERFILE


# Which cells count


@pytest.mark.parametrize(
    "nbgrader",
    [
        TEST,
        {"grade": True},
        {"locked": True},
        {"grade": True, "solution": False, "locked": False},
        {"grade": 1, "solution": 0},
        {**TEST, "schema_version": 99},
    ],
)
def test_a_locked_cell_counts_for_nothing(tmp_path: Path, nbgrader: object) -> None:
    locked = [f"%%dockerfile\n{OTHER}", "%%writefile a\nx", "%%writefile ../a\nx"]
    submit(tmp_path, f"%%dockerfile\n{TEXT}", *(code(source, nbgrader) for source in locked))
    assert taken(tmp_path) == {"Dockerfile": TEXT}


@pytest.mark.parametrize(
    "nbgrader",
    [
        ANSWER,
        {"grade": True, "solution": True, "points": 3},
        {"locked": True, "solution": True},  # nbgrader leaves it to the learner
        {**ANSWER, "schema_version": 99},
        {**ANSWER, "schema_version": "three"},
        {},
        {"task": True},
        *(None, [], [TEST], "locked", 7, True),
    ],
)
def test_every_other_code_cell_counts(tmp_path: Path, nbgrader: object) -> None:
    cell = code(f"%%dockerfile\n{TEXT}") | {"metadata": {"nbgrader": nbgrader}}
    assert taken(submit(tmp_path, cell)) == {"Dockerfile": TEXT}


@pytest.mark.parametrize("metadata", [None, [], "x", 1, {"nbgrader": {"grade": {}, "locked": []}}])
def test_metadata_of_a_wrong_kind(tmp_path: Path, metadata: object) -> None:
    cell = code(f"%%dockerfile\n{TEXT}") | {"metadata": metadata}
    assert taken(submit(tmp_path, cell, metadata=metadata)) == {"Dockerfile": TEXT}
    del cell["metadata"]
    assert taken(submit(tmp_path, cell)) == {"Dockerfile": TEXT}


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading", ""])
def test_other_kinds_of_cell_count_for_nothing(tmp_path: Path, kind: str) -> None:
    cell = code(f"%%dockerfile\n{TEXT}") | {"cell_type": kind}
    assert refused(submit(tmp_path, cell)) == NO_DOCKERFILE


def test_source_as_a_list_of_lines(tmp_path: Path) -> None:
    lines = ["%%dockerfile\n", "FROM python:3.11\n", "RUN a\\\n", "  b"]
    assert taken(submit(tmp_path, code(lines))) == {
        "Dockerfile": "FROM python:3.11\nRUN a\\\n  b\n"
    }
    assert refused(submit(tmp_path, code([]))) == NO_DOCKERFILE


def test_nothing_that_was_written_is_run(tmp_path: Path) -> None:
    sign = tmp_path.parent / f"{tmp_path.name}-ran"
    submit(tmp_path, f"open({str(sign)!r}, 'w')", f"!touch {sign}", f"%%bash\ntouch {sign}", STUB)
    (tmp_path / "sitecustomize.py").write_text(f"open({str(sign)!r}, 'w')")
    assert refused(tmp_path) == NO_DOCKERFILE
    assert not sign.exists()


def test_a_virtual_environment_is_left_out_by_this_door_too(tmp_path: Path) -> None:
    """Whoever wrote it: the folder, a cell, or both."""
    (tmp_path / "venv/lib").mkdir(parents=True)
    (tmp_path / "venv/lib64").symlink_to("lib")
    (tmp_path / "venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    submit(
        tmp_path, f"%%dockerfile\n{TEXT}", "%%writefile venv/a\n1", "%%writefile venv-a\n1",
        "%%writefile b/c/pyvenv.cfg\n1", "%%writefile b/c/d/e\n1", "%%writefile b/f\n1",
    )  # fmt: skip
    assert set(taken(tmp_path)) == {"Dockerfile", "venv-a", "b/f"}


# What a cell writes

RUN_CELLS = """
import json, os, sys
from contextlib import redirect_stdout
from pathlib import Path
from traitlets.config import Config
from IPython.core.interactiveshell import InteractiveShell
from autograder.cells.answer import dockerfile

shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
shell.register_magic_function(dockerfile, "cell")
for folder, cells in json.load(sys.stdin):
    os.chdir(folder)
    with redirect_stdout(sys.stderr):
        for cell in cells:
            shell.run_cell(cell)
"""
WRITTEN = {
    "one": ([f"%%writefile Dockerfile\n{TEXT}"], {"Dockerfile": TEXT}),
    "file": ([f"%%file Dockerfile\n{TEXT}"], {"Dockerfile": TEXT}),
    "a file after the cell": (
        [f"%%dockerfile\n{OTHER}", f"%%writefile Dockerfile\n{TEXT}"], {"Dockerfile": TEXT}
    ),
    "the cell after a file": (
        [f"%%writefile Dockerfile\n{OTHER}", f"%%dockerfile\n{TEXT}"], {"Dockerfile": TEXT}
    ),
    "a stub after a file": ([f"%%writefile Dockerfile\n{TEXT}", STUB], {"Dockerfile": TEXT}),
    "companions": (
        ["%%writefile .dockerignore\n*.md", "%%writefile  b.txt \n\né\n", "%%writefile sub/c\n1"],
        {".dockerignore": "*.md\n", "b.txt": "\né\n", "sub/c": "1\n"},
    ),
    "over a submitted file": (["%%writefile there\nnew"], {"there": "new\n"}),
    "append": (
        ["%%writefile -a a\n1", "%%writefile a --append\n2", "%%writefile -a there\n3"],
        {"a": "1\n2\n", "there": "old\n3\n"},
    ),
    "later overwrites": (["%%writefile a\n1", "%%writefile -a a\n2", "%%file a\n3"], {"a": "3\n"}),
    "quoted": (
        ["%%writefile 'a b'\n1", '%%writefile "c d"\n2', "%%writefile o'neill\n3"],
        {"a b": "1\n", "c d": "2\n", "o'neill": "3\n"},
    ),
    "spelled another way": (
        ["%%writefile ./a\n1", "%%writefile sub/../b\n2", "%%writefile sub//./c\n3"],
        {"a": "1\n", "b": "2\n", "sub/c": "3\n"},
    ),
    "blank lines before": (["\n  \n\t\n%%writefile a\n1\n"], {"a": "1\n"}),
    "indented as a whole": (["  %%writefile a\n  1\n\n    2\n   \n"], {"a": "1\n\n  2\n\n"}),
    "indented alone": (["  %%writefile a\n1\n"], {}),
    "carriage returns": (["%%writefile a\r\n1\r\n2"], {"a": "1\r\n2\n"}),
    "no newline at the end": (["%%writefile a\n1"], {"a": "1\n"}),
    "no text": (["%%writefile a", "%%writefile b\n", "%%writefile c\n\n"], {"c": "\n"}),
    "a comment before": (["# mine\n%%writefile a\n1"], {}),
    "almost": (
        [
            "%writefile a\n1", "%%writefile\ta\n1", "%% writefile a\n1", "%%Writefile a\n1",
            "%%writefile? a\n1", "%%writefiles a\n1", "x = 1\n%%writefile a\n1", "%%", "", " \n",
        ],
        {},
    ),
    "odd line ends": (
        ["%%writefile a\x0cb\nc", "%%writefile d\u2028e"], {"a": "b\nc\n", "d": "e\n"}
    ),
}  # fmt: skip


def folder_with(path: Path, cells: list[str]) -> Path:
    """A submitted folder; its stub holds nothing, its file `there` says old."""
    (path / "sub").mkdir(parents=True)
    (path / "there").write_text("old\n")
    return submit(path, *cells)


@pytest.fixture(scope="module")
def as_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folders after a real IPython has run the same cells, as nbgrader's grading does."""
    root = tmp_path_factory.mktemp("run")
    work = [(str(folder_with(root / key, cells)), cells) for key, (cells, _) in WRITTEN.items()]
    subprocess.run(
        [sys.executable, "-P", "-c", RUN_CELLS],
        input=json.dumps(work),
        env={**os.environ, "NBGRADER_EXECUTION": "autograde", "IPYTHONDIR": str(root / "ipython")},
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return root


@pytest.mark.parametrize("key", WRITTEN)
def test_a_cell_writes_what_it_would_if_it_were_run(tmp_path: Path, as_run: Path, key: str) -> None:
    cells, wanted = WRITTEN[key]
    wanted = {"there": "old\n", **wanted}
    folder = folder_with(tmp_path / "in", cells)
    if "Dockerfile" not in wanted:
        (folder / "Dockerfile").write_text(TEXT)
    assert taken(folder) == {"Dockerfile": TEXT, **wanted}
    ran = {
        path.relative_to(as_run / key).as_posix(): path.read_bytes().decode()
        for path in (as_run / key).rglob("*")
        if path.is_file()
    }
    assert {path: text for path, text in ran.items() if not is_left_out(path)} == wanted


def test_a_cell_may_write_into_a_new_folder(tmp_path: Path) -> None:
    submit(tmp_path, f"%%dockerfile\n{TEXT}", "%%writefile new/a\n1")
    assert taken(tmp_path) == {"Dockerfile": TEXT, "new/a": "1\n"}


@pytest.mark.parametrize(
    "path", ["a.ipynb", NAME, "b/c.pyc", ".git/config", "__pycache__/x", "sub/.venv/x"]
)
def test_a_cell_writes_nothing_that_a_hand_in_leaves_out(tmp_path: Path, path: str) -> None:
    submit(tmp_path, f"%%dockerfile\n{TEXT}", f"%%writefile {path}\nx")
    assert taken(tmp_path) == {"Dockerfile": TEXT}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/etc/passwd", "/etc/passwd, which leads out of the folder"),
        ("'/etc/passwd'", "/etc/passwd, which leads out of the folder"),
        ("//a", "//a, which leads out of the folder"),
        ("..", ".., which leads out of the folder"),
        ("../a", "../a, which leads out of the folder"),
        ("a/../../b", "a/../../b, which leads out of the folder"),
        ("./.././a", "./.././a, which leads out of the folder"),
        ("-a ../a", "../a, which leads out of the folder"),
        ("~", "~, which leads out of the folder"),
        ("~/.bashrc", "~/.bashrc, which leads out of the folder"),
        ('"~root/a"', "~root/a, which leads out of the folder"),
        ("..\\a", "..\\a, which holds a character that a file's name here cannot have"),
        ("C:\\a", "C:\\a, which holds a character that a file's name here cannot have"),
        ("$HOME/a", "$HOME/a, which holds a character that a file's name here cannot have"),
        ("{name}", "{name}, which holds a character that a file's name here cannot have"),
        ("a\0b", "a�b, which holds a character that a file's name here cannot have"),
        ("a\x1b[2Jb", "a�[2Jb, which holds a character that a file's name here cannot have"),
        ("a\u202eb", "a�b, which holds a character that a file's name here cannot have"),
        ("a\ud800b", "a�b, which holds a character that a file's name here cannot have"),
        ("''", "no path, which is no file's name"),
        (".", "., which is no file's name"),
        ("a/..", "a/.., which is no file's name"),
        ("a/", "a/, which is no file's name"),
        ("-x", "-x, which is an option that is not known"),
        ("é" * 128, "é" * 80 + ", which is too long"),
        ("Dockerfile/a", "Dockerfile/a and Dockerfile"),
        ("sub", "sub and sub/there"),
    ],
)
def test_a_path_that_is_none_in_the_folder(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "there").touch()
    said = refused(submit(tmp_path, f"%%dockerfile\n{TEXT}", f"%%writefile {line}\nx"))
    if " and " in words:
        wanted = f"{words} cannot both be: one is a file where the other needs a folder"
    else:
        wanted = f"a cell writes to {words}"
    assert said == wanted


@pytest.mark.parametrize("line", ["", "a b", "'a b", "-a", "a -b", "> a"])
def test_not_one_path(tmp_path: Path, line: str) -> None:
    said = refused(submit(tmp_path, f"%%file {line}\nx"))
    assert said == f"%%file takes one path; a cell has: {line}"


def test_a_text_that_cannot_be_encoded(tmp_path: Path) -> None:
    submit(tmp_path, "%%dockerfile\nFROM a\ud800")
    assert refused(tmp_path) == "what a cell writes to Dockerfile is not text in UTF-8"


def test_nul_bytes_in_a_dockerfile_are_the_parsers_to_tell(tmp_path: Path) -> None:
    submit(tmp_path, "%%dockerfile\n\0\0")
    with pytest.raises(BadInput, match="line 1"):
        _ = read_submission(tmp_path, SLUG).dockerfile


@pytest.mark.parametrize("first", ["%%dockerfile", "%%writefile Dockerfile"])
def test_a_cell_may_write_1_mb(tmp_path: Path, first: str) -> None:
    text = TEXT + "#" * (MOST_BYTES - len(TEXT) - 1) + "\n"
    assert taken(submit(tmp_path, f"{first}\n{text}")) == {"Dockerfile": text}
    wanted = "Dockerfile is larger than 1 MB: hand in only what the build needs"
    assert refused(submit(tmp_path, f"{first}\n{text}#")) == wanted
    assert refused(submit(tmp_path, f"{first}\n{text}", "%%file -a Dockerfile\n#")) == wanted


def test_cells_may_not_write_more_files_than_a_folder_may_hold(tmp_path: Path) -> None:
    cells = [f"%%dockerfile\n{TEXT}", *(f"%%file {i}\nx" for i in range(MOST_FILES - 1))]
    assert len(taken(submit(tmp_path, *cells))) == MOST_FILES
    assert f"more than {MOST_FILES} files" in refused(submit(tmp_path, *cells, "%%file more\nx"))


def test_cells_may_not_write_more_than_a_folder_may_hold_in_all(tmp_path: Path) -> None:
    """As much as a folder's files, together with those."""
    for number in range(MOST_BYTES_IN_ALL // MOST_BYTES):
        (tmp_path / str(number)).write_bytes(b"x" * MOST_BYTES)
    assert "larger than 20 MB in all" in refused(submit(tmp_path, f"%%dockerfile\n{TEXT}"))
    (tmp_path / "0").write_bytes(b"x" * (MOST_BYTES - len(TEXT)))
    assert len(taken(submit(tmp_path, f"%%dockerfile\n{TEXT}"))) == 21


# Companion files


def test_companions(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("sub/timestamp.txt", "a", "timestamp.txt", "submission_secret.txt", "b.ipynb"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("a")
    submit(tmp_path, f"%%dockerfile\n{TEXT}", "%%writefile timestamp.txt\nx")
    assert taken(tmp_path) == {
        "Dockerfile": TEXT, "a": "a", "link": "a", "sub/timestamp.txt": "sub/timestamp.txt"
    }  # fmt: skip


def test_what_begins_as_a_script_may_be_run(tmp_path: Path) -> None:
    """nbgrader's exchange hands every file on as one that nobody may run."""
    (tmp_path / "start.sh").write_text("#!/bin/sh\n")
    (tmp_path / "plain.txt").write_text(" #!/bin/sh\n")
    (tmp_path / "plain.txt").chmod(0o755)
    submit(tmp_path, f"%%dockerfile\n{TEXT}", "%%writefile cell.py\n#!/usr/bin/env python\n")
    assert read_submission(tmp_path, SLUG).programs == {"start.sh", "cell.py"}


def test_a_hard_link_to_a_file_elsewhere_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").hardlink_to(tmp_path / "elsewhere")
    assert taken(submit(tmp_path / "in", f"%%dockerfile\n{TEXT}"))["a"] == "x"


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200_000_000)


def many(path: Path) -> None:
    path.mkdir()
    for number in range(MOST_FILES + 1):
        (path / str(number)).touch()


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (link_to("/etc/passwd"), "odd is a link that leads out of the folder"),
        (link_to("../outside"), "odd is a link that leads out of the folder"),
        (link_to("/etc"), "odd is a link to a folder: hand in the files"),
        (link_to("nowhere"), "odd cannot be read: No such file or directory"),
        (os.mkfifo, "odd is not a regular file"),
        (large, "odd is larger than 1 MB: hand in only what the build needs"),
        (
            many,
            f"the folder holds more than {MOST_FILES} files, at least {MOST_FILES + 1} of them in"
            " odd: hand in only what is needed",
        ),
    ],
)
def test_companions_that_are_refused(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    (tmp_path / "outside").write_text("secret")
    folder = tmp_path / "in"
    folder.mkdir()
    submit(folder, f"%%dockerfile\n{TEXT}", "%%writefile odd\nnot a way around it")
    make(folder / "odd")
    assert refused(folder) == words


# A notebook that cannot be read


def folder_in_place(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    if os.geteuid() == 0:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    else:
        os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "is missing"),
        (link_to("/etc/passwd"), "is a link, not a notebook"),
        (link_to("right.ipynb"), "is a link, not a notebook"),
        (link_to("nowhere"), "is a link, not a notebook"),
        (link_to(NAME), "cannot be read: Too many levels of symbolic links"),
        (os.mkfifo, "is not a regular file"),
        (folder_in_place, "is not a regular file"),
        (device, "is not a regular file"),
        (large, "is larger than 10 MB: clear the outputs and save it again"),
    ],
)
def test_what_is_not_a_file(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    (tmp_path / "Dockerfile").write_text(TEXT)
    submit(tmp_path, f"%%dockerfile\n{TEXT}").joinpath(NAME).rename(tmp_path / "right.ipynb")
    make(tmp_path / NAME)
    assert unreadable(tmp_path) == f"{NAME} {words}"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert unreadable(tmp_path / "none") == f"{NAME} is missing"
    (tmp_path / "file").touch()
    assert unreadable(tmp_path / "file") == f"{NAME} cannot be read: Not a directory"


def test_the_folder_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    submit(tmp_path / "in", f"%%dockerfile\n{TEXT}")
    (tmp_path / "link").symlink_to("in")
    assert taken(tmp_path / "link") == {"Dockerfile": TEXT}


RIGHT = json.dumps({"nbformat": 4, "cells": [code(f"%%dockerfile\n{TEXT}")]}, indent=1).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON: it is damaged or cut off at line 1"),
        (RIGHT[:-3], "is not JSON: it is damaged or cut off at line 10"),
        (RIGHT[: len(RIGHT) // 2], "is not JSON: it is damaged or cut off at line 6"),
        (RIGHT + b"}", "is not JSON: it is damaged or cut off at line 11"),
        (b"\0" * 50, "is not JSON: it is damaged or cut off at line 1"),
        (RIGHT.replace(b"FROM", b"FR\0M"), "is not JSON: it is damaged or cut off at line 7"),
        (RIGHT.replace(b"FROM", b"FR\xffM"), "is not text in UTF-8"),
        (RIGHT.decode().encode("utf-16"), "is not text in UTF-8"),
        (b"\x80\x04\x95", "is not text in UTF-8"),
        (b"[" * 100_000, "is nested more than 100 deep, as no notebook is"),
        (b'{"a":' * 100_000, "is nested more than 100 deep, as no notebook is"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested more than 100 deep, as no notebook is"),
        (b"]" * 100_000 + b"[" * 100_000, "is not JSON: it is damaged or cut off at line 1"),
        (b"null", "is not a notebook of format 4, as JupyterLab saves it"),
        (b"[4]", "is not a notebook of format 4, as JupyterLab saves it"),
        (b"NaN", "is not a notebook of format 4, as JupyterLab saves it"),
        (b"9" * 100_000, "is not a notebook of format 4, as JupyterLab saves it"),
        (b"{}", "is not a notebook of format 4, as JupyterLab saves it"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_is_no_notebook(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / NAME).write_bytes(data)
    assert unreadable(tmp_path) == f"{NAME} {words}"


@pytest.mark.parametrize("version", [3, 5, 4.0, "4", True, None, [4], float("nan"), 10**300])
def test_another_format(tmp_path: Path, version: object) -> None:
    submit(tmp_path, f"%%dockerfile\n{TEXT}", nbformat=version)
    assert unreadable(tmp_path) == f"{NAME} is not a notebook of format 4, as JupyterLab saves it"


@pytest.mark.parametrize("cells", [None, {}, "x", 4])
def test_cells_that_are_no_list(tmp_path: Path, cells: object) -> None:
    submit(tmp_path, cells=cells)
    assert unreadable(tmp_path) == f"{NAME} has no list of cells"
    (tmp_path / NAME).write_text('{"nbformat": 4, "worksheets": []}')
    assert unreadable(tmp_path) == f"{NAME} has no list of cells"


@pytest.mark.parametrize(
    "cell",
    [
        *(None, [], 7, {}),
        {"cell_type": "code"},
        {"source": "x"},
        {"cell_type": 7, "source": "x"},
        {"cell_type": "markdown", "source": None},
        code(["a", 1]),
        code({"a": "b"}),
    ],
)
def test_a_damaged_cell(tmp_path: Path, cell: object) -> None:
    submit(tmp_path, f"%%dockerfile\n{TEXT}", cell)
    assert unreadable(tmp_path) == f"cell 2 of {NAME} is damaged: it has no type or no text"


def test_number_of_cells(tmp_path: Path) -> None:
    cells = [f"%%dockerfile\n{TEXT}", *["x"] * (MOST_CELLS - 1)]
    assert taken(submit(tmp_path, *cells)) == {"Dockerfile": TEXT}
    assert unreadable(submit(tmp_path, *cells, "")) == f"{NAME} has more than {MOST_CELLS} cells"


def test_what_is_odd_and_yet_a_notebook(tmp_path: Path) -> None:
    digits, brackets = "9" * 100_000, "[{" * 1000 + '\\"'
    odd = f'{{"a": [NaN, -Infinity, {digits}, -{digits}, 1e{digits[:9]}], "b": "{brackets}",'
    text = RIGHT.decode().replace("{", f'{odd} "nbformat": 3, "cells": 1,', 1)
    (tmp_path / NAME).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert taken(tmp_path) == {"Dockerfile": TEXT}


def test_a_notebook_as_large_as_may_be(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(RIGHT.ljust(MOST_NOTEBOOK_BYTES))
    assert taken(tmp_path) == {"Dockerfile": TEXT}
    (tmp_path / NAME).write_bytes(RIGHT.ljust(MOST_NOTEBOOK_BYTES + 1))
    assert "is larger than 10 MB" in unreadable(tmp_path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "source",
    [
        " " * 9_000_000 + "%%file a\nx",
        ("\n" + " " * 900) * 9000,
        '"' * 4_000_000,
        "%%file " + "a " * 400_000 + "\nx",
    ],
    ids=["a long margin", "long blank lines", "quotes", "many words"],
)
def test_a_cell_that_wants_to_take_for_ever(tmp_path: Path, source: str) -> None:
    submit(tmp_path, source, f"%%dockerfile\n{TEXT}")
    if source.startswith("%%file"):
        assert refused(tmp_path).startswith("%%file takes one path; a cell has: a a a")
    else:
        assert taken(tmp_path) == {"Dockerfile": TEXT}


def test_the_reason_is_one_printable_line() -> None:
    assert str(Unreadable("a\x1b[2J\n\tb\ud800" + "c" * 400)) == "a�[2J �b�" + "c" * 291


# Names


@pytest.mark.parametrize(
    "name",
    [
        *("ada ", " ada", " ", "a,b", "*", "a\tb", "a;b", "a;=1+1;b"),
        *("=1", "+1", "-1", "@A1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20A1"),
    ],
)
def test_an_odd_name(name: str) -> None:
    with pytest.raises(Unreadable, match="is no name that a gradebook can hold"):
        refuse_odd_name(name)


@pytest.mark.parametrize("name", ["ada", "ada b", "é", "a-b", "a=b", ":bomb:", "李雷"])
def test_a_name(name: str) -> None:
    refuse_odd_name(name)
