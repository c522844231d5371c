"""poetry-installs-dependencies: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import poetry_installs_dependencies
from autograder.facts.answer import AppAnswer
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation, PoetryRun

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
SECOND = {**LOCK, "gunicorn": "22.0.0"}
EXPORT, INSTALL = PoetryRun("2.5.1", "export"), PoetryRun("2.5.1", "install")
SHOW = PoetryRun("2.5.1", "show")
VENV = "/root/.cache/pypoetry/virtualenvs/app/lib/python3.11/site-packages"
NEXT = "let Poetry install them from poetry.lock"


@pytest.mark.parametrize("installer", ["pip", "uv"])
@pytest.mark.parametrize(
    "runs",
    [None, (), (PoetryRun("2.5.1", "run"),), (PoetryRun("2.5.1", "check"),)],
    ids=["not-looked", "none", "run", "check"],
)
def test_catches_an_installer_that_no_poetry_told(
    observe: Observe,
    built: MakeBuilt,
    environment: MakeEnvironment,
    installer: str,
    runs: tuple[PoetryRun, ...] | None,
) -> None:
    """Also `poetry run pip install`: Poetry starts pip, and tells it nothing."""
    first = built(environment(installer=installer))
    outcome = poetry_installs_dependencies(observe(first=first, poetry_runs=runs))
    assert outcome.state == "failed"
    assert outcome.seen.endswith(f"were installed by {installer}, not by Poetry")
    assert outcome.try_next == NEXT


def test_the_environment_of_poetry_that_the_app_does_not_use_is_told(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    system = "/usr/local/lib/python3.11/site-packages"
    by_pip = environment(installer="pip", path=system)
    answer = AppAnswer(200, {"variant": "app"}, 1.0, nonce="n", imports_from=(system,))
    outcome = poetry_installs_dependencies(
        observe(first=built(by_pip, environment()), answer=answer)
    )
    assert outcome.try_next.startswith("see in which environment CMD starts the app")
    assert f"{VENV}, and the app imports them from {system}" in outcome.hints[0]
    assert outcome.seen.endswith(f"; the app does not use what Poetry installed in {VENV}")
    for others in (environment(by={"gunicorn": "pip"}), environment({"fastapi": "0.104.1"})):
        seen = observe(first=built(by_pip, others), answer=answer)
        assert poetry_installs_dependencies(seen).try_next.startswith("let ")
    unknown = observe(first=built(by_pip, environment()), answer=None)
    assert poetry_installs_dependencies(unknown).try_next.startswith("let ")


@pytest.mark.parametrize("run", [EXPORT, INSTALL, SHOW])
def test_catches_a_poetry_that_is_not_used(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, run: PoetryRun
) -> None:
    """It exports for show, or installs where no app looks: another lock changes nothing."""
    by_pip = built(environment(installer="pip"))
    seen = observe(first=by_pip, lock_changed=by_pip, poetry_runs=(run,))
    outcome = poetry_installs_dependencies(seen)
    assert (outcome.state, outcome.try_next) == ("failed", NEXT)


def test_catches_versions_of_one_s_own_beside_poetry_s(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    by_pip = built(environment({**LOCK, "gunicorn": "23.0.0"}, installer="pip"))
    seen = observe(first=by_pip, lock_changed=by_pip, poetry_runs=(INSTALL,))
    assert poetry_installs_dependencies(seen).state == "failed"


def test_catches_a_part_that_pip_installed(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Poetry installs the app's own dependencies, and pip the server."""
    by = {"gunicorn": "pip", "uvicorn": "pip"}
    first = built(environment(installer="Poetry 2.5.1", by=by))
    outcome = poetry_installs_dependencies(observe(first=first, poetry_runs=(INSTALL,)))
    assert outcome.seen.startswith("gunicorn and uvicorn in /")
    assert outcome.seen.endswith("were installed by pip, not by Poetry")
    assert outcome.try_next.startswith("which step installs something beside Poetry?")


