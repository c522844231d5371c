"""Every way to fail has three hints that climb, and none of them is the solution."""

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from autograder import checks, outcome, places
from autograder.checks.step_help import Help
from autograder.checks.unbuilt import unbuilt
from autograder.facts.answer import AppAnswer
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep
from autograder.facts.dockerfile import parse
from autograder.facts.lock import Lock
from autograder.facts.observation import Asked, Built, Observation, PoetryRun, RanAgain
from autograder.outcome import Outcome

Make = Callable[..., Any]
Site = tuple[str, int]
FOLDER = Path(inspect.getfile(checks)).parent
MODULES = [importlib.import_module(f"autograder.checks.{p.stem}") for p in FOLDER.glob("[!_]*.py")]
SOLUTIONS = [
    parse(path.read_text())
    for path in (places.project() / "tests/contexts").glob("*/reference/Dockerfile")
]
STARTS = 'FROM python:3.11\nCOPY . .\nCMD ["sh", "-c", "poetry install && x"]\n'
CACHED = "FROM python:3.11\nRUN --mount=type=cache,target=/c poetry install\n"
STAGES = "FROM python:3.11 AS a\nRUN poetry install\nFROM python:3.11\nCOPY --from=a /x /y\n"
BOUND = "FROM python:3.11\nRUN --mount=type=bind,target=/src poetry install\n"
TWICE = "FROM python:3.11\nRUN poetry install --no-root\nCOPY . .\nRUN poetry install\n"
RELOCKED = "FROM python:3.11\nRUN poetry lock && poetry install\n"
PIP_STARTS = 'FROM python:3.11\nCOPY . .\nCMD ["sh", "-c", "pip install -r x.txt && x"]\n'
PIP_CACHED = "FROM python:3.11\nRUN --mount=type=cache,target=/c pip install -r x.txt\n"
PIP_STAGES = "FROM python:3.11 AS a\nRUN pip install -r x\nFROM python:3.11\nCOPY --from=a /x /y\n"
PIP_LOST = "FROM python:3.11\nRUN pip install -r x.txt\nRUN pip install -U gunicorn\n"
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
PINS = Lock(LOCK, "requirements.txt")
STEP_1 = Asked("app", "app", ("fastapi", "gunicorn", "uvicorn"), PINS, PINS)
ANSWERS = (
    AppAnswer(500, None, 1.0, logs="Internal Server Error"),
    AppAnswer(None, None, 1.0, "Connection refused", "Listening at: 127.0.0.1:8000"),
    AppAnswer(None, None, 1.0, "the container ended with exit code 0"),
    AppAnswer(None, None, 1.0, "the container ended with exit code 3", "No module named x"),
    AppAnswer(None, None, 1.0, "the container ended", "exec /v/x: no such file or directory"),
    AppAnswer(None, None, 1.0, "the container ended", "Command not found: gunicorn"),
    AppAnswer(None, None, 0.0, 'exec: "gunicorn": executable file not found in $PATH'),
    AppAnswer(200, None, 1.0),
    AppAnswer(200, {"variant": "app"}, 1.0),
)
FAILURES = (
    BuildFailure("timeout", "stopped", "RUN sleep 9", 3),
    BuildFailure("filled", "the disk is full", "RUN dd", 3),
    BuildFailure("dockerfile", "Invalid containerPort: eight", line=3),
    BuildFailure("name", 'line 3 names "a==1", which no image can be called', line=3),
    BuildFailure("stage", "line 3 names a stage a, and there is none", line=3),
    BuildFailure("below", "line 3 takes from the stage a, which starts further down", line=3),
    BuildFailure("step", '"/no": not found', "COPY no .", 3),
    BuildFailure("step", '"/v": not found', "COPY --from=build /v /v", 3),
    BuildFailure("step", '"/app/.venv": not found', "COPY --from=build /app/.venv .venv", 3),
    BuildFailure("step", "did not complete successfully: exit code: 127", "RUN x", 3),
    BuildFailure("step", "exit code: 1", "RUN x", 3, ("No matching distribution found for y",)),
    BuildFailure("step", "exit code: 1", "RUN x", 3, ("ERROR: Invalid requirement: 'y^1'",)),
    BuildFailure("step", "exit code: 1", "RUN x", 3),
)


