"""dependencies-installed: catches and catches not."""

from collections.abc import Callable

import pytest

from autograder.checks import dependencies_are_installed
from autograder.facts.answer import AppAnswer
from autograder.facts.image import Environment
from autograder.facts.lock import Lock
from autograder.facts.observation import Asked, Built, Observation

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LIST = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
PINS = Lock(LIST, "requirements.txt")
ASKED = Asked("app", "app", ("fastapi", "gunicorn", "uvicorn"), PINS, PINS)
NEXT = "let requirements.txt alone say what is installed: each of its lines names one version"


def test_catches_a_newer_version(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment({**LIST, "gunicorn": "26.2.0"}, installer="pip"))
    outcome = dependencies_are_installed(observe(asked=ASKED, first=first))
    assert outcome.state == "failed"
    assert outcome.seen == "installed: gunicorn 26.2.0 (requirements.txt says 21.2.0)"
    assert outcome.try_next == NEXT


def test_catches_many_and_names_two_that_the_app_imports(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(dict.fromkeys(LIST, "9"), installer="pip"))
    assert dependencies_are_installed(observe(asked=ASKED, first=first)).seen == (
        "installed: fastapi 9 (requirements.txt says 0.104.1),"
        " gunicorn 9 (requirements.txt says 21.2.0) and 2 more"
    )


@pytest.mark.parametrize("name", LIST)
def test_catches_a_line_that_is_left_out(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, name: str
) -> None:
    """Also of a package that only another one needs: the list names it as well."""
    fewer = {other: version for other, version in LIST.items() if other != name}
    outcome = dependencies_are_installed(observe(asked=ASKED, first=built(environment(fewer))))
    assert (outcome.state, outcome.seen) == ("failed", f"not installed: {name}")
    assert outcome.try_next == "install every package that requirements.txt names"


@pytest.mark.parametrize(
    ("step", "looked_for"),
    [
        ("RUN pip list", "is there one, or does a COPY"),
        ("COPY venv venv", "is there one, or does a COPY"),
        ("RUN pip install --no-deps fastapi", "every line of requirements.txt"),
        ("RUN uv sync", "every line of requirements.txt"),
    ],
)
def test_an_install_step_is_asked_for_before_what_it_reads(
    observe: Observe,
    built: MakeBuilt,
    environment: MakeEnvironment,
    step: str,
    looked_for: str,
) -> None:
    """A folder that was copied from another machine may hold packages too."""
    first = built(environment({"fastapi": LIST["fastapi"]}, installer="pip"))
    text = f"FROM python:3.11\n{step}\n"
    assert (
        looked_for in dependencies_are_installed(observe(text, asked=ASKED, first=first)).hints[0]
    )


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ("RUN pip install fastapi uvicorn gunicorn", 2),
        ("RUN pip install -r requirements.txt\nRUN pip install 'Gunicorn>20'", 3),
        ("RUN pip install -r some.txt\nRUN pip install more", None),
        ("RUN pip install gunicorn\nRUN pip install -U gunicorn", None),
        ("COPY venv venv", None),
    ],
)
def test_the_line_is_told_where_one_is_to_blame(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, steps: str, line: int | None
) -> None:
    first = built(environment({**LIST, "gunicorn": "26.2.0"}, installer="pip"))
    seen = observe(f"FROM python:3.11\n{steps}\n", asked=ASKED, first=first)
    assert dependencies_are_installed(seen).line == line


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = dependencies_are_installed(observe(asked=ASKED, first=built()))
    assert outcome.state == "failed"
    assert "no Python environment in the image holds" in outcome.seen
    assert not any("Poetry" in hint for hint in outcome.hints)


def test_catches_another_environment_than_the_app_s(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """The list stands in one, and the app imports from another."""
    beside = environment(path="/usr/lib/python3/dist-packages")
    first = built(beside, environment({**LIST, "click": "8.5.0"}))
    outcome = dependencies_are_installed(observe(asked=ASKED, first=first))
    assert outcome.seen == "installed: click 8.5.0 (requirements.txt says 8.1.7)"


@pytest.mark.parametrize("installer", ["pip", "uv", "Poetry 1.7.0", ""])
def test_catches_not_another_installer(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, installer: str
) -> None:
    first = built(environment(installer=installer))
    outcome = dependencies_are_installed(observe(asked=ASKED, first=first))
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen == "all 4 packages of requirements.txt are there, in the versions it names"


def test_catches_not_what_the_list_does_not_name(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment({**LIST, "pip": "99", "poetry": "1.7.0"}))
    assert dependencies_are_installed(observe(asked=ASKED, first=first)).state == "passed"


def test_catches_not_packages_in_two_folders(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Python imports from both: what the first lacks is in the second."""
    one = environment({name: LIST[name] for name in ("fastapi", "uvicorn")})
    two = environment({name: LIST[name] for name in ("click", "gunicorn")}, path="/two")
    answer = AppAnswer(200, {}, 1.0, imports_from=("/stdlib", one.path, "/two"))
    seen = observe(asked=ASKED, first=built(one, two), answer=answer)
    assert dependencies_are_installed(seen).state == "passed"


def test_catches_a_package_that_an_earlier_folder_hides(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    user = environment({"uvicorn": "0.99.0"}, path="/home/app/.local")
    answer = AppAnswer(200, {}, 1.0, imports_from=(user.path, environment(LIST).path))
    seen = observe(asked=ASKED, first=built(environment(LIST), user), answer=answer)
    outcome = dependencies_are_installed(seen)
    assert (outcome.state, "uvicorn 0.99.0" in outcome.seen) == ("failed", True)


def test_catches_not_an_app_that_does_not_run(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """That is for app-answers; the packages are there."""
    first = built(environment({"click": "8.5.0"}, path="/other"), environment(path="/here"))
    seen = observe(asked=ASKED, first=first, answer=None)
    assert dependencies_are_installed(seen).state == "passed"
