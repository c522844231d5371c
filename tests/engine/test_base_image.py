"""On an engine of the user's no stand-in has a base image's name: other builds would use it."""

from collections.abc import Iterator

import docker
import pytest

from autograder.engine.base_image import (
    BASE_IMAGES,
    CA_REPOSITORY,
    ca_base_tag,
    ensure_base_images,
    held_as,
    remove_stand_ins,
)
from autograder.engine.client import Engine
from autograder.engine.stand_in import STAND_IN, STAND_IN_LABEL, STAND_IN_REPOSITORY
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
