"""The helper that reads a stranger's file system, run as it runs in its container."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from autograder.evidence import environments

SCRIPT = Path(environments.__file__).with_name("scan_environments.py")
NAMES = "fastapi,gunicorn,typing-extensions"
SITE = "usr/lib/python3.11/site-packages"


def scan(*roots: Path, most_seconds: float = 20) -> list[list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, NAMES, *roots],
        capture_output=True,
        text=True,
        timeout=most_seconds,
        check=True,
    )
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith("FOUND ")
    assert line.isascii()
    found: list[list[dict[str, Any]]] = json.loads(line[6:])
    return found


def install(site: Path, name: str, installer: bytes | None = b"Poetry 1.7.0\n") -> Path:
    folder = site / f"{name}.dist-info"
    folder.mkdir(parents=True)
    if installer is not None:
        (folder / "INSTALLER").write_bytes(installer)
    return folder


def rows(root: Path, path: str = SITE) -> dict[str, list[Any]]:
    (found,) = scan(root)
    return {row[0]: row for e in found if e["path"] == f"/{path}" for row in e["distributions"]}


def test_name_version_installer_and_time(tmp_path: Path) -> None:
    folder = install(tmp_path / SITE, "fastapi-0.104.1")
    install(tmp_path / SITE, "Typing_Extensions-4.8.0", b"pip")
    install(tmp_path / SITE, "unasked-1.0")
    os.utime(folder, ns=(1, 1_700_000_000_123_456_789))
    found = rows(tmp_path)
    *told, changed = found["fastapi"]
    assert told == ["fastapi", "0.104.1", "Poetry 1.7.0", 1_700_000_000_123_456_789]
    assert changed == folder.stat().st_ctime_ns
    assert found["typing-extensions"][:3] == ["typing-extensions", "4.8.0", "pip"]
    assert set(found) == {"fastapi", "typing-extensions"}


def test_what_the_engine_reads_of_it(tmp_path: Path) -> None:
    install(tmp_path / SITE, "fastapi-0.104.1")
    (found,) = scan(tmp_path)
    environment = environments._environment(found[0])
    assert environment.path == f"/{SITE}"
    assert environment.distributions["fastapi"].installer == "Poetry 1.7.0"


def test_several_roots_and_environments(tmp_path: Path) -> None:
    first, second = tmp_path / "0", tmp_path / "1"
    install(first / SITE, "fastapi-1")
    install(first / "app/.venv/lib/python3.11/site-packages", "gunicorn-1")
    install(first / "vendored", "fastapi-2")
    install(first, "fastapi-3")
    second.mkdir()
    a, b = scan(first, second)
    assert [e["path"] for e in a] == [
        "/",
        "/app/.venv/lib/python3.11/site-packages",
        f"/{SITE}",
        "/vendored",
    ]
    assert b == []


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    assert scan(tmp_path / "none") == [[]]


def test_a_folder_beside_the_packages_may_be_imported_from(tmp_path: Path) -> None:
    """A .pth file may name it; what a package has vendored is its own."""
    install(tmp_path / SITE / "vendor", "fastapi-1")
    install(tmp_path / SITE / "a/b", "fastapi-2")
    install(tmp_path / SITE / "setuptools/_vendor", "typing_extensions-4")
    (tmp_path / SITE / "setuptools/__init__.py").touch()
    (found,) = scan(tmp_path)
    assert [e["path"] for e in found] == [f"/{SITE}/a/b", f"/{SITE}/vendor"]


@pytest.mark.parametrize("there", ["3.20", "3.4"])
def test_of_two_versions_the_one_whose_files_are_there_counts(tmp_path: Path, there: str) -> None:
    """`pip install --target` upgrades the code and leaves the old dist-info folder."""
    site = tmp_path / SITE
    code = {"3.4": b"old", "3.20": b"newer"}
    for version, text in code.items():
        record = f"fastapi/a.py,sha256=x,{len(text)}\r\nfastapi-{version}.dist-info/RECORD,,\r\n"
        (install(site, f"fastapi-{version}") / "RECORD").write_text(record + "../../x.py,,7\r\n")
    (site / "fastapi").mkdir()
    (site / "fastapi/a.py").write_bytes(code[there])
    assert rows(tmp_path)["fastapi"][1] == there


def test_links_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    real = install(outside, "fastapi-1")
    folder = install(root / SITE, "gunicorn-1", None)
    (folder / "INSTALLER").symlink_to(real / "INSTALLER")
    (root / SITE / "typing_extensions-1.dist-info").symlink_to(real)
    (root / "loop").symlink_to(root)
    (root / "outside").symlink_to(outside)
    (root / "self").symlink_to("self")
    (found,) = scan(root)
    assert [e["path"] for e in found] == [f"/{SITE}"]
    assert [row[:3] for row in found[0]["distributions"]] == [["gunicorn", "1", ""]]


@pytest.mark.parametrize("name", ["proc", "sys", "dev"])
def test_what_the_kernel_shows_is_not_looked_at(tmp_path: Path, name: str) -> None:
    install(tmp_path / name, "fastapi-1")
    install(tmp_path / "app" / name, "fastapi-1")
    (found,) = scan(tmp_path)
    assert [e["path"] for e in found] == [f"/app/{name}"]


def test_an_installer_that_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(install(tmp_path / SITE, "fastapi-1", None) / "INSTALLER")
    (install(tmp_path / SITE, "gunicorn-1", None) / "INSTALLER").mkdir()
    assert [row[2] for row in rows(tmp_path).values()] == ["", ""]


@pytest.mark.parametrize(
    ("installer", "wanted"),
    [
        (None, ""),
        (b"", ""),
        (b"\n  pip \nPoetry 1.7.0\n", "pip"),
        (b"\xff\xfe\x00", "\ufffd\ufffd\x00"),
        (b"x" * 1_000_000, "x" * 60),
    ],
)
def test_installer(tmp_path: Path, installer: bytes | None, wanted: str) -> None:
    install(tmp_path / SITE, "fastapi-1", installer)
    assert rows(tmp_path)["fastapi"][2] == wanted


def test_weird_names(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"a\nFOUND []\xff\x1b[31m")
    install(odd, "fastapi-1")
    install(tmp_path / SITE, "fastapi")
    install(tmp_path / SITE, "-")
    install(tmp_path / SITE, "gunicorn-" + "9" * 200)
    (found,) = scan(tmp_path)
    assert [e["path"] for e in found] == [f"/{odd.name}", f"/{SITE}"]
    assert found[1]["distributions"][0][:2] == ["fastapi", ""]
    assert len(found[1]["distributions"][1][1]) == 60


def test_the_same_package_many_times_is_one_row(tmp_path: Path) -> None:
    for number in range(2000):
        install(tmp_path / SITE, f"fastapi-{number:04}", None)
    assert [row[1] for row in rows(tmp_path).values()] == ["1999"]


def test_what_it_prints_is_bounded(tmp_path: Path) -> None:
    for number in range(3000):
        install(tmp_path / f"{number:04}-" / ("\x01" * 100), "fastapi-\x01", b"\x01" * 100)
    (found,) = scan(tmp_path)
    assert 10 < len(found) < 3000
    assert len(json.dumps(found)) < 45_000


def test_thousands_of_folders(tmp_path: Path) -> None:
    for number in range(4000):
        (tmp_path / f"d{number % 60}" / f"e{number}").mkdir(parents=True)
    install(tmp_path / SITE, "fastapi-1")
    assert list(rows(tmp_path)) == ["fastapi"]


def test_folders_deeper_than_a_recursion(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(1500):
        here = here / "d"
        here.mkdir()
    try:
        install(tmp_path / SITE, "fastapi-1")
        assert list(rows(tmp_path)) == ["fastapi"]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # too deep for shutil.rmtree


def test_a_time_that_is_still_to_come_is_none(tmp_path: Path) -> None:
    folder = install(tmp_path / SITE, "fastapi-0.104.1")
    os.utime(folder, ns=(1, time.time_ns() + 3600 * 10**9))
    *_, modified, changed = rows(tmp_path)["fastapi"]
    assert (modified, changed) == (0, folder.stat().st_ctime_ns)
