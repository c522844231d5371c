"""The graded notebook: the released one, the learner's Dockerfile, the outputs of our own cells."""

import json

import nbformat
import pytest

from autograder import places
from autograder.classroom.converter import graded
from autograder.errors import BadInput
from autograder.hand_in import HandIn

SLUG = "step-3-pin-and-split"
SAID = {"app-answers": [{"output_type": "stream", "name": "stdout", "text": "passed: yes\n"}]}


@pytest.fixture
def released() -> nbformat.NotebookNode:
    return nbformat.read(places.project() / "release" / SLUG / f"{SLUG}.ipynb", as_version=4)


def test_outputs_that_were_kept_on_disk_are_a_notebooks(released: nbformat.NotebookNode) -> None:
    notebook = graded(released, HandIn({"Dockerfile": b"FROM a\n"}), json.loads(json.dumps(SAID)))
    cells = {cell.id: cell for cell in notebook.cells}
    assert cells["app-answers"].outputs[0].output_type == "stream"
    assert cells["dockerfile"].source == "%%dockerfile\nFROM a"
    assert all(not c.outputs for c in notebook.cells if c.id != "app-answers" and "outputs" in c)
    nbformat.validate(notebook)


def test_an_empty_answer_stays_as_it_was_released(released: nbformat.NotebookNode) -> None:
    cells = {cell.id: cell for cell in graded(released, BadInput("none"), {}).cells}
    assert cells["dockerfile"].source == "%%dockerfile\n# YOUR CODE HERE"
