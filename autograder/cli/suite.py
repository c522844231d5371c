"""What `./course test` runs: a table of stages, in order."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """One row of the summary.

    Stages of the same `wave` run side by side; a wave starts when the one before it has ended.
    """

    name: str
    wave: int
    minutes: int
    """When it is given up, with everything it started."""
    command: tuple[str, ...]
    """A program of .venv/bin and its arguments; `pytest` writes a JUnit file as well."""
    engine: bool = False
    """Whether it needs the engine, the base images and the package index to be there."""
    root: bool = False
    """Whether it makes engines of its own, which takes root on Linux."""

    def line(self, artefacts: Path) -> list[str]:
        """The whole command, run by this very environment."""
        program, *arguments = self.command
        if program == "pytest":
            arguments += ["-q", f"--junitxml={artefacts / self.name}.xml"]
            arguments += ["-o", f"junit_suite_name={self.name}"]
        return [str(Path(sys.executable).parent / program), *arguments]


def marked(mark: str, *where: str) -> tuple[str, ...]:
    """A pytest call for the tests that carry one mark, everywhere or in some places."""
    return ("pytest", "-m", mark, *where)


UNIT = "not engine and not engine_matrix and not browser and not roundtrip and not speed"
FIXTURES_TOO = ("-o", "timeout_func_only=false")  # elsewhere a fixture may grade a whole class
CONTEXTS = "tests/test_contexts.py"
HOGS = "tests/cli/test_check_of_hogs.py"
BY_FILE = ("-n", "2", "--dist", "loadfile")
BY_ENGINE = ("-n", "2", "--dist", "loadgroup")
# A build waits for disks, timers and an app's start as well: two processors are busy with three.
THREE_AT_ONCE = ("-n", "3", "--dist", "worksteal")
TWO_AT_ONCE = ("-n", "2", "--dist", "worksteal")  # what must end in seconds, beside two stages
SANITIZE = "--nbval-sanitize-with=tests/nbval/sanitize.cfg"

# On one engine, tests that restart the index, cancel builds or build without the cache may disturb
# whatever else builds there; what measures time stands alone.
STAGES = (
    Stage("lint", 1, 2, ("ruff", "check", ".")),
    Stage("format", 1, 2, ("ruff", "format", "--check", ".")),
    Stage("types", 1, 5, ("mypy",)),
    Stage("imports", 1, 2, ("lint-imports", "--no-cache")),
    Stage("unit", 1, 10, ("pytest", "-m", UNIT, *BY_FILE, *FIXTURES_TOO)),
    Stage("contexts", 2, 40, (*marked("engine"), *THREE_AT_ONCE, CONTEXTS), engine=True),
    Stage(
        "other-engines",
        3,
        25,
        (*marked("engine_matrix", CONTEXTS), *BY_ENGINE),
        engine=True,
        root=True,
    ),
    Stage(
        "engine",
        3,
        20,
        (*marked("engine"), f"--ignore={CONTEXTS}", f"--ignore={HOGS}"),
        engine=True,
    ),
    Stage("hogs", 3, 20, (*marked("engine"), *TWO_AT_ONCE, HOGS), engine=True),
    Stage("own-engine", 4, 10, marked("engine_matrix", "tests/engine"), engine=True, root=True),
    Stage("lessons", 4, 15, ("pytest", "--nbval", SANITIZE, "notebooks"), engine=True),
    Stage("nbgrader", 5, 20, marked("roundtrip", "tests/nbgrader"), engine=True, root=True),
    Stage(
        "classroom",
        5,
        40,
        marked("roundtrip", "tests/classroom", "tests/bench"),
        engine=True,
        root=True,
    ),
    Stage("attacks", 5, 20, marked("engine_matrix", "tests/classroom"), engine=True, root=True),
    Stage("verify", 5, 10, ("autograder", "verify"), engine=True),
    # Alone: a browser gives up what it loads when an interface of the machine comes or goes.
    Stage("browser", 6, 25, marked("browser"), engine=True),
    Stage("speed", 7, 15, marked("speed"), engine=True, root=True),
)


def wanted(*, full: bool) -> list[Stage]:
    """The stages to run; `full` gives each the time to run everything, not a sample."""
    return [replace(stage, minutes=stage.minutes * 12) for stage in STAGES] if full else [*STAGES]
