"""Why an app is silent, and what helps: for hints, never for a verdict."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from autograder.checks import silent_help, start_help
from autograder.checks.missing import installs_dependencies, missing_dependencies
from autograder.checks.start import (
    at_odds,
    doubled,
    is_broken_list,
    line_of_start,
    rows_of,
    starts_of,
    ungiven,
)
from autograder.checks.step_help import Help
from autograder.facts.answer import AppAnswer
from autograder.facts.dockerfile import Instruction, exec_form
from autograder.facts.image import Environment
from autograder.facts.observation import Observation

# How the engine, a shell, Poetry and Python say what they do not find.
_MISSING = re.compile(r"not found|no such file|No module named", re.I)
_PROGRAMS = (
    re.compile(r'exec: "([^"]*)": executable file not found'),
    re.compile(r"executable file `([^`]*)` not found"),
    re.compile(r"Command not found: (.+)"),  # Poetry's own words
    re.compile(r"(?:sh|: \d+|line \d+): (?:exec: )?(\S+): (?:command )?not found"),
    re.compile(r"env: \W?([^\s:]+?)\W?: No such file"),
)
_USER = re.compile(r"unable to find (?:user|group) ([^:]+)")
_DENIED = re.compile(r'(?:exec: "|: \d+: |stat )([^\s":]+)"?: permission denied', re.I)
# Python's words, of a program and of any other file; and the engine's, of WORKDIR.
_UNREACHED = (
    re.compile(r"can't open file '([^']+)': \[Errno 13\]"),
    re.compile(r"PermissionError: \[Errno 13\] Permission denied: '([^']+)'"),
    re.compile(r'chdir to cwd \("([^"]+)"\).*permission denied'),
)
_STAT = re.compile(r"stat (\S+): no such file")
_NO_INTERPRETER = re.compile(r"exec (\S+|user process caused): no such file", re.I)
_UNOPENED = re.compile(r"can(?:'t|not) open (?:file )?'?([^\s':]+)'?:")
_ATTRIBUTE = re.compile(
    r"Failed to find (?:attribute|application)|\bAttribute \"|must be in format"
)
_MODULE = re.compile(r"No module named '?([\w-]+)|Could not import module \"([\w-]+)")
_PART = re.compile(r"No module named '?[\w-]+(.)")  # a dot: one module in another, which is there
_SHELL_GIVEN = re.compile(r"/bin/sh(?!: \d+:)")  # not as the one who speaks
_BIND = re.compile(r"""(?<![^\s"',=])(?:-b|--bind|--host|--port)\b""")
_WORKER = re.compile(r"""(?<![^\s"',=])(?:-k|--worker-class)\b""")
# How gunicorn, uvicorn and hypercorn say that a value is empty, or not there.
_EMPTY = re.compile(r": ?'' is not a valid|requires an argument|expected (?:one|1) argument", re.I)
_WITH = re.compile(r"--with\b")
# Poetry makes an environment at the start: it does not find the one that the image has.
_NEW = re.compile(r"^Creating virtualenv |: the destination \S+ is not write-able", re.M)
_TOOLS = ("poetry", "python", "python3")  # what may stand before the server
# The packages of the app that bring a program: fastapi has one of its name from 0.111 on.
_SERVERS = frozenset({"gunicorn", "uvicorn"})

Found = tuple[Help, int | None]


@dataclass(frozen=True)
class _Silent:
    """What was seen of a silent app, and the lines that say what its container starts."""

    seen: Observation
    answer: AppAnswer

    @property
    def said(self) -> str:
        """What the engine and the container said."""
        return f"{self.answer.problem}\n{self.answer.logs}"

    @property
    def starts(self) -> tuple[Instruction, ...]:
        """The ENTRYPOINT and the CMD that count, those of them that there are."""
        return starts_of(self.seen.dockerfile)

    @property
    def program(self) -> str:
        """The program that the message does not find, or ``."""
        found = (match for pattern in _PROGRAMS for match in pattern.finditer(self.said))
        return next((match[1].rstrip("\r") for match in found), "")

    def holders(self, name: str) -> list[Environment]:
        """The environments that hold a package."""
        image = self.seen.first.image
        there = image.environments if image else ()
        return [e for e in there if _canonical(name) in e.distributions]

    def holder(self, name: str) -> str | None:
        """The folder of an environment that holds a package, or None."""
        return next((e.path for e in self.holders(name)), None)

    def is_as_locked(self, name: str) -> bool:
        """Whether a package of the lock is installed, and in no other version than it says."""
        name = _canonical(name)
        versions = {e.distributions[name].version for e in self.holders(name)}
        return versions == {self.seen.asked.lock.versions.get(name)}

    def found(self, helped: Help, line: int | None = None, name: str = "", path: str = "") -> Found:
        """What helps, its gaps filled in."""
        asked = self.seen.asked
        filled = {"app": asked.app, "package": asked.package, "port": asked.port}
        filled |= {"name": _short(name), "path": path, "list": asked.lock.file, "line": line}
        hints = tuple(hint.format(**filled) for hint in helped.hints)
        return Help(helped.try_next.format(**filled), hints), line

    def at_start(self, helped: Help, name: str = "", path: str = "") -> Found:
        """What helps, with the line that says what the container starts: the one with the name."""
        named = [row.line for row in self.starts if name and name in row.value]
        line = named[-1] if named else line_of_start(self.seen.dockerfile)
        return self.found(helped, line, name, path)

    def line_of_option(self, option: re.Pattern[str]) -> int | None:
        """The line that gives the server such an option, or None."""
        given = (row for row in rows_of(self.seen.dockerfile) if "GUNICORN_CMD_ARGS" in row.value)
        rows = (*self.starts, *(row for row in given if row.keyword == "ENV"))
        return next((row.line for row in rows if option.search(row.value)), None)


def why_silent(seen: Observation, answer: AppAnswer) -> Found:
    """What helps with an app that did not answer 200, and the line that is to blame, or None."""
    case = _Silent(seen, answer)
    return next(found for why in _WHY if (found := why(case)))


def _short(name: str) -> str:
    flat = " ".join(name.split())
    return flat if len(flat) <= 80 else flat[:77] + "…"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _how_it_is_written(case: _Silent) -> Found | None:
    """A start that is missing, or is written in another way than it is read."""
    if case.answer.status is not None:
        return None
    if not case.starts:
        return case.found(start_help.NO_START)
    for row in case.starts:
        if is_broken_list(row.value):
            return case.found(start_help.NO_LIST, row.line)
    if any(blank.isspace() for blank in case.program):
        return case.at_start(start_help.ONE_STRING, case.program)
    given_up = at_odds(case.starts)
    if given_up and ("Not enough arguments" in case.said or _SHELL_GIVEN.search(case.said)):
        return case.found(*given_up)
    return None


def _not_installed(case: _Silent) -> Found | None:
    """A dependency that the container misses, and that no environment of the image has."""
    asked = case.seen.asked
    lacking = [name for name in asked.direct if not case.holder(name)]
    said = " ".join(row for row in case.said.splitlines() if _MISSING.search(row))
    missed = [name for name in lacking if re.search(rf"\b{name}\b", said)]
    if not missed:
        return None
    if len(lacking) == len(asked.direct):
        whole = missing_dependencies(case.seen)
        return Help(whole.try_next, whole.hints), whole.line
    if not asked.by_poetry:
        return case.found(silent_help.LEFT_OUT_BY_PIP, name=missed[0])
    for stage in case.seen.dockerfile.needed_stages():
        for row in stage.instructions:
            if "--only" in row.value and _WITH.search(row.value) and installs_dependencies(row):
                return case.found(silent_help.ONLY, row.line, missed[0])
    return case.found(silent_help.LEFT_OUT, name=missed[0])


def _answers_badly(case: _Silent) -> Found | None:
    if case.answer.status is None:
        return None
    if "missing 1 required positional argument: 'send'" in case.said:
        line = case.line_of_option(_WORKER)
        return case.found(silent_help.WORKER_CHOSEN if line else silent_help.WRONG_WORKER, line)
    return case.found(silent_help.ERROR)


def _not_allowed(case: _Silent) -> Found | None:
    """A user that is not there, or a file that may not be run."""
    lines = [row.line for row in rows_of(case.seen.dockerfile) if row.keyword == "USER"]
    if user := _USER.search(case.answer.problem):
        return case.found(start_help.NO_USER, lines[-1] if lines else None, user[1].strip())
    if denied := _DENIED.search(case.said):
        return case.at_start(start_help.MAY_NOT_RUN, denied[1])
    if not lines or _NEW.search(case.answer.logs):
        return None
    found = (match for pattern in _UNREACHED if (match := pattern.search(case.said)))
    path = next((match[1] for match in found), None)
    return case.found(start_help.MAY_NOT_REACH, lines[-1], path) if path else None


def _two_programs(case: _Silent) -> Found | None:
    """A program in ENTRYPOINT that was found, and that took CMD's program for its argument."""
    runs = doubled(case.starts, case.seen.asked.direct)
    if not runs or case.program or not case.answer.problem.startswith("the container ended"):
        return None
    return case.at_start(start_help.DOUBLED, runs)


def _no_module(case: _Silent) -> Found | None:
    """A module that Python does not find, or a name that the module has not."""
    if _ATTRIBUTE.search(case.answer.logs):
        return case.at_start(silent_help.NO_ATTRIBUTE)
    modules = _MODULE.findall(case.answer.logs)
    if not modules:
        return None
    name = _canonical("".join(modules[-1]))
    if name not in case.seen.asked.lock.versions:
        app = re.compile(rf"(?<![\w.-]){re.escape(case.seen.asked.app)}")
        told = any(app.search(row.value) for row in case.starts)
        if not told and name != _canonical(case.seen.asked.package):
            return case.at_start(silent_help.NO_ATTRIBUTE)
        line = None if told else line_of_start(case.seen.dockerfile)
        return case.found(silent_help.NO_MODULE, line)
    path = case.holder(name)
    if path is None:
        return case.found(silent_help.IN_TURN, name=name)
    if _PART.findall(case.answer.logs)[-1:] == ["."] and not case.is_as_locked(name):
        return case.found(silent_help.OTHER_VERSION, name=name, path=path)
    return case.found(silent_help.HELD_ELSEWHERE, name=name, path=path)


def _no_command_of_poetry(case: _Silent) -> Found | None:
    """What Poetry says of a word that is no command of its own, and no program it knows."""
    if "The requested command" in case.said:
        return case.at_start(start_help.RUN_FORGOTTEN)
    if "Not enough arguments" in case.said:
        return case.at_start(start_help.LEFT_OUT_PROGRAM, "which word follows run")
    name = case.program
    if f"Command not found: {name}" not in case.said or "/" in name or _names_the_app(case, name):
        return None
    path = case.holder(name)
    if path is None:
        return case.at_start(start_help.SPELLING, name)
    return case.found(start_help.OTHER_ENVIRONMENT, name=name, path=path)


def _another_environment(case: _Silent) -> Found | None:
    """Poetry makes an environment anew when the container starts, though the image has one."""
    held = [(name, path) for name in case.seen.asked.direct if (path := case.holder(name))]
    if not held or not _NEW.search(case.answer.logs):
        return None
    text = " ".join(row.value for row in case.starts)
    name, path = next((row for row in held if row[0] in text), held[0])
    return case.found(start_help.OTHER_ENVIRONMENT, name=name, path=path)


def _brings_no_program(case: _Silent) -> Found | None:
    """A package in a program's place: it is installed, and has no program to be found."""
    path = case.holder(case.program)
    if path is None or case.program in _SERVERS or not case.is_as_locked(case.program):
        return None
    return case.at_start(start_help.BRINGS_NO_PROGRAM, case.program, path)


def _names_the_app(case: _Silent, name: str) -> bool:
    """Whether what stands in a program's place is the app, or its file."""
    return ":" in name or name.endswith(".py") or name.startswith(f"{case.seen.asked.package}.")


def _no_file(case: _Silent) -> Found | None:
    """A path at which the container has no program, or none that can start."""
    if unread := _NO_INTERPRETER.search(case.said):
        program = unread[1]
        if "/" in program and "bin/" not in program:
            return case.at_start(start_help.SCRIPT, program)
        return case.found(start_help.MOVED)
    gone = _STAT.search(case.said) or _UNOPENED.search(case.said)
    path = gone[1] if gone else case.program
    if not gone and "/" not in path:
        return None
    by_poetry = case.seen.asked.by_poetry and "venv" in path
    climb = start_help.NOT_THERE_BY_POETRY if by_poetry else start_help.NOT_THERE
    return case.at_start(climb, path)


def _no_program(case: _Silent) -> Found | None:
    """A name that is found in no folder of PATH."""
    name, asked = case.program, case.seen.asked
    if not name:
        return None
    if _names_the_app(case, name):
        return case.at_start(start_help.LEFT_OUT_PROGRAM, name)
    if name not in (known := (*asked.direct, *_TOOLS)) and get_close_matches(name, known, 1, 0.75):
        return case.at_start(start_help.SPELLING, name)
    for row in rows_of(case.seen.dockerfile):
        if row.keyword == "ENV" and ("$(" in row.value or "`" in row.value):
            return case.found(start_help.COMMAND_IN_ENV, row.line)
    if name == "poetry":
        return case.at_start(start_help.NO_POETRY)
    by_poetry = asked.by_poetry
    return case.at_start(start_help.NO_PROGRAM_OF_POETRY if by_poetry else start_help.NO_PROGRAM)


def _ended(case: _Silent) -> Found | None:
    if not case.answer.problem.startswith("the container"):
        return None
    if apart := at_odds(case.starts):
        return case.found(*apart)
    if not case.answer.problem.startswith("the container ended"):
        return case.found(start_help.UNSTARTED)
    lists = [row for row in case.starts if "$" in row.value and exec_form(row.value)]
    if lists and "$" in case.answer.logs:
        return case.found(start_help.VARIABLE, lists[-1].line)
    if (variable := ungiven(case.seen.dockerfile)) and _EMPTY.search(case.said):
        name, line = variable
        return case.found(start_help.NO_VALUE, line, name)
    done = case.answer.problem.endswith("exit code 0")
    return case.at_start(silent_help.DONE) if done else case.found(silent_help.ENDED)


def _deaf(case: _Silent) -> Found:
    if "Uvicorn running on" in case.said:
        return case.at_start(silent_help.UVICORN)
    if line := case.line_of_option(_BIND):
        return case.found(silent_help.DEAF, line)
    unread = "Listening at: http://127.0.0.1:8000" in case.said
    return case.found(silent_help.CONF_NOT_READ if unread else silent_help.DEAF)


# Asked in this order: what stands further up would make what stands below it untrue.
_WHY = (
    _how_it_is_written,
    _not_installed,
    _answers_badly,
    _not_allowed,
    _two_programs,
    _no_module,
    _brings_no_program,
    _no_command_of_poetry,
    _no_file,
    _no_program,
    _another_environment,
    _ended,
    _deaf,
)
