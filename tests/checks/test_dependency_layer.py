"""dependency-layer-split: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import dependency_layer_is_split
from autograder.facts.build import BuildFailure, BuildStep
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation, RanAgain

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
OLD, NEW = 100, 300
VENV = "/root/.cache/pypoetry/virtualenvs/app/lib/python3.11/site-packages"
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
STEPS = (
    BuildStep("RUN pip install poetry==1.7.0", "", True, 0.0, 2),
    BuildStep("COPY . .", "", False, 9.0, 4),
    BuildStep("RUN poetry install --with prod", "", False, 7.25, 5),
    BuildStep("RUN echo done", "", False, 0.1, 6),
)
NEXT = "which files does the dependency install need? Copy only those before it"
MOUNTED = "which files does the dependency install need? Mount only those"


def test_catches_packages_that_were_installed_again(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    again = (RanAgain(STEPS[2:], (environment(modified=NEW),)),)
    outcome = dependency_layer_is_split(observe(ran_again=again))
    assert (outcome.state, outcome.line) == ("failed", 5)
    assert outcome.seen == (
        "after one source file changed, 4 of 4 packages were installed again:"
        " RUN poetry install --with prod ran again (7.2 s)"
    )
    assert outcome.try_next.startswith(NEXT)


def test_catches_one_package_of_many(observe: Observe, environment: MakeEnvironment) -> None:
    kept, moved = environment(), environment({"click": "8.1.7"}, modified=NEW)
    mixed = Environment(kept.path, {**kept.distributions, **moved.distributions})
    outcome = dependency_layer_is_split(observe(ran_again=(RanAgain(STEPS[2:], (mixed,)),)))
    assert (outcome.state, outcome.line) == ("failed", 5)
    assert outcome.seen.startswith("after one source file changed, 1 of 4 packages were installed")
    assert outcome.try_next.startswith(NEXT)


def test_catches_an_install_in_a_stage_that_is_copied_from(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """Its output may be the same to the byte, so that the final image shows nothing."""
    kept, moved = RanAgain(STEPS[3:], (environment(),)), environment(modified=NEW)
    again = (RanAgain(STEPS[2:], (moved,)), kept)
    assert dependency_layer_is_split(observe(ran_again=again)).state == "failed"


def test_catches_an_install_that_was_given_an_older_time(
    observe: Observe, environment: MakeEnvironment
) -> None:
    forged = environment(modified=OLD, changed=NEW)
    for held in ((), (environment({"click": "8.1.7"}),)):
        again = (RanAgain(STEPS[2:], (forged,), held),)
        assert dependency_layer_is_split(observe(ran_again=again)).state == "failed"


def test_counts_what_was_put_there_again_with_what_was_installed_again(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """Out of a cache mount, say, where a build with another lock had left one package."""
    kept = environment(modified=OLD, changed=NEW)
    new = environment({"click": "8.1.7"}, modified=NEW)
    mixed = Environment(kept.path, {**kept.distributions, **new.distributions})
    for held, number in (((), 4), ((kept,), 1)):
        outcome = dependency_layer_is_split(
            observe(ran_again=(RanAgain(STEPS[2:], (mixed,), held),))
        )
        assert f" {number} of 4 packages" in outcome.seen


@pytest.mark.parametrize(
    ("version", "imports"),
    [
        pytest.param("8.1.7", ("/top", "/rest"), id="the app says that it imports from there"),
        pytest.param("8.5.0", ("/top", "/rest"), id="whatever its version"),
        pytest.param("8.1.7", (), id="the app does not run, or it is another stage"),
    ],
)
def test_catches_a_folder_without_a_direct_dependency(
    observe: Observe, environment: MakeEnvironment, version: str, imports: tuple[str, ...]
) -> None:
    """What the direct dependencies need is installed below the source, in another folder."""
    top = environment(
        {name: LOCK[name] for name in ("fastapi", "gunicorn", "uvicorn")}, path="/top"
    )
    rest = environment({"click": version}, path="/rest", modified=NEW)
    again = (RanAgain(STEPS[2:], (rest, top), imports=imports),)
    outcome = dependency_layer_is_split(observe(ran_again=again))
    assert (outcome.state, outcome.line) == ("failed", 5)
    assert outcome.seen.startswith("after one source file changed, 1 of 4 packages were installed")


def test_catches_a_stage_that_installs_no_direct_dependency(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """Each stage installs a part: the last one copies both, in the end to the same bytes."""
    rest = environment({"click": "8.1.7"}, path="/rest", modified=NEW)
    again = (RanAgain(STEPS[2:], (rest,)), RanAgain((), (environment(),), imports=(VENV,)))
    assert dependency_layer_is_split(observe(ran_again=again)).state == "failed"


def test_catches_not_a_folder_that_was_copied_for_another_user(
    observe: Observe, environment: MakeEnvironment
) -> None:
    top = environment(
        {name: LOCK[name] for name in ("fastapi", "gunicorn", "uvicorn")}, path="/top"
    )
    rest = environment({"click": "8.1.7"}, path="/rest", modified=OLD, changed=NEW)
    again = (RanAgain(STEPS[3:], (rest, top), (environment(),), imports=("/top", "/rest")),)
    assert dependency_layer_is_split(observe(ran_again=again)).state == "passed"


def test_catches_an_install_in_a_step_that_the_builder_did_not_tell_of(
    observe: Observe, environment: MakeEnvironment
) -> None:
    outcome = dependency_layer_is_split(
        observe(ran_again=(RanAgain((), (environment(modified=NEW),)),))
    )
    assert (outcome.state, outcome.line) == ("failed", None)
    assert outcome.seen == "after one source file changed, 4 of 4 packages were installed again"


def test_catches_not_an_environment_that_was_copied_from_a_stage_again(
    observe: Observe, environment: MakeEnvironment
) -> None:
    copied = environment(modified=OLD, changed=NEW)
    assert (
        dependency_layer_is_split(observe(ran_again=(RanAgain((), (copied,)),))).state == "passed"
    )


def test_catches_not_a_change_of_owner(observe: Observe, environment: MakeEnvironment) -> None:
    owned = environment(modified=OLD, changed=NEW)
    again = (RanAgain(STEPS[3:], (owned,), (environment(),)),)
    assert dependency_layer_is_split(observe(ran_again=again)).state == "passed"


def test_catches_not_an_environment_that_the_app_cannot_use(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """Poetry shares a package or two with the app, in the newest version or, by chance, in this."""
    for version, imports in (("8.1.7", (VENV,)), ("8.5.0", (VENV,)), ("8.5.0", ())):
        tool = environment({"click": version}, path="/opt/poetry/site-packages", modified=NEW)
        again = (RanAgain(STEPS[3:], (environment(), tool), imports=imports),)
        assert dependency_layer_is_split(observe(ran_again=again)).state == "passed"


def test_catches_not_what_a_folder_before_it_hides_from_the_app(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """The system's Python has a Poetry, and the environment shows the app that Python's folder."""
    tool = environment({"click": "8.1.7"}, path="/usr/site-packages", modified=NEW)
    again = (RanAgain(STEPS[3:], (environment(), tool), imports=(VENV, "/usr/site-packages")),)
    assert dependency_layer_is_split(observe(ran_again=again)).state == "passed"


@pytest.mark.parametrize(
    ("kind", "state", "seen"),
    [
        ("step", "failed", "after a source file changed, the build did not succeed at RUN a: no"),
        ("timeout", "failed", "after a source file changed, the build was stopped at RUN a"),
        ("network", "not_judged", "after a source file changed, RUN a wanted more than"),
        ("base", "not_judged", "after a source file changed, a base image cannot be had"),
    ],
)
def test_a_rebuild_that_fails(
    observe: Observe, built: MakeBuilt, kind: str, state: str, seen: str
) -> None:
    failure = BuildFailure(kind, "the build was stopped", "RUN a", 5, ("no",))  # type: ignore[arg-type]
    outcome = dependency_layer_is_split(observe(source_changed=built(failure=failure)))
    assert outcome.state == state
    assert outcome.seen.startswith(seen)
    assert outcome.try_next


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = dependency_layer_is_split(observe(first=built(), source_changed=built()))
    assert outcome.state == "failed"
    assert "no Python environment" in outcome.seen
    assert outcome.try_next.startswith("see what is left, at the end")


@pytest.mark.parametrize(
    ("rows", "next_"),
    [
        ("RUN pip install poetry\nCOPY . .\nRUN true\nRUN poetry install", NEXT),
        (
            "RUN poetry install --no-root\nCOPY . .\nRUN true\nRUN poetry install",
            "which packages does the lower install miss, and why?",
        ),
        ("RUN x\nRUN y\nRUN z\nRUN --mount=type=bind,target=. poetry install", MOUNTED),
        ("RUN x\nRUN y\nRUN z\nRUN --mount=source=./app/,target=/app poetry install", MOUNTED),
        # By name, or from elsewhere: it is no mount that brings the source.
        ("RUN x\nRUN y\nRUN z\nRUN --mount=source=poetry.lock,target=l poetry install", NEXT),
        ("RUN x\nRUN y\nRUN z\nRUN --mount=from=wheels,target=/w poetry install", NEXT),
        ("RUN x\nRUN y\nRUN z\nRUN --mount=type=secret,id=a poetry install", NEXT),
        (
            "RUN x\nFROM python:3.11 AS a\nONBUILD RUN y\n"
            "ONBUILD RUN --mount=target=/c poetry install\nFROM a",
            MOUNTED,
        ),
    ],
)
def test_what_to_try_next_follows_the_hints(
    observe: Observe, environment: MakeEnvironment, rows: str, next_: str
) -> None:
    again = (RanAgain(STEPS[2:], (environment(modified=NEW),)),)
    outcome = dependency_layer_is_split(observe(f"FROM python:3.11\n{rows}\n", ran_again=again))
    assert outcome.try_next.startswith(next_)


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = dependency_layer_is_split(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert (
        outcome.seen == "after one source file changed, none of the 4 packages was installed again"
    )


def test_catches_not_what_the_lock_does_not_name(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """The app's own project is installed again, as it should be."""
    kept, own = environment(), environment({"app": "0.1.0"}, modified=NEW)
    mixed = Environment(kept.path, {**kept.distributions, **own.distributions})
    outcome = dependency_layer_is_split(observe(ran_again=(RanAgain(STEPS[2:], (mixed,)),)))
    assert outcome.state == "passed"