@pytest.mark.parametrize("installer", ["conda", "", "poetry 1.7.0", "Poetry\x1b[31m"])
def test_catches_another_installer(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, installer: str
) -> None:
    outcome = poetry_installs_dependencies(observe(first=built(environment(installer=installer))))
    assert outcome.state == "failed"
    assert outcome.seen.endswith("installed the dependencies, not Poetry")
    assert outcome.seen.isprintable()
    assert outcome.try_next == NEXT


def test_catches_an_environment_that_the_app_does_not_use(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Packages without a record of their install, beside an environment that Poetry made."""
    for_show, used = environment(path="/elsewhere"), environment({"idna": "3.4"})
    outcome = poetry_installs_dependencies(observe(first=built(for_show, used)))
    assert outcome.state == "failed"
    assert outcome.seen.startswith("no folder that the app imports from records an install of")


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = poetry_installs_dependencies(observe(first=built()))
    assert outcome.state == "failed"
    assert outcome.seen.startswith("no Python environment in the image holds fastapi, gunicorn")
    assert outcome.try_next.startswith("see what is left, at the end")


@pytest.mark.parametrize("version", ["1.5.1", "1.7.0", "2.5.1"])
def test_catches_not_any_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, version: str
) -> None:
    first = built(environment(installer=f"Poetry {version}"))
    outcome = poetry_installs_dependencies(observe(first=first))
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == f"Poetry {version} installed the dependencies"


def test_catches_not_two_poetries(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(by={"gunicorn": "Poetry 1.8.5"}))
    outcome = poetry_installs_dependencies(observe(first=first))
    assert outcome.seen == "Poetry 1.7.0 and Poetry 1.8.5 installed the dependencies"


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_catches_not_an_export_that_was_installed(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, installer: str
) -> None:
    first = built(environment(installer=installer))
    changed = built(environment(SECOND, installer=installer))
    outcome = poetry_installs_dependencies(
        observe(first=first, lock_changed=changed, poetry_runs=(EXPORT,))
    )
    assert outcome.state == "passed"
    assert outcome.seen == f"{installer} installed the dependencies, as Poetry said"


def test_catches_not_an_export_of_a_part(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """pip installs what Poetry exported, and Poetry the group prod."""
    first = built(environment(installer="Poetry 2.5.1", by={"fastapi": "pip"}))
    seen = observe(first=first, poetry_runs=(EXPORT, INSTALL))
    assert poetry_installs_dependencies(seen).state == "passed"


def test_catches_not_a_poetry_that_lets_pip_install(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """`poetry config installer.modern-installation false`."""
    first = built(environment(installer="pip"))
    seen = observe(first=first, poetry_runs=(PoetryRun("1.7.0", "config"), INSTALL))
    assert poetry_installs_dependencies(seen).state == "passed"


def test_catches_not_a_lock_that_is_not_obeyed(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """That is for dependencies-locked: Poetry exported what it had locked anew."""
    newer = built(environment({**LOCK, "gunicorn": "23.0.0"}, installer="pip"))
    seen = observe(first=newer, lock_changed=newer, poetry_runs=(EXPORT,))
    assert poetry_installs_dependencies(seen).state == "passed"


def test_the_environment_that_the_app_uses_counts(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    decoy = environment(path="/decoy/site-packages", installer="pip")
    assert poetry_installs_dependencies(observe(first=built(decoy, environment()))).state == (
        "passed"
    )
    used = environment(installer="pip")
    other = environment(path="/poetry/site-packages")
    assert poetry_installs_dependencies(observe(first=built(used, other))).state == "failed"


def test_catches_not_a_list_of_what_poetry_shows(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Without the plugin that exports; another lock gives another list."""
    seen = observe(first=built(environment(installer="pip")), poetry_runs=(SHOW,))
    assert poetry_installs_dependencies(seen).state == "passed"
