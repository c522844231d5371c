import tomllib
from datetime import UTC, datetime
from typing import get_args

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from autograder.exercises import EXERCISES, Exercise
from autograder.index.archive import SERVER_PROJECTS
from autograder.index.manifest import Arch, Date, Wheel, all_wheels, fingerprint, parse, wheels_for
from autograder.places import project

APP = project() / "source" / "step-3-pin-and-split"
ARCHES: tuple[Arch, ...] = get_args(Arch)


def versions(name: str, date: Date, arch: Arch = "amd64") -> set[Version]:
    return {
        Version(wheel.version)
        for wheel in wheels_for(arch)
        if wheel.project == name and wheel.is_offered(date)
    }


def locked(name: str) -> dict[str, dict]:
    return {
        package["name"]: package for package in tomllib.loads((APP / name).read_text())["package"]
    }


@pytest.mark.parametrize("arch", ARCHES)
def test_then_knows_no_poetry_newer_than_the_pinned_one(arch: Arch) -> None:
    assert max(versions("poetry", "then", arch)) == Version("1.7.0")


@pytest.mark.parametrize("arch", ARCHES)
def test_now_offers_newer_poetries(arch: Arch) -> None:
    offered = versions("poetry", "now", arch)
    assert {Version("1.7.0"), Version("1.7.1"), Version("1.8.5")} < offered
    assert max(offered) >= Version("2.5")


def test_both_architectures_have_the_same_releases() -> None:
    amd64, arm64 = (
        {(wheel.project, wheel.version) for wheel in wheels_for(arch)} for arch in ARCHES
    )
    assert amd64 == arm64


@pytest.mark.parametrize("name", ["poetry.lock", "poetry-second.lock"])
@pytest.mark.parametrize("arch", ARCHES)
def test_every_locked_version_is_served_with_a_locked_hash(name: str, arch: Arch) -> None:
    served = {(wheel.project, wheel.version): wheel for wheel in wheels_for(arch)}
    for package in locked(name).values():
        wheel = served[package["name"], package["version"]]
        assert f"sha256:{wheel.sha256}" in {file["hash"] for file in package["files"]}


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_version_that_an_exercise_names_is_served(exercise: Exercise, arch: Arch) -> None:
    served = {(wheel.project, wheel.version) for wheel in wheels_for(arch)}
    asked = exercise.asked()
    assert {*asked.lock.versions.items(), *asked.second_lock.versions.items()} <= served


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_the_first_versions_could_have_been_named_then(exercise: Exercise) -> None:
    for name, version in exercise.asked().lock.versions.items():
        assert Version(version) in versions(name, "then")


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_newer_versions_than_an_exercise_names_are_on_offer(exercise: Exercise) -> None:
    named = exercise.asked().lock.versions
    for name in exercise.direct:
        assert max(versions(name, "now")) > Version(named[name])


def test_the_second_lock_differs_in_one_direct_dependency_in_range() -> None:
    first, second = locked("poetry.lock"), locked("poetry-second.lock")
    assert first.keys() == second.keys()
    (changed,) = {name for name in first if first[name]["version"] != second[name]["version"]}
    poetry = tomllib.loads((APP / "pyproject.toml").read_text())["tool"]["poetry"]
    ranges = poetry["dependencies"] | poetry["group"]["prod"]["dependencies"]
    assert second[changed]["version"] in SpecifierSet(ranges[changed])


def test_newer_versions_in_range_of_every_direct_dependency_are_on_offer() -> None:
    first = locked("poetry.lock")
    poetry = tomllib.loads((APP / "pyproject.toml").read_text())["tool"]["poetry"]
    ranges = poetry["dependencies"] | poetry["group"]["prod"]["dependencies"]
    for name in ranges.keys() - {"python"}:
        newest = max(SpecifierSet(ranges[name]).filter(versions(name, "now")))
        assert newest > Version(first[name]["version"]), name


def test_a_line_reads_back_as_it_was_written() -> None:
    wheel = Wheel("a_b-1.0-py3-none-any.whl", "0" * 64, datetime(2024, 1, 2, tzinfo=UTC), "any")
    assert parse(f"# comment\n\n{wheel.line()}\n") == (wheel,)
    assert wheel.project == "a-b"
    assert not wheel.is_offered("then")
    assert wheel.is_offered("now")


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="s390x"):
        parse("2024-01-01T00:00:00+00:00 00 s390x a-1-py3-none-any.whl")


def test_each_architecture_has_its_own_fingerprint() -> None:
    assert fingerprint("amd64") != fingerprint("arm64")
    assert all(wheel.is_offered("now") for wheel in all_wheels())


def test_the_server_finds_its_own_libraries_in_the_manifest() -> None:
    served = {(wheel.filename.split("-")[0], wheel.version) for wheel in wheels_for("arm64")}
    assert set(SERVER_PROJECTS) <= served
