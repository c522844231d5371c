"""Programs that were not there, and those that only the stand-in for a base image lacks."""

import re
from collections.abc import Iterable, Iterator

from autograder.facts.dockerfile import Base

# How shells, engines, pip, Python, setuptools, psycopg2 and env(1) say that a program is not there.
_NOT_FOUND = (
    re.compile(r"(?:^|[\s:])([\w+.-]+): (?:command )?not found$"),
    re.compile(r'exec: "([\w+.-]+)": executable file not found'),
    re.compile(r"Cannot find command '(\w+)'"),
    re.compile(r"\[Errno 2\] No such file or directory: '([\w+.-]+)'"),
    re.compile(r"command '(?:\w+-linux-gnu-)?([\w+.-]+)' failed: No such file or directory"),
    re.compile(r"(?:^|\s)(\w+) executable not found"),
    re.compile(r"env: \W?([\w+.-]+?)\W?: No such file or directory"),
)
# What python:3.11 has of buildpack-deps:bookworm, and python:3.11-slim has not. The course's
# stand-in for either has Debian's Python alone.
_OF_THE_FULL_IMAGE = frozenset(
    "autoconf automake bzip2 c++ cc convert cpp curl dirmngr dpkg-source file g++ gcc git gpg hg"
    " identify libtoolize make mysql_config patch pg_config pgrep pkg-config pkill ps"
    " sq ssh ssh-keygen ssh-keyscan svn top unzip wget xz".split()
)


def not_found(rows: Iterable[str]) -> Iterator[str]:
    """The programs that were not found, as printed lines tell."""
    for row in rows:
        for pattern in _NOT_FOUND:
            yield from pattern.findall(row.strip())


def lacked_by_stand_in(rows: Iterable[str], base: Base | None) -> str:
    """Why a program was not found, where the image has it that was asked for; else ``."""
    if base is None or not re.match(r"python[:@]", base.familiar) or "slim" in base.tag:
        return ""
    name = next((name for name in not_found(rows) if name in _OF_THE_FULL_IMAGE), "")
    return f"{base.familiar} has {name}; what stands in for it here has only Python" if name else ""
