"""Runs inside a build as `sitecustomize`: each run of Poetry notes its version and command.

Standard library only, and nothing of the course. It must never disturb what runs.
"""

import atexit
import os
import sys

LOG = "/course-note/poetry"


def note() -> None:
    """Add one line for this process, if it is Poetry's."""
    try:
        program = os.path.basename(sys.argv[0])
        if program == "__main__.py":
            program = os.path.basename(os.path.dirname(sys.argv[0]))
        if not program.startswith("poetry"):  # pipx may give it a suffix
            return
        from importlib.metadata import version

        words, ahead = [], iter(sys.argv[1:])
        for word in ahead:
            if word in ("-C", "-P", "--directory", "--project"):
                next(ahead, "")
            elif not word.startswith("-"):
                words.append(word)
        with open(LOG, "a", encoding="utf-8") as file:
            file.write(f"{version('poetry')} {' '.join(words[:1])}\n")
    except Exception:  # noqa: BLE001, S110 - a build goes on whatever happens to the note
        pass


atexit.register(note)
