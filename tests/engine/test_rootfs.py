"""What stops a Debian folder from being made is named in one line, and nothing half-made stays."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from autograder.engine import rootfs
from autograder.errors import EngineUnavailable


def test_a_mirror_that_does_not_answer_is_named_with_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the mirror, debootstrap's reason and the proxy in use."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(rootfs, "_mirror", lambda: "http://127.0.0.1:9/debian")
    with pytest.raises(EngineUnavailable) as caught:
        rootfs.prepare_root(tmp_path / "root", "trixie", print)
    assert "127.0.0.1:9/debian failed: E: Failed getting release file" in str(caught.value)
    assert "the proxy (http_proxy=http://127.0.0.1:9)" in str(caught.value)
    assert not (tmp_path / "root").exists()


def test_too_little_disk_is_named_with_both_figures(tmp_path: Path) -> None:
    """The line says what is needed, where, and what is free."""
    with pytest.raises(EngineUnavailable, match=r"a root needs 10,000,.* bytes in .* are free"):
        rootfs.require_space(tmp_path, 10**16, "a root")


def test_a_folder_that_is_there_is_kept(tmp_path: Path) -> None:
    """A second call finds the root and does nothing."""
    (tmp_path / "root").mkdir()
    rootfs.prepare_root(tmp_path / "root", "trixie", pytest.fail)


def test_remove_tree_does_not_follow_a_mount(tmp_path: Path) -> None:
    """What is mounted in a folder of ours is not ours to remove."""
    outside, ours = tmp_path / "outside", tmp_path / "ours"
    outside.mkdir()
    (outside / "precious").touch()
    (ours / "mounted here").mkdir(parents=True)
    subprocess.run(["mount", "--bind", outside, ours / "mounted here"], check=True)
    try:
        with pytest.raises(EngineUnavailable, match="mounted here is mounted: unmount it"):
            rootfs.remove_tree(ours)
    finally:
        subprocess.run(["umount", ours / "mounted here"], check=True)
    assert (outside / "precious").exists()
    rootfs.remove_tree(ours)
    assert not ours.exists()


def test_without_root_the_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian folders are made by root alone."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnavailable, match="needs root: start a Docker engine"):
        rootfs.require_root("a Docker engine of our own")


def test_an_apt_get_that_never_ends_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apt-get").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(rootfs, "APT_SECONDS", 0.2)
    with pytest.raises(EngineUnavailable, match="or install debootstrap yourself") as caught:
        rootfs.apt_install(("debootstrap",), print)
    assert "apt-get did not end in 0.2 s" in str(caught.value)


BUSY = """#!/bin/sh
[ "$4" = update ] && exit
trap 'touch "$HERE/ended"; exit 1' TERM
touch "$HERE/began"
while :; do sleep 0.1; done
"""


@pytest.mark.parametrize("interrupted", [False, True])
def test_an_apt_get_is_asked_to_end_and_not_killed(
    interrupted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be in the midst of an install."""
    (tmp_path / "apt-get").write_text(BUSY)
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setattr(rootfs, "APT_SECONDS", 30 if interrupted else 1)
    ends: type[BaseException] = KeyboardInterrupt if interrupted else EngineUnavailable
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupted:
        threading.Thread(target=interrupt_when, args=(tmp_path / "began",)).start()
    try:
        with pytest.raises(ends):
            rootfs.apt_install(("debootstrap",), print)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "ended").exists()


def interrupt_when(there: Path) -> None:
    while not there.exists():
        time.sleep(0.05)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
