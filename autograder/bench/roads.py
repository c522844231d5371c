"""The three ways to grade a synthetic class, each on a grading engine that is fresh."""

import os
import sys
from time import monotonic

from autograder.bench.measured import Measured, measured
from autograder.bench.synthetic import SyntheticClass
from autograder.engine.rootfs import Say
from autograder.evidence.observe import Observer
from autograder.facts.observation import Evidence
from autograder.grading import material
from autograder.hand_in import HandIn
from autograder.ready import Ready, grading_ready

PLAIN = """
# Appended by `./course bench`: nbgrader's own converter and its own list of steps again.
from nbgrader.apps import autogradeapp
from nbgrader.converters import Autograde

autogradeapp.Autograde = Autograde
del c.Autograde.autograde_preprocessors
"""


def plain(made: SyntheticClass, say: Say) -> Measured:
    """`nbgrader autograde` as nbgrader ships it: each learner's notebook run in a kernel.

    It runs what was handed in, so it is for a class that nobody is in.
    """
    with (made.root / "nbgrader_config.py").open("a") as config:
        config.write(PLAIN)
    with grading_ready(say) as ready:
        command = [sys.executable, "-P", "-m", "nbgrader", "autograde", made.exercise.slug]
        return measured(command, made.root, {**os.environ, **ready.environment})


def course(made: SyntheticClass, *options: str) -> Measured:
    """`./course grade`, from its start to its end, engines included."""
    command = [sys.executable, "-P", "-m", "autograder.cli", "grade", made.exercise.slug]
    command += ["--json", "--course", str(made.root), *options]
    return measured(command, made.root, os.environ)


def bare(made: SyntheticClass, say: Say) -> float:
    """Seconds of the builds that the checks need, for one distinct hand-in after another."""
    seconds = 0.0
    with grading_ready(say) as ready:
        for which in range(made.distinct):
            seconds += _builds(made, which, ready.for_another(say))
    return seconds


def _builds(made: SyntheticClass, which: int, ready: Ready) -> float:
    files = {"Dockerfile": made.dockerfile(which).encode()}
    observer = Observer(ready.offer(), material(made.exercise, HandIn(files)))
    with observer.images():
        began = monotonic()
        first = observer.build("first", observer.material.files)
        if first.succeeded:
            observer.build("source", observer.material.with_source_changed("0"))
            if Evidence.LOCK_CHANGED in observer.material.needs:
                observer.build("lock", observer.material.with_second_lock())
        return monotonic() - began