def gives_away(text: str) -> str | None:
    """The line of a reference solution that a text holds, or None.

    A line is held when its instruction stands there whole, or what follows its keyword does and is
    of three words or more: `poetry install` alone tells no more than the task.
    """
    flat = " ".join(text.split()).replace("`", "")
    for row in (row for solution in SOLUTIONS for row in solution.instructions):
        whole = f"{row.keyword} {row.value}"
        if whole in flat or (len(row.value.split()) >= 3 and row.value in flat):
            return whole
    return None


def check_hints(hints: tuple[str, ...]) -> None:
    assert len(hints) == len(set(hints)) == 3, hints
    for hint in hints:
        assert hint.strip() == hint != ""
        assert hint.isprintable(), hint
        assert gives_away(hint) is None, hint


def failing_calls(module: ModuleType) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "failed":
            yield node


SITES = {(module.__name__, call.lineno) for module in MODULES for call in failing_calls(module)}


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> set[Site]:
    """The places in the checks that said `failed`, as they are reached."""
    sites = set[Site]()

    def noted(**told: Any) -> Outcome:
        caller = sys._getframe(1)
        sites.add((caller.f_globals["__name__"], caller.f_lineno))
        return outcome.failed(**told)

    for module in MODULES:
        if hasattr(module, "failed"):
            monkeypatch.setattr(module, "failed", noted)
    return sites


@dataclass(frozen=True)
class Ways:
    """Every way to fail that the checks know."""

    observe: Make
    built: Make
    environment: Make

    def look(self, text: str | None = None, **changes: Any) -> Observation:
        seen: Observation = self.observe(*([text] if text else []), **changes)
        return seen

    def by(self, installer: str = "Poetry 1.7.0", **versions: str) -> Built:
        made = self.environment(versions or LOCK, installer=installer)
        return cast(Built, self.built(made))

    def base(self) -> Iterator[Outcome]:
        for text in ("FROM python\n", "FROM python:3\n", "FROM scratch\n"):
            yield checks.base_image_is_pinned(self.look(text))

    def locked(self) -> Iterator[Outcome]:
        for text in (None, STARTS, CACHED, STAGES, "FROM python:3.11\n"):
            yield checks.dependencies_are_locked(self.look(text, first=self.built()))
        for text in (None, RELOCKED):
            first = self.by(gunicorn="23.0.0")
            yield checks.dependencies_are_locked(self.look(text, first=first))
        mixed = self.environment({**LOCK, "click": "8.5.0"}, by={"click": "pip"})
        for first in (self.by("pip", gunicorn="23.0.0"), self.built(mixed)):
            yield checks.dependencies_are_locked(self.look(first=first))

    def installed(self) -> Iterator[Outcome]:
        for text in (PIP_STARTS, PIP_CACHED, PIP_STAGES, PIP_LOST, "FROM python:3.11\n"):
            seen = self.look(text, asked=STEP_1, first=self.built())
            yield checks.dependencies_are_installed(seen)
        for text in ("FROM python:3.11\nRUN pip install gunicorn\n", PIP_LOST):
            first = self.by("pip", **{**LOCK, "gunicorn": "26.2.0"})
            yield checks.dependencies_are_installed(self.look(text, asked=STEP_1, first=first))
        first = self.by("pip", fastapi="0.104.1")
        for text in (None, "FROM python:3.11\nCOPY venv venv\n"):
            yield checks.dependencies_are_installed(self.look(text, asked=STEP_1, first=first))

    def lock_change(self) -> Iterator[Outcome]:
        for versions in ({"fastapi": "0.104.1"}, {"gunicorn": "21.2.0"}, {"gunicorn": "23.0.0"}):
            changed = self.by(**versions)
            yield checks.lock_change_reinstalls(self.look(lock_changed=changed))
        yield checks.lock_change_reinstalls(self.look(lock_changed=self.built()))
        for text in (CACHED, "FROM python:3.11\nRUN poetry add gunicorn\n"):
            changed = self.by(gunicorn="21.2.0")
            yield checks.lock_change_reinstalls(self.look(text, lock_changed=changed))

    def poetry(self) -> Iterator[Outcome]:
        for pin in ("", ">=1.7.0", "==1.7.0", "~=1.7", "==1.7.*", "==1.6.1", "==$V"):
            text = f"FROM python:3.11\nRUN pip install poetry{pin}\nRUN poetry install\n"
            yield checks.poetry_is_pinned(self.look(text, first=self.by("Poetry 1.8.5")))
        for signer in ("conda", "pip", "uv", ""):
            yield checks.poetry_is_pinned(self.look(first=self.by(signer)))
        bare = "FROM python:3.11\n"
        yield checks.poetry_is_pinned(self.look(bare, first=self.by("Poetry 2.1.0")))
        runs = (PoetryRun("1.8.5", "export"),)
        yield checks.poetry_is_pinned(self.look(first=self.by("pip"), poetry_runs=runs))

    def poetry_installs(self) -> Iterator[Outcome]:
        for signer in ("conda", "pip", "uv", ""):
            yield checks.poetry_installs_dependencies(self.look(first=self.by(signer)))

    def layer(self) -> Iterator[Outcome]:
        new = self.environment(modified=300)
        for text, name in ((None, "RUN x"), (BOUND, "RUN --mount=type=bind x"), (TWICE, "RUN y")):
            step = BuildStep(name, "", False, 1.0, 4)
            again = (RanAgain((step,), (new,)),)
            yield checks.dependency_layer_is_split(self.look(text, ran_again=again))

    def app(self) -> Iterator[Outcome]:
        for answer in ANSWERS:
            yield checks.app_answers(self.look(answer=answer))
            yield checks.app_answers(self.look(answer=answer, asked=STEP_1))
            without = self.by(fastapi="0.104.1", uvicorn="0.24.0")
            yield checks.app_answers(self.look(answer=answer, first=without))
            yield checks.app_answers(self.look(answer=answer, first=without, asked=STEP_1))

    def unbuilt(self) -> Iterator[Outcome]:
        for failure in FAILURES:
            facts = BuildFacts("buildkit", (), 1.0, "t", None, failure)
            yield unbuilt(facts)
            changed = self.built(failure=failure)
            yield checks.app_answers(self.look(answer=None, source_changed=changed))


