"""`./course` makes .venv once, from anywhere, and says in one line why it cannot."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import places

Done = subprocess.CompletedProcess[str]

# A build backend in the tree stands in for poetry-core, so that the small course needs no index.
BACKEND = """\
import pathlib, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "autograder-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("autograder.pth", str(pathlib.Path.cwd()))
        wheel.writestr("autograder-1.dist-info/METADATA",
                       "Metadata-Version: 2.1\\nName: autograder\\nVersion: 1\\n")
        wheel.writestr("autograder-1.dist-info/WHEEL",
                       "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("autograder-1.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
LOCK = """\
[[package]]
name = "{name}"
version = "1"
groups = ["main"]
files = [{{file = "{name}-1-py3-none-any.whl", hash = "sha256:{digest}"}}]

[metadata]
lock-version = "2.1"
"""
SETTING_UP = "Making .venv …\nInstalling 1 packages from poetry.lock"


def make_wheel(folder: Path, name: str) -> str:
    """A wheel with one module; returns its sha256."""
    path = folder / f"{name}-1-py3-none-any.whl"
    record = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).rstrip(b"=").decode()
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(
            f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        )
        wheel.writestr(
            f"{name}-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{name}-1.dist-info/RECORD", f"{name}.py,sha256={record},0\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A course with the real script and set-up, one locked package, and a CLI that echoes."""
    project = tmp_path / "a course"
    (project / "autograder" / "cli").mkdir(parents=True)
    for name in ("course", "autograder/bootstrap.py"):
        shutil.copy2(places.project() / name, project / name)
    (project / "autograder/__init__.py").touch()
    (project / "autograder/cli/__init__.py").touch()
    (project / "autograder/cli/__main__.py").write_text("import sys; print('echo', *sys.argv[1:])")
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "backend.py").write_text(BACKEND)
    (tmp_path / "wheels").mkdir()
    lock(project, "first")
    return project


def lock(project: Path, name: str, digest: str = "") -> None:
    """Lock the small course on one package, by default with its right hash."""
    right = make_wheel(project.parent / "wheels", name)
    (project / "poetry.lock").write_text(LOCK.format(name=name, digest=digest or right))


def call(script: Path, *arguments: str, **env: str) -> Done:
    """Run the script from an unrelated folder, with pip shut off from every index but `wheels`."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    wheels = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(script.parent.parent / "wheels")}
    python_first = f"{Path(sys.base_prefix, 'bin')}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [script, *arguments],
        env={**clean, "PIP_CONFIG_FILE": os.devnull, "PATH": python_first, **(env or wheels)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_first_call_sets_up_and_later_calls_do_not(small: Path) -> None:
    first = call(small / "course", "doctor", "two words")
    assert first.stderr.startswith(SETTING_UP)
    assert (first.returncode, first.stdout) == (0, "echo doctor two words\n")
    assert (small / ".venv/bin/python").exists()
    second = call(small / "course", "x")
    assert (second.returncode, second.stdout, second.stderr) == (0, "echo x\n", "")


def test_a_symlink_elsewhere_calls_the_same_course(small: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/absolute").symlink_to(small / "course")
    (tmp_path / "bin/course").symlink_to("absolute")
    link = tmp_path / "bin" / "course"
    assert call(link, "x").stdout == "echo x\n"
    assert (small / ".venv").is_dir()


def test_another_lock_is_installed_and_the_old_packages_go(small: Path) -> None:
    call(small / "course")
    lock(small, "second")
    assert SETTING_UP in call(small / "course").stderr
    names = {path.name for path in (small / ".venv/lib").glob("python*/site-packages/*.py")}
    assert names == {"second.py"}


def test_an_interrupted_set_up_is_redone(small: Path) -> None:
    call(small / "course")
    (small / ".venv/course-stamp").unlink()  # it is written last
    assert SETTING_UP in call(small / "course").stderr


def test_a_folder_that_was_moved_is_set_up_again(small: Path, tmp_path: Path) -> None:
    call(small / "course")
    moved = small.rename(tmp_path / "moved")
    done = call(moved / "course", "x")
    assert SETTING_UP in done.stderr
    assert done.stdout == "echo x\n"


def test_two_first_calls_at_once_make_one_environment(small: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(small.parent / "wheels")}
    both = [
        subprocess.Popen([small / "course", "x"], env=environment, text=True, stderr=-1, stdout=-1)
        for _ in range(2)
    ]
    outputs = [one.communicate(timeout=120) for one in both]
    assert [out for out, _ in outputs] == ["echo x\n", "echo x\n"]
    assert sorted(SETTING_UP in err for _, err in outputs) == [False, True]


def test_without_a_recent_python_it_says_so(
    small: Path, tmp_path: Path, one_clear_line: Callable[[Done], str]
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "uname", "dirname", "readlink", "cmp", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # as a Python 3.10 would answer
    old.chmod(0o755)
    done = call(small / "course", PATH=str(tools))
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in one_clear_line(done)


@pytest.mark.parametrize("text", ["not = [toml", "", "[metadata]\nlock-version = '9.0'\n"])
def test_a_broken_lock_is_bad_input(
    small: Path, text: str, one_clear_line: Callable[[Done], str]
) -> None:
    (small / "poetry.lock").write_text(text)
    done = call(small / "course")
    assert done.returncode == 2
    assert "poetry.lock" in one_clear_line(done)


def test_an_index_that_cannot_be_reached_is_named(small: Path) -> None:
    done = call(small / "course", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        "course: the package index cannot be reached; connect to the internet "
        "(or set PIP_INDEX_URL to an index you can reach) and try again"
    )
    assert SETTING_UP in call(small / "course").stderr  # and the next run starts again


def test_a_file_with_another_hash_is_refused(small: Path) -> None:
    lock(small, "first", digest="0" * 64)
    done = call(small / "course")
    assert done.returncode == 3
    assert "is not the one poetry.lock names" in done.stderr
    assert not list((small / ".venv/lib").glob("python*/site-packages/first.py"))
