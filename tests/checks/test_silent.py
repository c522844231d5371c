"""An app that is silent: each case lands where its hints are true, and its neighbour does not."""

import re
import time
from collections.abc import Callable

import pytest

from autograder.checks import app_answers, silent_help, start_help
from autograder.checks.start import line_of_start
from autograder.checks.step_help import Help
from autograder.facts.answer import AppAnswer
from autograder.facts.dockerfile import parse
from autograder.facts.image import Environment
from autograder.facts.lock import Lock
from autograder.facts.observation import Asked, Built, Observation
from autograder.outcome import Outcome

Observe = Callable[..., Observation]
MakeBuilt = Callable[..., Built]
MakeEnvironment = Callable[..., Environment]

HEAD = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
GUNICORN = 'CMD ["gunicorn", "app.main:app"]\n'
RUN = 'CMD ["poetry", "run", "gunicorn", "app.main:app"]\n'
ENDED = "the container ended with exit code {}"
UNSTARTED = "the container could not start: "
NO_GUNICORN = UNSTARTED + 'exec: "gunicorn": executable file not found in $PATH'
NO_VENV = 'exec: "/app/.venv/bin/gunicorn": stat /app/.venv/bin/gunicorn: no such file or directory'
STAMP = "[2026-11-30 04:43:23 +0000] [1] [{}] "
BOOTED = STAMP.format("INFO") + "Listening at: http://{}:8000 (1)\n"
FAILED = (
    BOOTED.format("0.0.0.0")
    + "{}\n"
    + STAMP.format("ERROR")
    + "Worker (pid:7) exited with code 3\n"
    + STAMP.format("ERROR")
    + "Reason: Worker failed to boot.\n"
)
NO_API = "ModuleNotFoundError: No module named 'kiss'"
VERSIONS = {"click": "8.1.7", "fastapi": "0.104.1", "gunicorn": "21.2.0", "uvicorn": "0.24.0"}
PINS = Lock(VERSIONS, "requirements.txt")
STEP_1 = Asked("app", "app", ("fastapi", "gunicorn", "uvicorn"), PINS, PINS)
POETRY_SAYS = "The requested command gunicorn does not exist.\n\nDocumentation: https://a.example\n"
SEND = "TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'"
UVICORN = "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)\n"
SH = "/bin/sh: 1: {}: not found\n"
TWO_WORDS = 'exec: "gunicorn app.main:app": executable file not found in $PATH'


def lands(outcome: Outcome, helped: Help) -> bool:
    """Whether an outcome has this help, whatever fills its gaps."""

    def fits(pattern: str, text: str) -> bool:
        return bool(re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(pattern)), text))

    rows = zip((helped.try_next, *helped.hints), (outcome.try_next, *outcome.hints), strict=True)
    return all(fits(pattern, text) for pattern, text in rows)


