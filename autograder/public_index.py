"""The public package index's own host names, as pip knows them.

pip's file is read by itself: once the package `pip` was imported, Python 3.11 can import setuptools
no more (setuptools' own `_distutils_hack` sees to that), and nbgrader needs setuptools.
"""

import runpy
from importlib.metadata import distribution
from typing import Protocol, cast


class PackageIndex(Protocol):
    """What is used of pip's own class."""

    netloc: str
    file_storage_domain: str
    simple_url: str


_FILE = distribution("pip").locate_file("pip/_internal/models/index.py")
PyPI = cast(PackageIndex, runpy.run_path(str(_FILE))["PyPI"])

HOST_NAMES = (PyPI.netloc, PyPI.file_storage_domain)
"""Of its pages, and of its files."""
