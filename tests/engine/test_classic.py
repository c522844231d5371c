"""What the classic builder is asked."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from autograder.engine.classic import build
from autograder.engine.request import BuildRequest
from autograder.facts.dockerfile import parse


def test_a_build_with_less_than_a_second_left_is_asked_for() -> None:
    """The connection takes no timeout of 0."""
    asked: list[Any] = []

    def answer(**options: Any) -> Iterator[dict[str, str]]:
        asked.append(options["timeout"])
        yield {"stream": "Successfully built abc"}

    api = SimpleNamespace(build=answer, inspect_image=lambda _: {"Id": "sha256:1"})
    request = BuildRequest({"Dockerfile": b"FROM a\n"}, parse("FROM a\n"), "t", timeout=0.5)
    assert build(api, request).image_id == "sha256:1"
    assert asked == [1]
