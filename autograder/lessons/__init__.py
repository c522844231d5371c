"""What the cells of a lesson call: a workshop to build in, and pictures of what was built."""

from autograder.lessons.build import Build, compare, side_by_side
from autograder.lessons.quiz import Quiz, quiz
from autograder.lessons.travel import time_travel
from autograder.lessons.workshop import Workshop, workshop

__all__ = [
    "Build",
    "Quiz",
    "Workshop",
    "compare",
    "quiz",
    "side_by_side",
    "time_travel",
    "workshop",
]
