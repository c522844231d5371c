"""poetry-pinned: catches and catches not."""

import time
from collections.abc import Callable

import pytest

from autograder.checks import poetry_is_pinned
from autograder.facts.image import Environment
from autograder.facts.observation import Built, Observation, PoetryRun

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]
LOCK = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
NEXT = "name one exact version of Poetry where you install it"
BY_POETRY = "let Poetry install them"


@pytest.mark.parametrize("version", ["1.7.1", "1.8.5", "2.1.0", "1.7"])
def test_catches_another_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, version: str
) -> None:
    first = built(environment(installer=f"Poetry {version}"))
    outcome = poetry_is_pinned(observe(first=first))
    assert outcome.state == "failed"
    assert outcome.seen.startswith(f"Poetry {version} installed the dependencies, not ")
    assert outcome.seen.endswith(", not Poetry 1.7.0")
    assert outcome.try_next.startswith(NEXT)
    assert outcome.line == 2


def test_the_line_is_where_poetry_is_installed(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    text = (
        "FROM python:3.11 AS no\nRUN pip install poetry\n"
        "FROM python:3.11\nRUN poetry install\nRUN <<EOF\npip install 'poetry>=1'\nEOF\n"
    )
    first = built(environment(installer="Poetry 1.8.5"))
    assert poetry_is_pinned(observe(text, first=first)).line == 5
    assert poetry_is_pinned(observe("FROM python:3.11\n", first=first)).line is None


@pytest.mark.parametrize(
    ("installer", "next_step"),
    [("conda", BY_POETRY), ("", BY_POETRY), ("Poetry\x1b[31m 1.7.0", NEXT)],
)
def test_catches_another_installer(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, installer: str, next_step: str
) -> None:
    outcome = poetry_is_pinned(observe(first=built(environment(installer=installer))))
    assert outcome.state == "failed"
    assert "installed the dependencies" in outcome.seen
    assert outcome.seen.isprintable()
    assert outcome.try_next.startswith(next_step)


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_catches_an_installer_that_no_poetry_told(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, installer: str
) -> None:
    first = built(environment(installer=installer))
    outcome = poetry_is_pinned(observe(first=first))
    assert outcome.state == "failed"
    assert outcome.seen.endswith(f"were installed by {installer}, not by Poetry")
    assert outcome.try_next == "let Poetry install them from poetry.lock"
    checked = (PoetryRun("1.7.0", "check"),)
    assert poetry_is_pinned(observe(first=first, poetry_runs=checked)).state == "failed"


def test_catches_an_export_by_another_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(installer="pip"))
    for others in ((), (PoetryRun("1.7.0", "install"),), (PoetryRun("1.7.0", "export"),)):
        runs = (PoetryRun("1.8.5", "export"), *others)
        outcome = poetry_is_pinned(observe(first=first, poetry_runs=runs))
        assert outcome.state == "failed"
        assert outcome.seen == "pip installed what Poetry 1.8.5 told it, not Poetry 1.7.0"
        assert outcome.try_next.startswith(NEXT)


def test_catches_an_export_that_pip_did_not_use(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """With another lock, pip installs the same: its list was fixed before Poetry ran."""
    by_pip = environment(installer="pip")
    runs = (PoetryRun("1.7.0", "export"),)
    seen = observe(first=built(by_pip), lock_changed=built(by_pip), poetry_runs=runs)
    assert poetry_is_pinned(seen).state == "failed"
    assert poetry_is_pinned(seen).seen.endswith("were installed by pip, not by Poetry")


def test_catches_one_package_of_another_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(by={"gunicorn": "Poetry 1.8.5", "fastapi": "pip"}))
    outcome = poetry_is_pinned(observe(first=first))
    assert (outcome.state, "Poetry 1.8.5" in outcome.seen) == ("failed", True)
    assert outcome.try_next.startswith(NEXT)


def test_catches_a_server_by_hand_beside_the_right_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """With another lock it stays as it was: no Poetry looks after it."""
    by_hand = built(environment(by={"gunicorn": "pip"}))
    runs = (PoetryRun("1.7.0", "install"),)
    seen = observe(first=by_hand, lock_changed=by_hand, poetry_runs=runs)
    outcome = poetry_is_pinned(seen)
    assert outcome.state == "failed"
    assert outcome.seen.startswith("gunicorn in ")
    assert outcome.seen.endswith(" was installed by pip, not by Poetry")
    assert outcome.try_next.startswith("which step installs something beside Poetry?")
    assert f"which one brings gunicorn {LOCK['gunicorn']}?" in outcome.hints[0]