# What the Dockerfile ends with, what the engine said, what was printed, the help, the line.
CASES = {
    "no-cmd": ("", ENDED.format(0), "", start_help.NO_START, None),
    "comma-missing": (
        'CMD ["gunicorn" "app.main:app"]\n', ENDED.format(127), SH.format("[gunicorn"),
        start_help.NO_LIST, 5,
    ),
    "smart-quotes": (
        "CMD [“gunicorn”, “app.main:app”]\n", ENDED.format(127), SH.format("[“gunicorn”,"),
        start_help.NO_LIST, 5,
    ),
    "single-quotes-and-blanks": (
        "CMD [ 'gunicorn', 'app.main:app' ]\n", ENDED.format(2),
        "/bin/sh: 1: [: gunicorn,: unexpected operator\n", start_help.NO_LIST, 5,
    ),
    "entrypoint-with-single-quotes": (
        "ENTRYPOINT ['gunicorn']\nCMD [\"app.main:app\"]\n", ENDED.format(127),
        SH.format("[gunicorn]"), start_help.NO_LIST, 5,
    ),
    "a-test-is-no-list": (
        "CMD [ -f x ] && gunicorn app.main:app\n", ENDED.format(1), "", silent_help.ENDED, None,
    ),
    "one-string": (
        'CMD ["gunicorn app.main:app"]\n', UNSTARTED + TWO_WORDS, "", start_help.ONE_STRING, 5,
    ),
    "one-string-for-poetry": (
        'CMD ["poetry", "run", "gunicorn app.main:app"]\n', ENDED.format(1),
        "Command not found: gunicorn app.main:app\n", start_help.ONE_STRING, 5,
    ),
    "entrypoint-shell": (
        f"ENTRYPOINT poetry run\n{GUNICORN}", ENDED.format(1),
        '\nNot enough arguments (missing: "args")\n', start_help.DROPPED, 5,
    ),
    "entrypoint-and-shell-cmd": (
        'ENTRYPOINT ["gunicorn"]\nCMD gunicorn app.main:app\n', ENDED.format(1),
        "\nError: 'gunicorn app.main:app' doesn't exist\n", start_help.AS_ARGUMENTS, 6,
    ),
    "poetry-and-shell-cmd": (
        'ENTRYPOINT ["poetry"]\nCMD run gunicorn app.main:app\n', ENDED.format(1),
        "The requested command /bin/sh does not exist.\n", start_help.AS_ARGUMENTS, 6,
    ),
    "both-as-lists": (
        'ENTRYPOINT ["gunicorn"]\nCMD ["-x"]\n', ENDED.format(2), "gunicorn: error: -x\n",
        silent_help.ENDED, None,
    ),
    "a-server-for-a-server": (
        'ENTRYPOINT ["gunicorn"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(4),
        FAILED.format("Failed to find attribute 'application' in 'gunicorn'."),
        start_help.DOUBLED, 6,
    ),
    "a-server-for-python": (
        'ENTRYPOINT ["/usr/bin/python", "-u"]\nCMD ["gunicorn", "app.main:app"]\n',
        ENDED.format(2),
        "python: can't open file '/app/gunicorn': [Errno 2] No such file or directory\n",
        start_help.DOUBLED, 6,
    ),
    "a-server-for-one-of-poetry": (
        'ENTRYPOINT ["poetry", "run", "gunicorn", "-b", ":80"]\nCMD ["gunicorn", "app.main:app"]\n',
        ENDED.format(4), FAILED.format("Failed to find attribute 'application' in 'gunicorn'."),
        start_help.DOUBLED, 6,
    ),
    "poetry-for-poetry": (
        'ENTRYPOINT ["poetry"]\nCMD ["poetry", "run", "gunicorn", "app.main:app"]\n',
        ENDED.format(1), "The requested command poetry does not exist.\n", start_help.DOUBLED, 6,
    ),
    "a-server-for-poetry": (
        'ENTRYPOINT ["poetry"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(1),
        POETRY_SAYS, start_help.RUN_FORGOTTEN, 6,
    ),
    "the-server-of-entrypoint-is-not-there": (
        'ENTRYPOINT ["gunicorn"]\nCMD ["gunicorn", "app.main:app"]\n', NO_GUNICORN, "",
        start_help.NO_PROGRAM_OF_POETRY, 6,
    ),
    "a-server-for-poetry-run": (
        'ENTRYPOINT ["poetry", "run"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(1), "",
        silent_help.ENDED, None,
    ),
    "a-server-for-a-script": (
        'ENTRYPOINT ["sh", "start.sh"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(1), "",
        silent_help.ENDED, None,
    ),
    "a-server-for-env": (
        'ENTRYPOINT ["/usr/bin/env"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(1), "",
        silent_help.ENDED, None,
    ),
    "a-server-for-a-shell": (
        'ENTRYPOINT ["sh", "-c"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(1), "",
        silent_help.ENDED, None,
    ),
    "a-server-for-a-module": (
        'ENTRYPOINT ["python", "-m"]\nCMD ["gunicorn", "app.main:app"]\n', ENDED.format(1), "",
        silent_help.ENDED, None,
    ),
    "run-forgotten": (
        'CMD ["poetry", "gunicorn", "app.main:app"]\n', ENDED.format(1), POETRY_SAYS,
        start_help.RUN_FORGOTTEN, 5,
    ),
    "run-and-no-more": (
        'CMD ["poetry", "run"]\n', ENDED.format(1), '\nNot enough arguments (missing: "args")\n',
        start_help.LEFT_OUT_PROGRAM, 5,
    ),
    "gunicorn-forgotten": (
        'CMD ["poetry", "run", "app.main:app"]\n', ENDED.format(1),
        "Command not found: app.main:app\n", start_help.LEFT_OUT_PROGRAM, 5,
    ),
    "gunicorn-forgotten-without-poetry": (
        'CMD ["app.main:app"]\n',
        UNSTARTED + 'exec: "app.main:app": executable file not found in $PATH', "",
        start_help.LEFT_OUT_PROGRAM, 5,
    ),
    "gunicron": (
        'CMD ["gunicron", "app.main:app"]\n',
        UNSTARTED + 'exec: "gunicron": executable file not found in $PATH', "",
        start_help.SPELLING, 5,
    ),
    "gunicron-of-poetry": (
        'CMD ["poetry", "run", "gunicron", "app.main:app"]\n', ENDED.format(1),
        "Command not found: gunicron\n", start_help.SPELLING, 5,
    ),
    "fastapi-has-no-program": (
        'CMD ["fastapi", "run", "app/main.py"]\n',
        UNSTARTED + 'exec: "fastapi": executable file not found in $PATH', "",
        start_help.BRINGS_NO_PROGRAM, 5,
    ),
    "fastapi-has-no-program-for-a-shell": (
        "CMD fastapi run app/main.py\n", ENDED.format(127), SH.format("fastapi"),
        start_help.BRINGS_NO_PROGRAM, 5,
    ),
    "fastapi-has-no-program-for-poetry": (
        'CMD ["poetry", "run", "fastapi", "run", "app/main.py"]\n', ENDED.format(1),
        "Command not found: fastapi\n", start_help.BRINGS_NO_PROGRAM, 5,
    ),
    "another-user": (
        f"USER app\n{RUN}", ENDED.format(1), "Command not found: gunicorn\n",
        start_help.OTHER_ENVIRONMENT, None,
    ),
    "nobody": (
        f"USER nobody\n{RUN}", ENDED.format(2),
        "Creating virtualenv app-9TtSrW0h-py3.11 in /nonexistent/.cache/pypoetry/virtualenvs\n"
        "virtualenv: error: argument dest: the destination . is not write-able at /\n",
        start_help.OTHER_ENVIRONMENT, None,
    ),
    "install-at-start-that-fails": (
        'CMD ["sh", "start.sh"]\n', ENDED.format(1), "Cannot install packaging.\n",
        silent_help.ENDED, None,
    ),
    "no-user": (
        f"USER app\n{GUNICORN}",
        UNSTARTED + "unable to find user app: no matching entries in passwd file", "",
        start_help.NO_USER, 5,
    ),
    "windows": (
        'CMD ["venv/Scripts/gunicorn.exe", "app.main:app"]\n',
        UNSTARTED + 'exec: "venv/Scripts/gunicorn.exe": permission denied', "",
        start_help.MAY_NOT_RUN, 5,
    ),
    "a-script-without-its-mode": (
        "CMD ./start.sh\n", ENDED.format(126), "/bin/sh: 1: ./start.sh: Permission denied\n",
        start_help.MAY_NOT_RUN, 5,
    ),
    "a-program-in-roots-home": (
        f"USER app\n{GUNICORN}", ENDED.format(2),
        "/usr/local/bin/python3: can't open file '/root/.local/bin/gunicorn': [Errno 13]"
        " Permission denied\n", start_help.MAY_NOT_REACH, 5,
    ),
    "a-source-that-is-roots": (
        f"USER app\n{GUNICORN}", ENDED.format(3),
        FAILED.format("PermissionError: [Errno 13] Permission denied: '/app/app/main.py'"),
        start_help.MAY_NOT_REACH, 5,
    ),
    "a-folder-that-is-roots": (
        f"USER app\n{GUNICORN}",
        UNSTARTED + 'chdir to cwd ("/root/app") set in config.json failed: permission denied', "",
        start_help.MAY_NOT_REACH, 5,
    ),
    "an-environment-that-cannot-be-made": (
        f"USER app\n{RUN}", ENDED.format(1),
        "Creating virtualenv app-9TtSrW0h-py3.11 in /home/app/.cache/pypoetry/virtualenvs\n"
        "PermissionError: [Errno 13] Permission denied: '/home/app'\n",
        start_help.OTHER_ENVIRONMENT, None,
    ),
    "venv-path": (
        'CMD ["/app/.venv/bin/gunicorn", "app.main:app"]\n', UNSTARTED + NO_VENV, "",
        start_help.NOT_THERE_BY_POETRY, 5,
    ),
    "a-script-that-is-not-there": (
        'CMD ["sh", "start.sh"]\n', ENDED.format(2),
        "sh: 0: cannot open start.sh: No such file\n", start_help.NOT_THERE, 5,
    ),
    "moved": (
        'CMD ["/v/bin/gunicorn", "app.main:app"]\n', ENDED.format(255),
        "exec /v/bin/gunicorn: no such file or directory\n", start_help.MOVED, None,
    ),
    "script-from-windows": (
        'ENTRYPOINT ["/app/entrypoint.sh"]\nCMD ["x"]\n', ENDED.format(255),
        "exec /app/entrypoint.sh: no such file or directory\n", start_help.SCRIPT, 5,
    ),
    "port-not-expanded": (
        'CMD ["gunicorn", "--bind", "0.0.0.0:$PORT", "app.main:app"]\n', ENDED.format(1),
        "\nError: '$PORT' is not a valid port number.\n", start_help.VARIABLE, 5,
    ),
    "port-of-a-shell": (
        "CMD gunicorn --bind 0.0.0.0:$PORT app.main:app\n", ENDED.format(1),
        "\nError: '$x' is not a valid port number.\n", silent_help.ENDED, None,
    ),
    "port-without-a-value": (
        "CMD cd $HOME; exec gunicorn --bind :$PORT app.main:app\n", ENDED.format(1),
        "\nError: '' is not a valid port number.\n", start_help.NO_VALUE, 5,
    ),
    "port-without-a-value-for-uvicorn": (
        'ARG PORT=8000\nCMD ["sh", "-c", "uvicorn app.main:app --port ${PORT}"]\n',
        ENDED.format(2), "Error: Option '--port' requires an argument.\n", start_help.NO_VALUE, 6,
    ),
    "port-that-an-env-gives": (
        "ENV HOST=x PORT=\nCMD gunicorn --bind :$PORT app.main:app\n", ENDED.format(1),
        "\nError: '' is not a valid port number.\n", silent_help.ENDED, None,
    ),
    "port-with-a-default": (
        "CMD gunicorn --bind :${PORT:-8000} app.main:app --log-level\n", ENDED.format(2),
        "gunicorn: error: argument --log-level: expected one argument\n", silent_help.ENDED, None,
    ),
    "port-that-the-shell-sets": (
        "CMD export DIR=/ PORT=8000; cd $DIR; gunicorn -b :$PORT app.main:app --log-level\n",
        ENDED.format(2),
        "gunicorn: error: argument --log-level: expected one argument\n", silent_help.ENDED, None,
    ),
    "entrypoint-without-its-mode": (
        'ENTRYPOINT ["./start.sh"]\nCMD ["x"]\n',
        UNSTARTED + 'exec: "./start.sh": permission denied', "", start_help.MAY_NOT_RUN, 5,
    ),
    "bound-by-a-variable": (
        f'ENV GUNICORN_CMD_ARGS="--bind=127.0.0.1:8000"\n{GUNICORN}', "Connection refused",
        BOOTED.format("127.0.0.1"), silent_help.DEAF, 5,
    ),
    "no-folder": (
        GUNICORN, UNSTARTED + "chdir to cwd failed: not a directory", "", start_help.UNSTARTED,
        None,
    ),
    "not-in-path": (GUNICORN, NO_GUNICORN, "", start_help.NO_PROGRAM_OF_POETRY, 5),
    "command-in-env": (
        f'ENV PATH="$(poetry env info --path)/bin:$PATH"\n{GUNICORN}', NO_GUNICORN, "",
        start_help.COMMAND_IN_ENV, 5,
    ),
    "variable-in-env": (
        f'ENV PATH="/v/bin:$PATH"\n{GUNICORN}', NO_GUNICORN, "", start_help.NO_PROGRAM_OF_POETRY, 6,
    ),
    "no-poetry": (
        RUN, UNSTARTED + 'exec: "poetry": executable file not found in $PATH', "",
        start_help.NO_POETRY, 5,
    ),
    "no-poetry-for-a-shell": (
        "CMD poetry run gunicorn app.main:app\n", ENDED.format(127), SH.format("poetry"),
        start_help.NO_POETRY, 5,
    ),
    "kiss-colon": (
        'CMD ["gunicorn", "app:main"]\n', ENDED.format(4),
        FAILED.format("Failed to find attribute 'main' in 'app'."), silent_help.NO_ATTRIBUTE, 5,
    ),
    "uvicorns-attribute": (
        'CMD ["uvicorn", "app.main:x"]\n', ENDED.format(1),
        'ERROR:    Error loading ASGI app. Attribute "x" not found in module "app.main".\n',
        silent_help.NO_ATTRIBUTE, 5,
    ),
    "copy-forgotten": (
        GUNICORN, ENDED.format(3), FAILED.format(NO_API), silent_help.NO_MODULE, None,
    ),
    "hyphen": (
        'CMD ["gunicorn", "an-app.main:app"]\n', ENDED.format(3),
        FAILED.format("ModuleNotFoundError: No module named 'an-app'"), silent_help.NO_ATTRIBUTE, 5,
    ),
    "uvicorns-module": (
        'CMD ["uvicorn", "api.main:app"]\n', ENDED.format(1),
        'ERROR:    Error loading ASGI app. Could not import module "api.main".\n',
        silent_help.NO_ATTRIBUTE, 5,
    ),
    "started-by-a-script": (
        'CMD ["/start.sh"]\n', ENDED.format(3),
        FAILED.format("ModuleNotFoundError: No module named 'app'"), silent_help.NO_MODULE, 5,
    ),
    "roots-own-folder": (
        f"USER nobody\n{GUNICORN}", ENDED.format(1),
        "/usr/local/bin/python: No module named gunicorn\n", silent_help.HELD_ELSEWHERE, None,
    ),
    "python-main": (
        'CMD ["python", "app/main.py"]\n', ENDED.format(0), "", silent_help.DONE, 5,
    ),
    "daemon": (
        'CMD ["poetry", "run", "gunicorn", "--daemon", "app.main:app"]\n', ENDED.format(0), "",
        silent_help.DONE, 5,
    ),
    "uvicorn-plain": (
        'CMD ["uvicorn", "app.main:app"]\n', "Connection refused", UVICORN, silent_help.UVICORN, 5,
    ),
    "conf-not-copied": (
        GUNICORN, "Connection refused", BOOTED.format("127.0.0.1"), silent_help.CONF_NOT_READ, None,
    ),
    "bound-to-itself": (
        'CMD ["gunicorn", "--bind", "127.0.0.1:8000", "app.main:app"]\n', "Connection refused",
        BOOTED.format("127.0.0.1"), silent_help.DEAF, 5,
    ),
    "another-port": (
        'CMD ["gunicorn", "-b", "0.0.0.0:80", "app.main:app"]\n', "Connection refused",
        BOOTED.format("0.0.0.0"), silent_help.DEAF, 5,
    ),
    "no-server": ('CMD ["sleep", "9"]\n', "Connection refused", "", silent_help.DEAF, None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_case_lands_where_its_hints_are_true(observe: Observe, case: str) -> None:
    end, problem, logs, helped, line = CASES[case]
    outcome = app_answers(observe(HEAD + end, answer=AppAnswer(None, None, 1.0, problem, logs)))
    assert lands(outcome, helped), (outcome.try_next, outcome.hints)
    assert outcome.line == line
    assert not any("{" in text or " , " in text for text in (outcome.try_next, *outcome.hints))


def test_what_the_message_names_is_named_in_the_hints(observe: Observe) -> None:
    named = {
        "one-string": "“gunicorn app.main:app”",
        "port-without-a-value": "look at PORT in line 5:",
        "no-user": "which step above it makes app?",
        "windows": "venv/Scripts/gunicorn.exe",
        "a-program-in-roots-home": "look at /root/.local/bin/gunicorn:",
        "a-folder-that-is-roots": "look at /root/app:",
        "venv-path": "look at /app/.venv/bin/gunicorn:",
        "gunicron": "look at gunicron:",
        "another-user": "gunicorn is installed, in /root/.cache/pypoetry",
        "roots-own-folder": "gunicorn is installed, in /root/.cache/pypoetry",
        "a-server-for-python": "`/usr/bin/python -u gunicorn app.main:app`",
        "fastapi-has-no-program": "fastapi is installed, in /root/.cache/pypoetry",
        "gunicorn-forgotten": "look at app.main:app, where",
        "run-and-no-more": "look at which word follows run, where",
        "a-script-that-is-not-there": "look at start.sh:",
    }
    for case, part in named.items():
        end, problem, logs, *_ = CASES[case]
        outcome = app_answers(observe(HEAD + end, answer=AppAnswer(None, None, 1.0, problem, logs)))
        assert part in " ".join(outcome.hints), case


def test_a_version_that_brings_a_program_is_looked_for_in_path(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment({**VERSIONS, "fastapi": "0.162.0"}))
    end, problem, *_ = CASES["fastapi-has-no-program"]
    outcome = app_answers(
        observe(HEAD + end, answer=AppAnswer(None, None, 1.0, problem), first=first)
    )
    assert lands(outcome, start_help.NO_PROGRAM_OF_POETRY)


def test_without_poetry_no_word_of_it_is_said(observe: Observe) -> None:
    by_problem = {
        NO_GUNICORN: start_help.NO_PROGRAM,
        UNSTARTED + NO_VENV: start_help.NOT_THERE,
    }
    for problem, helped in by_problem.items():
        answer = AppAnswer(None, None, 0.0, problem)
        outcome = app_answers(observe(HEAD + GUNICORN, answer=answer, asked=STEP_1))
        assert lands(outcome, helped)
        assert "oetry" not in " ".join((outcome.try_next, *outcome.hints))


@pytest.mark.parametrize(
    ("status", "logs", "helped"),
    [
        (500, f"Traceback (most recent call last):\n{SEND}\n", silent_help.WRONG_WORKER),
        (500, "TypeError: app() missing 1 required positional argument: 'x'", silent_help.ERROR),
        (404, UVICORN, silent_help.ERROR),
        (404, 'INFO: "GET / HTTP/1.1" 404 not found', silent_help.ERROR),
    ],
)
def test_an_answer_that_is_none(observe: Observe, status: int, logs: str, helped: Help) -> None:
    outcome = app_answers(observe(answer=AppAnswer(status, None, 1.0, "", logs)))
    assert lands(outcome, helped)
    assert outcome.line is None


@pytest.mark.parametrize("option", ["-k", "--worker-class"])
def test_a_worker_that_an_option_chooses(observe: Observe, option: str) -> None:
    text = f'{HEAD}CMD ["gunicorn", "{option}", "sync", "app.main:app"]\n'
    outcome = app_answers(observe(text, answer=AppAnswer(500, None, 1.0, "", SEND)))
    assert lands(outcome, silent_help.WORKER_CHOSEN)
    assert outcome.line == 5


@pytest.mark.parametrize(
    ("step", "helped", "line"),
    [
        ("poetry install --only main --with prod", silent_help.ONLY, 2),
        ("poetry install --with=prod --only=main", silent_help.ONLY, 2),
        ("poetry install --only main", silent_help.LEFT_OUT, None),
        ("poetry install --without dev", silent_help.LEFT_OUT, None),
    ],
)
def test_an_option_that_another_undoes(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment,
    step: str, helped: Help, line: int | None,
) -> None:  # fmt: skip
    first = built(environment({"fastapi": "0.104.1", "click": "8.1.7"}))
    answer = AppAnswer(None, None, 1.0, ENDED.format(1), "Command not found: gunicorn\n")
    text = f"FROM python:3.11\nRUN {step}\n{RUN}"
    outcome = app_answers(observe(text, answer=answer, first=first))
    assert lands(outcome, helped)
    assert outcome.line == line


def test_what_a_package_needs_in_turn(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment
) -> None:
    first = built(environment({n: v for n, v in VERSIONS.items() if n != "click"}))
    logs = "ModuleNotFoundError: No module named 'click'\n"
    answer = AppAnswer(None, None, 1.0, ENDED.format(1), logs)
    outcome = app_answers(observe(HEAD + GUNICORN, answer=answer, first=first, asked=STEP_1))
    assert lands(outcome, silent_help.IN_TURN)
    assert "from requirements.txt" in outcome.hints[2]


@pytest.mark.parametrize(
    ("version", "module", "helped"),
    [
        ("0.50.0", "uvicorn.workers", silent_help.OTHER_VERSION),
        ("0.24.0", "uvicorn.workers", silent_help.HELD_ELSEWHERE),
        ("0.50.0", "uvicorn", silent_help.HELD_ELSEWHERE),
    ],
)
def test_a_part_that_another_version_has_not(
    observe: Observe, built: MakeBuilt, environment: MakeEnvironment,
    version: str, module: str, helped: Help,
) -> None:  # fmt: skip
    first = built(environment({**VERSIONS, "uvicorn": version}))
    logs = f"ModuleNotFoundError: No module named '{module}'\n\n"
    answer = AppAnswer(None, None, 1.0, ENDED.format(1), f"No module named 'x.y'\n{logs}")
    outcome = app_answers(observe(HEAD + GUNICORN, answer=answer, first=first))
    assert lands(outcome, helped)
    assert "uvicorn is installed, in /root/.cache/pypoetry" in outcome.hints[0]


def test_the_start_is_that_of_the_last_stage_and_those_that_it_starts_from() -> None:
    text = f"FROM python:3.11 AS a\n{GUNICORN}FROM python:3.11 AS b\n{RUN}FROM a\nRUN x\n"
    assert line_of_start(parse(text)) == 2
    assert line_of_start(parse(text + "CMD x\n")) == 7
    assert line_of_start(parse(text + 'ENTRYPOINT ["x"]\n')) == 2
    assert line_of_start(parse("FROM python:3.11\nENTRYPOINT x\n")) == 2
    assert line_of_start(parse("FROM python:3.11\n")) is None
    stages = "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(499))
    assert line_of_start(parse(f"FROM a AS s0\nCMD x\n{stages}")) == 2


def test_the_line_that_tells_is_shown_and_not_the_last(observe: Observe) -> None:
    answer = AppAnswer(None, None, 1.0, ENDED.format(3), FAILED.format(NO_API))
    seen = app_answers(observe(answer=answer)).seen
    assert seen.endswith(f"ended with exit code 3; the container printed: {NO_API}")


@pytest.mark.parametrize("start", ["$" + "x" * 60_000, "${x} " * 12_000, "x" * 60_000 + "$y"])
def test_a_hostile_start_is_soon_looked_through(observe: Observe, start: str) -> None:
    began = time.monotonic()
    answer = AppAnswer(None, None, 1.0, ENDED.format(1), "Error: '' is not a valid port number.")
    outcome = app_answers(observe(f"FROM a\nENV {start}=1\nCMD {start}\n", answer=answer))
    assert outcome.state == "failed"
    assert time.monotonic() - began < 10


def test_a_name_that_is_long_or_strange_is_bounded(observe: Observe) -> None:
    for name in ("x{0}" * 500 + ":y", "{}", "a\x1b[31m:b"):
        logs = f"Command not found: {name}\r\n"
        hints = app_answers(observe(answer=AppAnswer(None, None, 1.0, ENDED.format(1), logs))).hints
        assert len(hints) == 3
        assert all(hint.isprintable() and len(hint) < 400 for hint in hints)
