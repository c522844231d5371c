"""The workshop on a real engine, with Dockerfiles that cost next to nothing."""

import secrets
from collections.abc import Iterator

import docker
import pytest

from autograder.engine.client import RUN_LABEL
from autograder.lessons import Workshop, side_by_side, time_travel, workshop
from autograder.lessons.message import LessonStopped, in_one_line
from autograder.ready import Ready

pytestmark = pytest.mark.engine

MAIN = "basic_improvements/main.py"


@pytest.fixture
def shop(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    for name, value in ready.environment.items():
        monkeypatch.setenv(name, value)
    made = workshop("step-3-pin-and-split")
    yield made
    made.clean_up()


def test_one_byte_reaches_only_the_steps_that_see_it(shop: Workshop) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nCOPY poetry.lock /\nCOPY . /app\nRUN ls /app\n")
    first = shop.build("first", fresh=True)
    before = (shop.folder / MAIN).read_bytes()
    shop.change_one_byte(MAIN)
    assert len((shop.folder / MAIN).read_bytes()) == len(before) + 1
    picture = side_by_side(first, shop.build("again"))
    assert repr(picture).split("again:\n")[1].splitlines() == [
        "base image  FROM python:3.11",
        "cached      COPY poetry.lock /",
        "ran         COPY . /app",
        "ran         RUN ls /app",
    ]


def test_what_one_date_cached_never_passes_for_the_other(shop: Workshop) -> None:
    shop.write("Dockerfile", f"FROM python:3.11\nRUN echo {secrets.token_hex(8)}\n")
    for date in ("then", "now"):
        assert repr(shop.build(date=date)).splitlines()[1].startswith("ran ")  # type: ignore[arg-type]
    assert repr(shop.build(date="now")).splitlines()[1].startswith("cached ")


def test_a_failed_build_is_told_wherever_its_image_is_wanted(shop: Workshop) -> None:
    shop.write("Dockerfile", "FROM python:3.11\n\nRUN echo the reason; exit 7\n")
    failed = shop.build("broken")
    assert repr(failed).splitlines()[1] == "failed      RUN echo the reason; exit 7"
    for picture in (failed.layers(), time_travel(failed, failed)):
        assert "line 3 of the Dockerfile" in repr(picture)
        assert "the reason" in picture._repr_html_()
    assert shop.ask(failed) == "there is no image to start"


def test_a_dockerfile_that_is_none_stops_the_cell_in_one_line(shop: Workshop) -> None:
    shop.write("Dockerfile", "FORM python:3.11\n")
    with pytest.raises(LessonStopped, match="line 1: FORM is not a Dockerfile instruction"):
        shop.build()


def test_clean_up_leaves_no_image_and_no_folder(
    shop: Workshop, engine_client: docker.DockerClient
) -> None:
    shop.write("Dockerfile", "FROM python:3.11\nCOPY . /app\n")
    tag = shop.build().tag
    run = engine_client.images.get(tag).labels[RUN_LABEL]
    shop.clean_up()
    assert not engine_client.images.list(filters={"label": f"{RUN_LABEL}={run}"})
    assert not shop.folder.exists()


def test_an_interrupted_cell_says_so() -> None:
    with pytest.raises(LessonStopped, match="stopped"), in_one_line():
        raise KeyboardInterrupt
