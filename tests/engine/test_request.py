"""A build context as a tar: the same files, the same bytes."""

import io
import tarfile
import time

from autograder.engine.request import pack

FILES = {"Dockerfile": b"FROM a\n", "app/deep/main.py": b"x = 1\n", "app/empty": b"", "é.txt": b"1"}


def test_it_holds_the_files_and_their_folders() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(FILES)), mode="r:gz") as tar:
        members = {member.name: member for member in tar.getmembers()}
        main = tar.extractfile("app/deep/main.py")
        assert main is not None
        assert main.read() == b"x = 1\n"
    assert set(members) == {*FILES, "app", "app/deep"}
    assert [members[name].isdir() for name in ("app", "app/deep", "é.txt")] == [True, True, False]
    assert {time.gmtime(member.mtime).tm_year for member in members.values()} == {1980}
    assert {member.uid for member in members.values()} == {0}
    assert {member.mode for member in members.values() if member.isfile()} == {0o644}


def test_programs_may_be_run_by_anybody() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(FILES, {"é.txt"})), mode="r:gz") as tar:
        modes = {member.name: member.mode for member in tar.getmembers() if member.isfile()}
    assert modes == {**dict.fromkeys(FILES, 0o644), "é.txt": 0o755}
    assert pack(FILES, {"é.txt"}) != pack(FILES)


def test_a_folder_stands_before_what_is_in_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(FILES)), mode="r:gz") as tar:
        names = tar.getnames()
    assert names.index("app") < names.index("app/deep") < names.index("app/deep/main.py")


def test_only_content_moves_the_bytes() -> None:
    first = pack(FILES)
    time.sleep(1.1)  # gzip has a field for the time, in seconds
    assert pack(dict(reversed(FILES.items()))) == first
    assert pack({**FILES, "app/empty": b"1"}) != first


def test_a_name_that_is_not_text() -> None:
    name = b"\xff\n.txt".decode("utf-8", "surrogateescape")
    with tarfile.open(fileobj=io.BytesIO(pack({name: b"1"})), mode="r:gz") as tar:
        assert tar.getnames() == [name]
