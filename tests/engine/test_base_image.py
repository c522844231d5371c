"""On an engine of the user's no stand-in has a base image's name: other builds would use it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import docker
import pytest

from autograder.engine import base_image
from autograder.engine.base_image import (
    BASE_IMAGES,
    CA_REPOSITORY,
    base_images_of,
    ca_base_tag,
    ensure_base_images,
    held_as,
    remove_stand_ins,
)
from autograder.engine.client import Engine
from autograder.engine.stand_in import EDITION, STAND_IN, STAND_IN_LABEL, STAND_IN_REPOSITORY
from autograder.ready import Ready

MISSING = "python:3.11-in-no-registry"


@pytest.fixture
def engine(ready: Ready, engine_client: docker.DockerClient) -> Iterator[Engine]:
    """An engine with a stand-in, as it is where no registry answers; it stands for the user's."""
    engine = Engine(engine_client)
    had = engine.image_id(STAND_IN)
    if had is None:
        engine_client.api.tag(BASE_IMAGES[0], *STAND_IN.split(":"))
    yield engine
    engine.remove_image(MISSING)
    engine.remove_image(f"{CA_REPOSITORY}:{MISSING.partition(':')[2]}")
    if had is None:
        engine.remove_image(STAND_IN)


@pytest.mark.engine
def test_a_base_image_that_is_missing_gets_no_tag(engine: Engine, ready: Ready) -> None:
    ca = ready.index.ca_pem
    ensure_base_images(engine.client, print, ours=False, ca_pem=ca, references=[MISSING])
    assert engine.image_id(MISSING) is None
    assert held_as(engine.client, MISSING) == STAND_IN


@pytest.mark.engine
def test_builds_of_the_course_start_from_the_stand_in_under_a_name_of_ours(
    engine: Engine, ready: Ready
) -> None:
    name = ca_base_tag(engine.client, MISSING, ready.index.ca_pem)
    assert name == f"{CA_REPOSITORY}:3.11-in-no-registry"
    below = engine.layer_digests(STAND_IN)
    assert engine.layer_digests(name)[: len(below)] == below
    assert engine.image_id(MISSING) is None


@pytest.mark.engine
def test_on_our_own_engine_a_plain_build_finds_it(engine: Engine, ready: Ready) -> None:
    ca = ready.index.ca_pem
    ensure_base_images(engine.client, print, ours=True, ca_pem=ca, references=[MISSING])
    assert engine.image_id(MISSING) is not None
    assert held_as(engine.client, MISSING) == MISSING


@pytest.mark.engine
def test_a_user_s_own_image_is_what_their_builds_start_from(engine: Engine) -> None:
    """And no name of theirs is taken away from it."""
    base = engine.client.images.get(BASE_IMAGES[0])
    base.tag(*MISSING.split(":"))
    before = engine.image_id(MISSING)
    if STAND_IN_LABEL not in (base.labels or {}):  # what is there is the real one
        assert held_as(engine.client, MISSING) == MISSING
    ensure_base_images(engine.client, print, ours=False, references=[MISSING])
    assert engine.image_id(MISSING) == before


class _InUse:
    """An engine on which a container has each image."""

    def __init__(self) -> None:
        self.images = self
        self.forced: list[bool] = []
        self.removed: list[str] = []

    def get(self, _: str) -> object:
        raise docker.errors.ImageNotFound("none")

    def list(self, *, name: str) -> list[object]:
        assert name in (CA_REPOSITORY, STAND_IN_REPOSITORY)

        class _Image:
            tags = (f"{CA_REPOSITORY}:3.11", f"{STAND_IN_REPOSITORY}:earlier", "theirs:1")

        return [_Image()]

    def remove(self, tag: str, force: bool = False) -> None:
        self.removed.append(tag)
        self.forced.append(force)
        if not force:
            raise docker.errors.APIError("409 Conflict", explanation="a container is using it")


def test_a_tag_goes_though_a_container_has_its_image() -> None:
    """It stays, nameless, for the container; an engine wants to be forced to that."""
    engine = _InUse()
    remove_stand_ins(engine)  # type: ignore[arg-type]
    assert all(engine.forced)


def test_stand_ins_of_every_edition_go_and_no_name_of_a_users() -> None:
    engine = _InUse()
    remove_stand_ins(engine)  # type: ignore[arg-type]
    assert engine.removed == [f"{CA_REPOSITORY}:3.11", f"{STAND_IN_REPOSITORY}:earlier"]


class _Theirs:
    """A user's Docker that has a stand-in and, when its registry answers, what is pulled."""

    def __init__(self, *, online: bool) -> None:
        self.images = self.api = self
        self.online, self.asked, self.timeout = online, 0, 60
        self.there = {STAND_IN: EDITION}

    def info(self) -> dict[str, str]:
        return {"ID": "theirs"}

    def inspect_distribution(self, _: str) -> None:
        self.asked += 1
        if not self.online:
            raise docker.errors.APIError("500", explanation="no such host")

    def pull(self, reference: str) -> None:
        self.there[reference] = ""

    def get(self, reference: str) -> object:
        if reference not in self.there:
            raise docker.errors.ImageNotFound("none")
        edition = self.there[reference]
        labels = {STAND_IN_LABEL: edition} if edition else {}
        return SimpleNamespace(id=f"id of {reference}", labels=labels)


def test_what_is_missing_is_pulled_though_there_is_a_stand_in(home: Path) -> None:
    docker_, said = _Theirs(online=True), list[str]()
    ensure_base_images(docker_, said.append, ours=False)  # type: ignore[arg-type]
    assert set(docker_.there) == {*BASE_IMAGES, STAND_IN}
    assert said == [f"pulling {reference}" for reference in BASE_IMAGES]
    ensure_base_images(docker_, said.append, ours=False)  # type: ignore[arg-type]
    assert docker_.asked == 1


def test_a_grading_engine_too_has_what_can_be_pulled_and_else_the_stand_in(home: Path) -> None:
    docker_ = _Theirs(online=True)
    found = base_images_of(docker_, print)  # type: ignore[arg-type]
    assert {name: held.name for name, held in found.items()} == {n: n for n in BASE_IMAGES}
    docker_ = _Theirs(online=False)
    found = base_images_of(docker_, print)  # type: ignore[arg-type]
    assert {held.name for held in found.values()} == {STAND_IN}


def test_a_silent_registry_is_not_asked_at_each_start(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is a stand-in to go on with: each time takes seconds."""
    docker_, said = _Theirs(online=False), list[str]()
    for _ in range(2):
        ensure_base_images(docker_, said.append, ours=False)  # type: ignore[arg-type]
    assert docker_.asked == 1
    assert said == []
    docker_.online = True
    monkeypatch.setattr(base_image, "SILENT_SECONDS", 0)
    ensure_base_images(docker_, said.append, ours=False)  # type: ignore[arg-type]
    assert BASE_IMAGES[0] in docker_.there


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    return tmp_path
