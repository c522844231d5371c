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


def small_course(folder: Path) -> Path:
    """A course with the real script and set-up, one locked package, and a CLI that echoes."""
    project = folder / "a course"
    (project / "autograder" / "cli").mkdir(parents=True)
    for name in ("course", "autograder/bootstrap.py"):
        shutil.copy2(places.project() / name, project / name)
    (project / "autograder/__init__.py").touch()
    (project / "autograder/cli/__init__.py").touch()
    (project / "autograder/cli/__main__.py").write_text("import sys; print('echo', *sys.argv[1:])")
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "backend.py").write_text(BACKEND)
    (folder / "wheels").mkdir()
    lock(project, "first")
    return project


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small course that was never set up."""
    return small_course(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A small course that was set up, and what the first call said."""
    project = small_course(tmp_path_factory.mktemp("made"))
    return project, call(project / "course", "doctor", "two words")


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


def test_the_first_call_sets_up_and_hands_over(made: tuple[Path, Done]) -> None:
    project, first = made
    assert first.stderr.startswith(SETTING_UP)
    assert (first.returncode, first.stdout) == (0, "echo doctor two words\n")
    assert (project / ".venv/bin/python").exists()


def test_a_later_call_hands_over_at_once(made: tuple[Path, Done]) -> None:
    again = call(made[0] / "course", "x")
    assert (again.returncode, again.stdout, again.stderr) == (0, "echo x\n", "")


def test_a_symlink_elsewhere_calls_the_same_course(made: tuple[Path, Done], tmp_path: Path) -> None:
    (tmp_path / "absolute").symlink_to(made[0] / "course")
    (tmp_path / "relative").symlink_to("absolute")
    done = call(tmp_path / "relative", "x")
    assert (done.stdout, done.stderr) == ("echo x\n", "")


def test_an_interrupted_set_up_is_redone(made: tuple[Path, Done]) -> None:
    (made[0] / ".venv/course-stamp").unlink()  # it is written last
    assert SETTING_UP in call(made[0] / "course").stderr


def test_an_environment_behind_a_link_is_left_alone(small: Path, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others/file").touch()
    (small / ".venv").symlink_to(tmp_path / "others")
    assert call(small / "course", "x").stdout == "echo x\n"
    assert [path.name for path in (tmp_path / "others").iterdir()] == ["file"]


def test_another_lock_is_installed_and_the_old_packages_go(made: tuple[Path, Done]) -> None:
    lock(made[0], "second")
    assert SETTING_UP in call(made[0] / "course").stderr
    names = {path.name for path in (made[0] / ".venv/lib").glob("python*/site-packages/*.py")}
    assert names == {"second.py"}


def test_a_folder_that_was_moved_is_set_up_again(made: tuple[Path, Done]) -> None:
    moved = made[0].rename(made[0].with_name("moved"))
    try:
        done = call(moved / "course", "x")
    finally:
        moved.rename(made[0])
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
    assert not (small / ".venv/course-stamp").exists()  # so that the next run starts again


def test_a_file_with_another_hash_is_refused(small: Path) -> None:
    lock(small, "first", digest="0" * 64)
    done = call(small / "course")
    assert done.returncode == 3
    assert "is not the one poetry.lock names" in done.stderr
    assert not list((small / ".venv/lib").glob("python*/site-packages/first.py"))
