"""What is left of processes that are gone is removed, and nothing else: not a learner's own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError
from requests.exceptions import ReadTimeout

from autograder.engine import runs
from autograder.engine.client import RUN_LABEL, Engine
from autograder.engine.request import BuildRequest
from autograder.engine.runs import labels_of, new_run, remove_abandoned, remove_own, token_of
from autograder.errors import NotJudged
from autograder.facts.dockerfile import parse


@pytest.fixture(scope="module")
def dead() -> int:
    """The id of a process that is gone."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def of(pid: int, run: str) -> str:
    return run.replace(f"-{os.getpid()}-", f"-{pid}-")


def gone(run: str) -> bool:
    read = runs._read({RUN_LABEL: run}, RUN_LABEL)
    assert read is not None
    return read.is_gone()


def test_a_process_that_is_gone_is_known_and_one_that_lives(dead: int) -> None:
    assert gone(of(dead, new_run()))
    assert not gone(new_run())
    assert not gone(of(os.getppid(), new_run()))


def test_another_machine_has_processes_of_its_own(
    dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = of(dead, new_run())
    monkeypatch.setattr(runs.platform, "node", lambda: "another")
    assert not gone(run)


@pytest.mark.parametrize(
    "label",
    [
        "", "mine", "run", "run-", "notebook-aaaaaaaa-bbbbbbbb-not-1234", "run-a-b-c-d",
        f"run-aaaaaaaa-bbbbbbbb-{'9' * 30}-cccccccc", "run-aaaaaaaa-bbbbbbbb-0-cccccccc",
    ],
)  # fmt: skip
def test_a_label_of_a_stranger_is_no_run(label: str) -> None:
    assert runs._read({RUN_LABEL: label}, RUN_LABEL) is None


def test_only_names_that_the_run_gave_are_its_own() -> None:
    run = new_run()
    token, read = token_of(run), runs._read({RUN_LABEL: run}, RUN_LABEL)
    assert read is not None
    for ours in (
        f"course-run-{token}:first", f"course-run-{token}:first-look",
        f"step-1-naive:first-{token}", f"step-1-naive:lesson-{token}-2",
    ):  # fmt: skip
        assert read.named(ours)
    for theirs in (
        "my-app:latest", "<none>:<none>", "step-1-naive:latest", "course-run-12345678:first",
        f"me/step-1-naive:first-{token}", f"my-app:{token}", f"hub.example/course-run-{token}:a",
    ):  # fmt: skip
        assert not read.named(theirs)


def test_notebooks_of_one_folder_are_told_from_those_of_another(tmp_path: Path) -> None:
    read = runs._read(labels_of(new_run(tmp_path)), RUN_LABEL)
    assert read is not None
    assert read.is_own(tmp_path)
    assert not read.is_own(tmp_path / "other")
    assert not gone(new_run(tmp_path))


class _Deaf:
    """An engine's API that is not there any more."""

    def containers(self, **_: object) -> object:
        raise docker.errors.DockerException("the pipe broke\nsomewhere")


class _Stubborn:
    """An engine's API that lets nothing go."""

    def __init__(self, run: str) -> None:
        self.row = {"Id": "1", "Labels": labels_of(run), "RepoTags": [f"step-1:a-{token_of(run)}"]}
        self.asked: list[str] = []

    def containers(self, **_: object) -> list[object]:
        return [self.row]

    images = networks = containers

    error: Exception = APIError("409 Conflict", explanation="removal is already in progress")

    def _refuse(self, what: str, **_: object) -> None:
        self.asked.append(what)
        raise self.error

    remove_container = remove_image = remove_network = _refuse


class _Client:
    def __init__(self, api: object) -> None:
        self.api = api


def test_an_engine_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(NotJudged, match=r"of earlier runs failed: the pipe broke$"):
        remove_abandoned(_Client(_Deaf()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [_Stubborn.error, ReadTimeout("Read timed out.")], ids=["it says so", "it is busy"]
)
def test_what_the_engine_keeps_is_left_for_the_next_time(dead: int, error: Exception) -> None:
    run = of(dead, new_run())
    api = _Stubborn(run)
    api.error = error
    remove_abandoned(_Client(api))  # type: ignore[arg-type]
    assert api.asked == ["1", f"step-1:a-{token_of(run)}", "1"]


class Shelf:
    """What a test puts on the engine; all of it goes at the end."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client, self.engine = client, Engine(client)
        self.tags: list[str] = []
        self.others: list[str] = []

    def image(self, text: str, tag: str, run: str = "") -> str:
        self.tags.append(tag)
        labels = {RUN_LABEL: run} if run else {}
        files = {"Dockerfile": text.encode()}
        assert self.engine.build(BuildRequest(files, parse(text), tag, labels=labels)).succeeded
        return tag

    def tag(self, image: str, name: str) -> str:
        self.tags.append(f"{name}:latest")
        self.client.api.tag(image, name, "latest")
        return f"{name}:latest"

    def container(self, image: str, run: str = "") -> str:
        labels = labels_of(run) if run else {}
        made = self.client.containers.run(image, ["sleep", "60"], detach=True, labels=labels)
        self.others.append(str(made.id))
        return str(made.id)

    def network(self, run: str) -> str:
        name = f"course-run-{token_of(run)}"
        self.others.append(name)
        return str(self.client.networks.create(name, internal=True, labels=labels_of(run)).id)

    def all_of(self, run: str) -> list[str]:
        """One of each kind, as a check or a notebook makes them."""
        image = self.image("FROM python:3.11\nLABEL a=b\n", f"course-run-{token_of(run)}:a", run)
        return [image, self.container(image, run), self.network(run)]

    def there(self) -> set[str]:
        rows: list[dict[str, object]] = [
            *self.client.api.containers(all=True),
            *self.client.api.networks(),
        ]
        tags = (tag for image in self.client.images.list() for tag in image.tags)
        return {*(str(row["Id"]) for row in rows), *tags}

    def clear(self) -> None:
        for name in self.others:
            for remove in (self._container, self.client.api.remove_network):
                with suppress(APIError):
                    remove(name)
        for tag in self.tags:
            self.engine.remove_image(tag)

    def _container(self, name: str) -> None:
        self.client.api.remove_container(name, force=True)


@pytest.fixture
def shelf(engine_client: docker.DockerClient) -> Iterator[Shelf]:
    made = Shelf(engine_client)
    try:
        yield made
    finally:
        made.clear()


@pytest.mark.engine
def test_what_a_killed_process_left_goes_and_what_lives_stays(
    shelf: Shelf, dead: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = shelf.all_of(of(dead, new_run())) + shelf.all_of(of(dead, new_run(tmp_path)))
    mine = shelf.all_of(new_run())
    parents = shelf.all_of(of(os.getppid(), new_run()))
    with monkeypatch.context() as patch:
        patch.setattr(runs.platform, "node", lambda: "another")
        elsewhere = shelf.all_of(of(dead, new_run()))
    assert {*left} <= shelf.there()
    remove_abandoned(shelf.client)
    assert not {*left} & shelf.there()
    assert {*mine, *parents, *elsewhere} <= shelf.there()


@pytest.mark.engine
def test_what_a_learner_made_of_our_image_stays(shelf: Shelf, dead: int) -> None:
    """All of it inherits the label of the image that it was made from."""
    run = of(dead, new_run())
    first = shelf.image("FROM python:3.11\nLABEL a=b\n", f"step-3:first-{token_of(run)}", run)
    theirs = {
        shelf.tag(first, "my-own-name-for-it"),
        shelf.image(f"FROM {first}\nLABEL c=d\n", "my-own-app:latest"),
        shelf.container(first),
    }
    remove_abandoned(shelf.client)
    assert first not in shelf.there()
    assert theirs <= shelf.there()


@pytest.mark.engine
def test_a_label_of_a_stranger_is_no_obstacle(shelf: Shelf) -> None:
    tag = shelf.image("FROM python:3.11\nLABEL a=b\n", "strange:latest", "notebook-a-b-not-1")
    remove_abandoned(shelf.client)
    assert tag in shelf.there()


@pytest.mark.engine
def test_a_kernel_removes_its_own_in_its_folder(shelf: Shelf, tmp_path: Path) -> None:
    own = shelf.all_of(new_run(tmp_path))
    others = shelf.all_of(new_run(tmp_path / "other"))
    remove_own(shelf.client, tmp_path)
    assert not {*own} & shelf.there()
    assert {*others} <= shelf.there()
