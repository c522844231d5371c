"""A lesson's questions to oneself: each answer opens, and says why it is right or not.

Made of <details>: it needs no script, so it works without a kernel, in a reopened notebook and on a
web page, and its questions and choices can be read on paper. What jupyterquiz 2.9 shows is drawn by
a script under a random id: on paper, and where no script runs, it is an empty box.
"""

import re
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

from autograder.errors import BadInput
from autograder.lessons.message import in_one_line
from autograder.pictures.picture import GREEN, ORANGE, framed

FOLDER = Path(__file__).with_name("quizzes")


@dataclass(frozen=True)
class Choice:
    """One answer to choose: its text, whether it is right, and why."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    """What is asked, and the answers to choose from; exactly one is right."""

    ask: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Quiz:
    """The questions of one lesson: as the last line of a cell it shows them, answers closed."""

    questions: tuple[Question, ...]

    @property
    def key(self) -> str:
        """The right answers, such as `1 b, 2 a`."""
        return ", ".join(
            f"{number} {letter}"
            for number, question in enumerate(self.questions, 1)
            for letter, choice in _lettered(question)
            if choice.right
        )

    def _repr_html_(self) -> str:
        return framed(
            "<p>Choose an answer, then click on it: it opens, and says why it is right or not.</p>"
            + "".join(_asked(n, question) for n, question in enumerate(self.questions, 1))
        )

    def __repr__(self) -> str:
        lines = []
        for number, question in enumerate(self.questions, 1):
            lines.append(f"{number}. {question.ask}")
            lines += [f"   {letter}) {choice.text}" for letter, choice in _lettered(question)]
        return "\n".join([*lines, f"The right answers: {self.key}"])


def quiz(slug: str) -> Quiz:
    """The quiz of a step."""
    with in_one_line():
        return read_quiz(slug)


def read_quiz(slug: str) -> Quiz:
    """The quiz as it is written in quizzes/. Raises BadInput when there is none of that name."""
    path = FOLDER / f"{slug}.toml"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in FOLDER.glob("*.toml")))
        raise BadInput(f"there is no quiz {slug!r}; there is: {there}")
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    return Quiz(
        tuple(
            Question(row["ask"], tuple(Choice(**choice) for choice in row["choice"]))
            for row in rows
        )
    )


def _lettered(question: Question) -> list[tuple[str, Choice]]:
    return list(zip("abcdef", question.choices, strict=False))


def _asked(number: int, question: Question) -> str:
    choices = "".join(_opening(letter, choice) for letter, choice in _lettered(question))
    return (
        '<div style="break-inside: avoid; margin: 0 0 14px">'
        f'<p style="font-weight: 600; margin: 0 0 4px">{number}. {_marked_up(question.ask)}</p>'
        f"{choices}</div>"
    )


def _opening(letter: str, choice: Choice) -> str:
    verdict, colour = ("Right.", GREEN) if choice.right else ("No.", ORANGE)
    style = f"margin: 2px 0 6px 18px; padding: 0 0 0 10px; border-left: 3px solid {colour}"
    return (
        f'<details style="margin: 2px 0 2px 14px"><summary style="cursor: pointer">{letter}) '
        f"{_marked_up(choice.text)}</summary>"
        f'<p style="{style}"><strong>{verdict}</strong> {_marked_up(choice.why)}</p></details>'
    )


def _marked_up(text: str) -> str:
    """What stands in backticks as code, and everything as text."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
