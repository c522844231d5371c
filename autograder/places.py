"""Where the course keeps what it makes, and where its own files stand."""

import os
from pathlib import Path

from platformdirs import user_data_dir


def home() -> Path:
    """The course's data folder: `$COURSE_HOME`, or the platform's place for user data."""
    return Path(os.environ.get("COURSE_HOME") or user_data_dir("container-course"))


def project() -> Path:
    """The folder that holds notebooks/, source/, release/ and this package."""
    return Path(__file__).resolve().parent.parent
