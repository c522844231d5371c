"""Where nothing that the app needs is installed: what helps, by the install step."""

from collections.abc import Callable

import pytest

from autograder.checks.missing import installs_dependencies, missing_dependencies
from autograder.facts.dockerfile import parse
from autograder.facts.lock import Lock
from autograder.facts.observation import Asked, Built, Observation

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
PINS = Lock({"fastapi": "0.104.1", "gunicorn": "21.2.0"}, "requirements.txt")
STEP_1 = Asked("app", "app", ("fastapi", "gunicorn"), PINS, PINS)
PIP = "RUN pip install -r requirements.txt"
MOUNT = "RUN --mount=type=cache,target={} "
NONE, START = "which step should install", "move the install to a RUN step"
UNHEARD, CACHED = "let the build stop where the install fails", "see that what the install step"
LOST, ELSEWHERE = "see what is left", "bring what the earlier stage installed"


@pytest.mark.parametrize(
    ("rows", "next_", "line"),
    [
        ("RUN pip list", NONE, None),
        ('CMD ["pip", "install", "-r", "requirements.txt"]\nCMD ["gunicorn", "x"]', START, 2),
        ("CMD pip install -r requirements.txt && gunicorn x", START, 2),
        (PIP, LOST, None),
        (f"{PIP} &", UNHEARD, 2),
        ("RUN x\nRUN pip install -r requirement.txt || true", UNHEARD, 3),
        ("RUN pip install -r requirement.txt; exit 0", UNHEARD, 2),
        ("RUN poetry install --with prod || echo no", UNHEARD, 2),
        ("RUN apt-get update || true; pip install -r x.txt", LOST, None),
        ("RUN cd x && pip install -r x.txt && true", LOST, None),
        (MOUNT.format("/cache") + "poetry install", CACHED, 2),
        (MOUNT.format("/root/.cache/pypoetry") + "poetry install", CACHED, 2),
        (MOUNT.format("/root/.cache/pypoetry/cache") + "poetry install", LOST, None),
        (MOUNT.format("/root/.cache/pip") + "pip install -r x.txt", LOST, None),
        (f"{PIP}\nFROM python:3.11\nCOPY --from=0 /x /y", ELSEWHERE, None),
    ],
)
def test_what_helps_follows_the_install_step(
    observe: Observe, built: MakeBuilt, rows: str, next_: str, line: int | None
) -> None:
    seen = observe(f"FROM python:3.11\n{rows}\n", asked=STEP_1, first=built())
    outcome = missing_dependencies(seen)
    assert outcome.try_next.startswith(next_)
    assert outcome.line == line


@pytest.mark.parametrize(
    ("row", "installs"),
    [
        ('RUN ["pip", "install", "-r", "requirements.txt"]', True),
        ("RUN pip install --requirement=requirements.txt", True),
        ("RUN uv pip install --system -rrequirements.txt", True),
        ('CMD ["poetry", "install"]', True),
        ("RUN pip install poetry==1.7.0", False),
        ("RUN pip install --no-cache-dir --retries 3 gunicorn", False),
        ("COPY requirements.txt .", False),
    ],
)
def test_an_install_is_known_by_its_words(row: str, installs: bool) -> None:
    assert installs_dependencies(parse(f"FROM a\n{row}\n").instructions[1]) is installs
