"""What can be demanded of an image: each check is a pure function from facts to an Outcome."""

from autograder.checks.app_answers import app_answers
from autograder.checks.base_image import base_image_is_pinned
from autograder.checks.dependency_layer import dependency_layer_is_split
from autograder.checks.installed import dependencies_are_installed
from autograder.checks.lock_change import lock_change_reinstalls
from autograder.checks.locked import dependencies_are_locked
from autograder.checks.poetry import poetry_is_pinned
from autograder.checks.poetry_installs import poetry_installs_dependencies

__all__ = [
    "app_answers",
    "base_image_is_pinned",
    "dependencies_are_installed",
    "dependencies_are_locked",
    "dependency_layer_is_split",
    "lock_change_reinstalls",
    "poetry_installs_dependencies",
    "poetry_is_pinned",
]
