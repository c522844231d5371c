"""What poetry.lock becomes: requirement lines for pip, complete and hash-checked."""

import ast
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder import bootstrap, places

WHEEL = {"file": "a-1-py3-none-any.whl", "hash": "sha256:" + "0" * 64}


def package(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "version": "1", "groups": ["main"], "files": [WHEEL], **fields}


def marker_of(**fields: Any) -> str:
    return bootstrap.package_marker(package(**fields))


def test_one_marker_holds_for_every_group() -> None:
    assert marker_of(groups=["main", "dev"], markers='os_name == "nt"') == 'os_name == "nt"'


def test_a_table_of_markers_wants_the_package_where_any_group_does() -> None:
    markers = {"main": 'os_name == "nt"', "dev": 'python_version < "3.12"'}
    assert marker_of(groups=["main", "dev"], markers=markers) == (
        '(os_name == "nt") or (python_version < "3.12")'
    )


def test_a_group_that_the_table_leaves_out_wants_the_package_everywhere() -> None:
    assert marker_of(groups=["main", "dev"], markers={"main": 'os_name == "nt"'}) == ""


def test_a_package_that_only_an_extra_wants_is_left_out() -> None:
    assert bootstrap.requirements({"package": [package(optional=True)]}) == []


@pytest.mark.parametrize("fields", [{"files": []}, {"source": {"type": "git"}}])
def test_a_package_without_hashes_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(bootstrap.SetupFailed, match="no hashes for a") as failure:
        bootstrap.requirements({"package": [package(**fields)]})
    assert failure.value.exit_code == 2


def test_the_lock_and_this_environment_agree() -> None:
    """Every package of the lock whose marker holds here is installed, at its version; no other."""
    lock = tomllib.loads((places.project() / "poetry.lock").read_text())
    lines = (line.partition(" --hash")[0] for line in bootstrap.requirements(lock))
    wanted = {}
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate():
            wanted[canonicalize_name(requirement.name)] = str(requirement.specifier)[2:]
    # An interpreter of its own: setuptools puts its vendored packages on the path of this one.
    code = "import importlib.metadata as m; print([(f.name, f.version) for f in m.distributions()])"
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    found = ast.literal_eval(said.stdout.decode())
    installed = {canonicalize_name(name): version for name, version in found}
    # Python 3.11 puts pip and setuptools into every new environment.
    assert installed.keys() - wanted.keys() <= {"autograder", "pip", "setuptools"}
    assert {name: installed.get(name) for name in wanted} == wanted
