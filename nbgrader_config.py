"""nbgrader's settings for the course; every nbgrader command run in this folder reads them."""

import os
import sysconfig
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)

from autograder.classroom.converter import take_the_safe_road
from autograder.classroom.feedback_converter import write_safe_pages
from autograder.exercises import EXERCISES
from autograder.limits import LIMITS
from autograder.nbgrader_executor import StopWhenNotJudged, leave_out_leftovers, leftovers
from autograder.validation import tell_learners_first

c = get_config()  # noqa: F821 - traitlets gives this name to a configuration file
ROOT = Path(__file__).resolve().parent  # of this copy of the course, wherever the package stands

# nbgrader calls `alembic` by name when it makes a gradebook; without an activated environment the
# name is not known, and generate_assignment then removes what it was to replace.
os.environ["PATH"] = os.pathsep.join(
    (sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath))
)

c.CourseDirectory.course_id = "container-course"
c.CourseDirectory.root = str(ROOT)
# The gradebook and the exchange stand in the project, so that one machine needs nothing else.
# A class with a shared disk names another folder: nbgrader … --Exchange.root=/srv/nbgrader/exchange
c.CourseDirectory.db_url = f"sqlite:///{ROOT / 'gradebook.db'}"
c.Exchange.root = str(ROOT / ".exchange")

# Kept out of every copy that nbgrader makes: out of release/, hand-ins and autograded/.
c.CourseDirectory.ignore = [
    *(".ipynb_checkpoints", "__pycache__", "*.pyc", ".venv", ".git", "feedback"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"),
    *(name for exercise in EXERCISES.values() for name in exercise.kept_back),
]
# A Dockerfile belongs into a hand-in, so it cannot be in that list. What a run of the notebook in
# source/ left there must reach neither release/ nor, in place of the learner's own, a hand-in.
c.GenerateAssignment.post_convert_hook = leave_out_leftovers(ROOT)
c.Autograde.exclude_overwriting = {
    slug: [*leftovers(ROOT, slug), "Dockerfile", ".dockerignore"] for slug in EXERCISES
}

# The stub is a comment to Docker as well: a Dockerfile that holds nothing else is an empty one.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}

# Nothing that a learner wrote is run: `nbgrader autograde` and formgrader's button take the
# submission as data, and run the course's own locked cells against a grading engine.
take_the_safe_road()
# nbgrader's own feedback loads scripts from the network, and shows a learner's output as HTML.
write_safe_pages()

# Validate names what failed, the build first.
tell_learners_first()

# For Validate, which runs the learner's notebook on the learner's machine. The build cell's own
# limits end with a verdict, this one with an error that says nothing.
c.Execute.timeout = LIMITS.cell_seconds
# A kernel removes its images when it ends; on a busy machine that takes more than the usual 5 s.
c.KernelManager.shutdown_wait_time = 60.0
# Graded cells hold the course's own code only: a warning in there is no fault of the learner's, but
# nbgrader gives no points to a cell that writes to stderr.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"\w*Warning: |IPKernelApp|frozen modules"

# nbgrader's own list without the one that runs cells and the one that proves the metadata of the
# notebook, which is the course's own; and one more: a check without a verdict must not become a
# recorded zero.
c.Autograde.autograde_preprocessors = [
    StopWhenNotJudged,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
]
