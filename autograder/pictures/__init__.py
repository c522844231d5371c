"""Pictures for notebooks and feedback pages: pure functions from facts to inline SVG or a table.

Every picture has no script and no outside part, takes its ink from the page it stands on, so that
it suits a light theme, a dark one and paper, says in words what its colours say, and has a text
form without sizes and times for where pictures cannot be shown.
"""

from autograder.pictures.compared import Stack, compared
from autograder.pictures.layers import layers
from autograder.pictures.picture import Picture
from autograder.pictures.progress import build_ended, build_progress
from autograder.pictures.timeline import side_by_side, timeline
from autograder.pictures.travel import Installed, time_travel

__all__ = [
    "Installed",
    "Picture",
    "Stack",
    "build_ended",
    "build_progress",
    "compared",
    "layers",
    "side_by_side",
    "time_travel",
    "timeline",
]
