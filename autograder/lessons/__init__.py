"""What the cells of a lesson call: a workshop to build in, and pictures of what was built."""

from autograder.lessons.build import Build, side_by_side
from autograder.lessons.travel import time_travel
from autograder.lessons.workshop import Workshop, workshop

__all__ = ["Build", "Workshop", "side_by_side", "time_travel", "workshop"]
