"""Every lesson's quiz: one right answer to each question, an explanation with each, no script."""

import re
from xml.etree import ElementTree

import nbformat
import pytest

from autograder.errors import BadInput
from autograder.exercises import EXERCISES
from autograder.lessons.message import LessonStopped
from autograder.lessons.quiz import quiz, read_quiz
from autograder.places import project


@pytest.fixture(params=EXERCISES)
def slug(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_question_has_one_right_answer_and_explains_all(slug: str) -> None:
    questions = read_quiz(slug).questions
    assert len(questions) >= 4
    for question in questions:
        assert sum(choice.right for choice in question.choices) == 1
        assert len(question.choices) >= 3
        assert all(choice.why.endswith((".", "?")) for choice in question.choices)


def test_the_right_answer_has_no_habitual_place(slug: str) -> None:
    places = re.findall(r"[a-f]", read_quiz(slug).key)
    assert len({*places}) > 1


def test_it_is_made_of_details_that_open_without_a_script(slug: str) -> None:
    asked = read_quiz(slug)
    html = asked._repr_html_()
    assert not re.search(r"<script|<style|\son\w+=|href|url\(|https?://", html)
    root = ElementTree.fromstring(html)
    openings = list(root.iter("details"))
    assert len(openings) == sum(len(question.choices) for question in asked.questions)
    assert not any(opening.get("open") for opening in openings)
    verdicts = [opening.findtext("p/strong") for opening in openings]
    assert verdicts.count("Right.") == len(asked.questions)
    assert set(verdicts) == {"Right.", "No."}


def test_the_text_form_holds_the_questions_and_the_key(slug: str) -> None:
    asked = read_quiz(slug)
    assert all(question.ask in repr(asked) for question in asked.questions)
    assert repr(asked).endswith(f"The right answers: {asked.key}")


def test_the_lesson_asks_it_and_the_instructors_page_has_its_key(slug: str) -> None:
    lesson = nbformat.read(project() / "notebooks" / f"{slug}.ipynb", as_version=4)
    assert f'quiz("{slug}")' in [cell.source for cell in lesson.cells]
    page = (project() / "docs" / "instructors" / f"{slug}.md").read_text()
    assert f"Answers to the quiz: {read_quiz(slug).key}." in page


def test_an_unknown_quiz_is_told_in_one_line() -> None:
    with pytest.raises(BadInput, match="there is no quiz 'step-9'; there is: step-1-naive, "):
        read_quiz("step-9")
    with pytest.raises(LessonStopped, match="there is no quiz"):
        quiz("step-9")