def test_catches_not_a_step_that_ran_and_found_all_in_place(
    observe: Observe, environment: MakeEnvironment
) -> None:
    again = (RanAgain(STEPS[2:], (environment(),)),)
    assert dependency_layer_is_split(observe(ran_again=again)).state == "passed"


def test_catches_not_what_another_build_left_in_the_cache(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """Another time, but from before the rebuild: the cache had two of the same step."""
    again = (RanAgain(STEPS[2:], (environment(modified=150),)),)
    assert dependency_layer_is_split(observe(ran_again=again)).state == "passed"


SLOW = BuildStep("RUN python -m compileall .", "", False, 30.0, 6)
UNSPLIT = """\
FROM python:3.11
COPY . .
RUN pip install poetry==1.7.0
RUN poetry install --with prod
CMD ["poetry", "run", "gunicorn", "app.main:app"]
RUN python -m compileall .
"""


def test_the_step_that_looks_like_the_install_is_named(
    observe: Observe, environment: MakeEnvironment
) -> None:
    """A slower one beside it is not to blame, and brings no hint of a second install."""
    install = BuildStep("RUN poetry install --with prod", "", False, 7.0, 4)
    brings_poetry = BuildStep("RUN pip install poetry==1.7.0", "", False, 14.0, 3)
    again = (RanAgain((brings_poetry, install, SLOW), (environment(modified=NEW),)),)
    outcome = dependency_layer_is_split(observe(UNSPLIT, ran_again=again))
    assert outcome.line == 4
    assert "RUN poetry install --with prod ran again (7.0 s)" in outcome.seen
    assert outcome.try_next.startswith(NEXT)


def test_where_none_looks_like_it_the_slowest_is_named(
    observe: Observe, environment: MakeEnvironment
) -> None:
    again = (RanAgain((SLOW,), (environment(modified=NEW),)),)
    assert dependency_layer_is_split(observe(UNSPLIT, ran_again=again)).line == 6


def test_a_list_for_poetry_is_no_install_of_the_app(
    observe: Observe, environment: MakeEnvironment
) -> None:
    text = UNSPLIT.replace(
        "COPY . .\nRUN pip install poetry==1.7.0", "RUN pip install -r poetry.txt\nCOPY . ."
    )
    install = BuildStep("RUN poetry install --with prod", "", False, 7.0, 4)
    again = (RanAgain((install,), (environment(modified=NEW),)),)
    assert dependency_layer_is_split(observe(text, ran_again=again)).try_next.startswith(NEXT)


def test_more_packages_than_the_last_image_has_are_counted_alone(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    few = built(environment({name: LOCK[name] for name in ("fastapi", "gunicorn", "uvicorn")}))
    again = (
        RanAgain(STEPS[2:], (environment(modified=NEW),)),
        RanAgain((), few.image.environments),
    )  # type: ignore[union-attr]
    outcome = dependency_layer_is_split(observe(first=few, source_changed=few, ran_again=again))
    assert outcome.seen.startswith("after one source file changed, 4 packages were installed again")