@pytest.fixture
def ways(observe: Make, built: Make, environment: Make) -> Callable[[], list[Outcome]]:
    made = Ways(observe, built, environment)
    parts = (made.base, made.installed, made.locked, made.lock_change, made.poetry)
    others = (made.poetry_installs, made.layer, made.app, made.unbuilt)
    return lambda: [outcome for part in (*parts, *others) for outcome in part()]


def test_every_way_to_fail_has_three_hints(
    ways: Callable[[], list[Outcome]], reached: set[Site]
) -> None:
    for way in ways():
        assert way.state == "failed", way
        assert way.try_next, way
        check_hints(way.hints)
    assert reached == SITES, "each `failed(` in checks/ is reached by a way above"


def test_the_hints_depend_on_the_state_that_the_learner_is_in(
    ways: Callable[[], list[Outcome]],
) -> None:
    found = ways()
    assert len({way.hints for way in found}) > len({way.try_next for way in found}) > 30


def constants(module: ModuleType) -> Iterator[tuple[str, ...]]:
    for value in vars(module).values():
        if isinstance(value, tuple) and value and all(isinstance(row, str) for row in value):
            yield value
        if isinstance(value, Help):
            yield value.hints
    yield from (helped.hints for _, helped in getattr(module, "PRINTED", ()))


def test_no_hint_that_a_file_of_checks_holds_is_the_solution() -> None:
    found = [hints for module in MODULES for hints in constants(module)]
    assert len(found) > 50
    for hints in found:
        check_hints(hints)


def test_what_gives_the_solution_away_is_known() -> None:
    lines = [f"{row.keyword} {row.value}" for made in SOLUTIONS for row in made.instructions]
    assert "RUN pip install poetry==1.7.0" in lines
    assert [line for line in lines if gives_away(f"write {line} there") is None] == []
    assert gives_away("try pip  install poetry==1.7.0") is not None
    assert gives_away("`poetry install --no-root --with prod`, above it") is not None
    assert gives_away("start with FROM python:3.11") is not None
    assert gives_away("run pip install -r requirements.txt") is not None
    assert gives_away("which option of poetry install adds its group?") is None