def test_catches_a_server_that_another_poetry_exported(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    runs = (PoetryRun("1.7.0", "install"), PoetryRun("1.8.5", "export"))
    outcome = poetry_is_pinned(
        observe(first=built(environment(by={"gunicorn": "pip"})), poetry_runs=runs)
    )
    assert outcome.state == "failed"
    assert outcome.seen == "pip installed what Poetry 1.8.5 told it, not Poetry 1.7.0"


def test_catches_an_environment_that_the_app_does_not_use(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """Packages without a record of their install, beside an environment that Poetry made."""
    for_show, used = environment(path="/elsewhere"), environment({"idna": "3.4"})
    outcome = poetry_is_pinned(observe(first=built(for_show, used)))
    assert outcome.state == "failed"
    assert outcome.seen.startswith("no folder that the app imports from records an install of")


def test_catches_an_image_without_dependencies(observe: Observe, built: MakeBuilt) -> None:
    outcome = poetry_is_pinned(observe(first=built()))
    assert outcome.state == "failed"
    assert outcome.seen.startswith("no Python environment in the image holds fastapi, gunicorn")
    assert outcome.try_next.startswith("see what is left, at the end")


def test_catches_not_the_reference(observe: Observe) -> None:
    outcome = poetry_is_pinned(observe())
    assert (outcome.state, outcome.try_next) == ("passed", "")
    assert outcome.seen.startswith("Poetry 1.7.0 installed the dependencies")


def test_catches_not_what_pip_had_installed_before(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(by={"fastapi": "pip"}))
    runs = (PoetryRun("1.7.0", "install"), PoetryRun("1.8.5", "install"))
    assert poetry_is_pinned(observe(first=first, poetry_runs=runs)).state == "passed"
    runs = (PoetryRun("1.7.0", "install"), PoetryRun("1.7.0", "export"))
    assert poetry_is_pinned(observe(first=first, poetry_runs=runs)).state == "passed"


def test_catches_what_pip_upgraded_beside_the_right_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    newest = environment({**LOCK, "fastapi": "0.162.0"}, by={"fastapi": "pip"})
    runs = (PoetryRun("1.7.0", "install"),)
    outcome = poetry_is_pinned(observe(first=built(newest), poetry_runs=runs))
    assert outcome.state == "failed"
    assert outcome.seen == f"fastapi in {newest.path} was installed by pip, not by Poetry"


@pytest.mark.parametrize(
    ("run", "line"),
    [
        ("poetry install --no-root && poetry cache clear --all .", None),
        ("poetry -n install; poetry env info", None),
        ("poetry install || pip install poetry", 3),
        ('pip install "poetry>=1.7"', 3),
        ("pipx install --suffix=@a poetry", 3),
    ],
)
def test_the_line_that_brings_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, run: str, line: int | None
) -> None:
    text = f"FROM python:3.11\nRUN pip install -r tools.txt\nRUN {run}\n"
    first = built(environment(installer="Poetry 1.8.5"))
    assert poetry_is_pinned(observe(text, first=first)).line == line


PINNED = "RUN pip install poetry==1.7.0\n"
ARG = "ARG V={}\nRUN pip install poetry==${{V}}\n"
LAST, VARIABLE = "which command is the last to bring a Poetry", "look at the variable"
TODAY, MISNAMED = "which version does it bring today", "compare the version in line"


@pytest.mark.parametrize(
    ("above", "line", "hint"),
    [
        (f"{PINNED}FROM python:3.11\nCOPY --from=0 /a /a\nRUN pip install poetry\n", 5, TODAY),
        (f"RUN pip install poetry\nFROM python:3.11\nCOPY --from=0 /a /a\n{PINNED}", 2, TODAY),
        (f"{PINNED}RUN pip install -U poetry\n", 3, TODAY),
        (f"{PINNED}RUN pip install -U poetry-plugin-export\n", 2, LAST),
        (f"{PINNED}RUN pip install -U -r poetry.txt\n", 2, LAST),
        (f"{PINNED}{PINNED}", 2, LAST),
        ("RUN pip install poetry==1.7.0 && pip install -U poetry\n", 2, LAST),
        ("RUN pip install poetry==1.6.1\nRUN poetry self add poetry-plugin-x\n", 2, MISNAMED),
        (f"{ARG.format('1.7.0')}RUN pip install -U poetry-plugin-export\n", 3, LAST),
        (f"{ARG.format('1.7.0')}RUN pip install -U poetry\n", 4, TODAY),
        (ARG.format("1.8.5"), 3, VARIABLE),
        (ARG.format(""), 3, VARIABLE),
        (f"ENV V=1.8.5\n{ARG.format('1.7.0')}", 4, VARIABLE),
    ],
)
def test_the_line_to_blame_is_the_last_without_the_version(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment,
    above: str, line: int, hint: str,
) -> None:  # fmt: skip
    first = built(environment(installer="Poetry 1.8.5"))
    outcome = poetry_is_pinned(observe(f"FROM python:3.11\n{above}", first=first))
    assert outcome.line == line
    assert hint in outcome.hints[0]
    assert f"line {line}" in outcome.hints[0]


def test_catches_not_an_indirect_dependency_by_pip(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(by={"click": "pip"}))
    assert poetry_is_pinned(observe(first=first)).state == "passed"


def test_catches_not_an_export_by_the_right_poetry(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment(installer="pip"))
    runs = (PoetryRun("1.7.0", "export"), PoetryRun("1.8.5", "self"))
    outcome = poetry_is_pinned(observe(first=first, poetry_runs=runs))
    assert outcome.state == "passed"
    assert outcome.seen == "Poetry 1.7.0 exported what pip installed"


def test_catches_not_an_export_where_the_lock_is_not_read(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """That is for the checks of the lock: the Poetry that exported is the right one."""
    newer = environment({**LOCK, "gunicorn": "23.0.0"}, installer="pip")
    runs = (PoetryRun("1.7.0", "export"),)
    seen = observe(first=built(newer), lock_changed=built(newer), poetry_runs=runs)
    assert poetry_is_pinned(seen).state == "passed"


def test_catches_not_a_poetry_that_lets_pip_install(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    """`poetry config installer.modern-installation false`."""
    first = built(environment(installer="pip"))
    runs = (PoetryRun("1.7.0", "config"), PoetryRun("1.7.0", "install"))
    outcome = poetry_is_pinned(observe(first=first, poetry_runs=runs))
    assert outcome.state == "passed"
    assert outcome.seen == "Poetry 1.7.0 chose what pip installed"


def test_the_environment_that_the_app_uses_counts(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    decoy = environment(path="/decoy/site-packages", installer="Poetry 1.8.5")
    assert poetry_is_pinned(observe(first=built(decoy, environment()))).state == "passed"
    first = built(decoy, environment(installer="Poetry 2.1.0"))
    assert "Poetry 2.1.0" in poetry_is_pinned(observe(first=first)).seen


def test_every_environment_counts_where_the_app_does_not_run(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    other = environment(path="/other/site-packages", installer="Poetry 1.8.5")
    first = built(environment(), other)
    outcome = poetry_is_pinned(observe(first=first, answer=None))
    assert outcome.state == "failed"
    assert outcome.seen == (
        "Poetry 1.8.5 installed the dependencies in /other/site-packages, not Poetry 1.7.0"
    )


@pytest.mark.parametrize(
    "run",
    [
        "poetry " + "-," * 500 + " install",
        ("poetry install " * 2_000 + "\\\n") * 10 + "x",
        ("install poetry==$V;" * 2_000 + "\\\n") * 20 + "x",
        ("poetry -poetry " * 3_000 + "\\\n") * 20 + "x",
        ("poetry" * 8_000 + " install poetry \\\n") * 20 + "x",
    ],
)
def test_a_hostile_line_is_soon_looked_through(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment, run: str
) -> None:
    began = time.monotonic()
    first = built(environment(installer="Poetry 1.8.5"))
    assert poetry_is_pinned(observe(f"FROM a\nRUN {run}\n", first=first)).state == "failed"
    assert poetry_is_pinned(observe(f"FROM a\nRUN {run}\n", first=built())).state == "failed"
    assert time.monotonic() - began < 10
