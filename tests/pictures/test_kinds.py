"""What an instruction is for, by its words."""

import time

import pytest

from autograder.facts.dockerfile import parse
from autograder.pictures.kinds import kinds_of


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("RUN poetry install", "dependencies"),
        ("RUN /opt/bin/poetry -n install --no-root", "dependencies"),
        ('RUN ["poetry", "sync"]', "dependencies"),
        ("RUN <<EOF\npoetry install\nEOF", "dependencies"),
        ("RUN poetry install --only-root", "your source"),
        ("RUN pip install -r requirements.txt", "dependencies"),
        ("RUN uv pip sync requirements.txt", "dependencies"),
        ("RUN pip install --no-deps .", "your source"),
        ("RUN pip install poetry==1.7.0", "tools"),
        ("RUN poetry installer", "tools"),
        ("RUN install poetry", "tools"),
        ("RUN apt-get install -y curl", "tools"),
        ("COPY poetry.lock a/pyproject.toml* ./", "dependencies"),
        ("COPY dev-requirements.in.txt ./", "dependencies"),
        ("COPY poetry.lock app ./", "your source"),
        ("COPY --from=a /app/.venv /app/.venv", "dependencies"),
        ("COPY . .", "your source"),
        ("CMD poetry install", "settings"),
    ],
)
def test_the_kind_of_an_instruction(row: str, kind: str) -> None:
    assert kinds_of(parse(f"FROM a\n{row}\n").instructions[1:]) == [kind]


def test_a_second_install_is_of_the_source() -> None:
    text = (
        "FROM a\nRUN poetry install --no-root\nRUN poetry install --no-root\nRUN poetry install\n"
    )
    kinds = kinds_of(parse(text).instructions[1:])
    assert kinds == ["dependencies", "dependencies", "your source"]


@pytest.mark.parametrize("word", ["poetry ", "poetry -", "pip ", "pip install -", "poetry -pip "])
def test_hostile_lines_are_soon_looked_through(word: str) -> None:
    line = f"RUN {word * (14_000 // len(word))}\n"
    instructions = parse("FROM a\n" + line * 5 + "RUN poetry x\n" * 2_000).instructions
    began = time.monotonic()
    kinds_of(instructions)
    assert time.monotonic() - began < 2
