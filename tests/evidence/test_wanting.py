"""Who is to blame where a build wanted what it did not get: the learner, or what we offer."""

import re
import time
from dataclasses import replace

import pytest

from autograder.evidence.wanting import wanting
from autograder.facts.build import BuildFacts, BuildFailure, BuildStep
from autograder.facts.dockerfile import parse
from autograder.index.manifest import offered_versions, public_versions

PLAIN = "FROM python:3.11\nRUN pip install poetry\n"
STAGES = "FROM python:3.11 AS {name}\nFROM python:3.11\nCOPY --from={asked} /a /a\n"


def after(failure: BuildFailure, text: str = PLAIN) -> BuildFailure:
    facts = wanting(BuildFacts("buildkit", (), 1.0, "t", None, failure), parse(text))
    assert facts.failure is not None
    return facts.failure


def pip_missed(what: str) -> BuildFailure:
    log = ("ERROR: Could not find a version", f"ERROR: No matching distribution found for {what}")
    return BuildFailure("step", "exit code: 1", "RUN pip install", 2, log)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("poetry==1.4.2", r"no poetry==1\.4\.2; it has 1\.5\.1, 1\.6\.0, .*, 2\.5\.1$"),
        ("Poetry<1.5,>=1.4", r"no poetry<1\.5,>=1\.4; it has"),
        ("pip==24.0", r"no pip==24\.0; it has"),
        ('httptools>=0.5.0; extra == "standard" (from uvicorn[standard])', "no httptools$"),
        ("poetry-plugin-bundle", "no poetry-plugin-bundle$"),
        ("requests==2.32.3", r"no requests==2\.32\.3; it has 2\.31\.0, "),
        ("certifi==2024.8.30", r"no certifi==2024\.8\.30; it has"),
        ("uvicorn[standard]==0.30.1", r"no uvicorn==0\.30\.1; it has"),
        ("setuptools-rust", "no setuptools-rust$"),
        ("tomli", "no tomli$"),
        ("poetry-plugin-up", "no poetry-plugin-up$"),
        ("uvx", "no uvx$"),
    ],
)
def test_what_the_public_index_has_is_ours_to_offer(what: str, message: str) -> None:
    failure = after(pip_missed(what))
    assert failure.kind == "index"
    assert (failure.step, failure.line) == ("RUN pip install", 2)
    assert re.search(message, failure.message)


@pytest.mark.parametrize(
    "what",
    [
        "poetry==1.7",  # is 1.7.0, which is there: what did not fit is something else
        "poetry==2.1.*",  # 2.1.4 is there as well
        "poetry==1.99.0",
        "poetry==seven",
        "peotry",
        "gunicron==21.2.0",
        "unicorn",
        "fast-api",
        "virtualenvs",
        "fastapi==0.0.0.1",
        "requirements.txt",
        "poetry.lock",
        "poetry-1.7.0",
        "poetry1.7.0",
        "1.7.0",
        "gunicorn-21",
    ],
)
def test_what_nobody_ever_released_is_the_learners_to_mend(what: str) -> None:
    assert after(pip_missed(what)) == pip_missed(what)


@pytest.mark.parametrize(
    "row",
    [
        "  ╰─▶ Because there is no version of poetry==1.4.2 and you require poetry==1.4.2, we can",
        "  ╰─▶ Because httptools was not found in the package registry and you require httptools,",
        "Could not find a matching version of package poetry-plugin-bundle",
        "Because kiss depends on httptools (*) which doesn't match any versions, version solving",
    ],
)
def test_uv_and_poetry_say_it_in_words_of_their_own(row: str) -> None:
    assert after(BuildFailure("step", "exit code: 1", "RUN uv", 2, (row,))).kind == "index"


def test_a_download_above_the_failed_step_is_what_is_missed() -> None:
    text = "FROM a\nRUN curl -sSL https://install.example | python3 -\nRUN poetry install\n"
    failed = BuildFailure("step", "exit code: 127", "RUN poetry install", 3)
    assert after(failed, text).kind == "network"
    assert after(failed, text.replace("curl", "echo")).kind == "step"
    asks_itself = text.replace("RUN curl", "HEALTHCHECK CMD curl")
    assert after(failed, asks_itself).kind == "step"
    for itself in ("localhost:8000/", "127.0.0.1:8000", "0.0.0.0:8000", "[::1]:8000", "$HOSTNAME"):
        assert after(failed, text.replace("https://install.example", f"http://{itself}")) == failed


@pytest.mark.parametrize(
    "above",
    [
        "ENV URL=https://install.example\nRUN curl -sSL $URL | python3 -",
        'ARG A=1 URL="https://install.example"\nRUN wget "${URL}" -O - | python3 - ; rm x',
        "ENV URL https://install.example\nRUN curl -sSL ${URL} | python3 -",
        "RUN python -c 'from urllib.request import urlopen; f(urlopen(\"https://a.example\"))'",
        "RUN apt-get update; apt-get install -y gcc poetry; apt-get clean",
        "RUN apt install poetry || true",
    ],
)
def test_what_a_step_above_did_not_bring(above: str) -> None:
    text = f"FROM a\n{above}\nRUN poetry install\n"
    line = text.count("\n")
    failed = BuildFailure("step", "exit code: 127", "RUN x", line, ("sh: 1: poetry: not found",))
    assert after(failed, text).kind == "network"
    other = "RUN apt-get install -y gcc; echo https://a.example $URL poetry"
    assert after(failed, text.replace(above, f"{other}\nRUN true")) == failed
    assert after(replace(failed, line=1), text).kind == "step"


def test_a_wheel_that_pip_may_not_take() -> None:
    failed = pip_missed("gunicorn==21.2.0")
    assert after(failed).kind == "step"
    told = after(failed, "FROM a\nENV PIP_NO_BINARY=gunicorn\nRUN pip install x\n")
    assert told.kind == "index"
    assert told.message == "the course's package index has gunicorn as a wheel only"


def test_a_slim_image_has_nothing_to_download_with() -> None:
    """Of itself: what a step above may have installed, or brought from elsewhere, is there."""
    text = "FROM {0}\n{1}\nRUN curl -sSL https://install.example | python3 -\nRUN poetry install\n"
    failed = BuildFailure("step", "exit code: 127", "RUN poetry install", 4, ("poetry: not found",))
    told = after(failed, text.format("python:3.11-slim", "RUN apt-get update"))
    assert told.kind == "step"
    assert told.line == 3
    assert told.log[-1] == "line 3 calls curl, and python:3.11-slim has none"
    for base, above in (
        ("python:3.11", ""),
        (
            "python:3.11-slim",
            "RUN apt-get update && apt-get install -y --no-install-recommends curl",
        ),
        ("python:3.11-slim", "COPY --from=tools / /"),
        ("python:3.11-slim", "ADD tools.tar /usr"),
    ):
        assert after(failed, text.format(base, above)).kind == "network", above


SSH = ("git@github.com: Permission denied (publickey).",)
AT_ITS_PATH = ("cat: /run/secrets/token: No such file or directory",)


@pytest.mark.parametrize(
    ("mount", "command", "log", "kind"),
    [
        ("secret,id=token", "pip install $(cat /run/secrets/token)", AT_ITS_PATH, "network"),
        ("secret,id=token", "test -s /run/secrets/token", (), "network"),
        ("secret,id=a,target=/root/.netrc", "b", ("b: cannot open /root/.netrc",), "network"),
        ("secret,id=a,env=TOKEN", "b", ("/bin/sh: 1: TOKEN: parameter not set",), "network"),
        ("ssh", "git clone git@github.com:a/b", SSH, "network"),
        ("ssh", 'test -S "$SSH_AUTH_SOCK"', (), "network"),
        ("ssh", "test -S /nowhere", (), "step"),
        ("secret,id=token", "python -m nothing", ("No module named nothing",), "step"),
        ("secret,id=token", "false", (), "step"),
        ("ssh", "git clone x", ("fatal: repository 'x' does not exist",), "step"),
    ],
)
def test_a_secret_is_missed_where_its_step_tells_so(
    mount: str, command: str, log: tuple[str, ...], kind: str
) -> None:
    text = f"FROM a\nRUN --mount=type={mount} \\\n  {command}\nRUN c\n"
    failed = BuildFailure("step", "exit code: 1", "RUN", 2, log)
    assert after(failed, text).kind == kind
    assert after(replace(failed, line=4), text).kind == "step"


BELOW = "FROM python:3.11\nRUN {}\nRUN pip install -r a.txt\n"
CURL = "curl -sSL https://install.python-poetry.org | python3 -"
NO_NAME = ("curl: (6) Could not resolve host: install.python-poetry.org",)
NO_LIST = "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'a.txt'"


def below(row: str, command: str, printed: tuple[str, ...] = (), code: int = 1) -> str:
    """The kind of a failure in line 3 that printed a row, below a step that printed others."""
    ended = BuildFailure("step", f"exit code: {code}", "RUN x", 3, (row,))
    steps = (BuildStep("RUN", "", False, 1.0, 2, "", printed),)
    facts = BuildFacts("buildkit", steps, 1.0, "t", None, ended)
    failure = wanting(facts, parse(BELOW.format(command))).failure
    assert failure is not None
    return failure.kind


@pytest.mark.parametrize("command", [f'echo "later: {CURL}" > /todo', f"true # {CURL}", CURL])
@pytest.mark.parametrize(
    "row",
    [
        NO_LIST,
        "python: can't open file '/app/kiss/maim.py': [Errno 2] No such file or directory",
        "/bin/sh: 1: ./strat.sh: not found",
        "/bin/sh: 1: pyhton: not found",
        "ModuleNotFoundError: No module named 'kis'",
        "cp: cannot stat 'poetry.locc': No such file or directory",
    ],
)
def test_an_address_alone_takes_no_slip_from_the_learner(command: str, row: str) -> None:
    assert below(row, command) == "step"


def test_a_download_that_is_only_spoken_of_brings_nothing() -> None:
    row = "/bin/sh: 1: poetry: not found"
    assert below(row, CURL, code=127) == "network"
    assert below(row, f'echo "later: {CURL}" > /todo', code=127) == "step"


def test_what_a_download_printed_tells_that_it_came_to_nothing() -> None:
    row = "RuntimeError: nothing to work with"
    assert below(row, CURL) == "step"
    assert below(row, CURL, NO_NAME) == "network"
    for own in (NO_LIST, 'The option "--whith" does not exist', "Group(s) not found: a (via --w)"):
        assert below(own, CURL, NO_NAME) == "step"


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("curl -s https://a.example/a.txt -o a.txt || true", NO_LIST),
        ("wget -q https://a.example/tini.tgz; true", "tar: tini.tgz: Cannot open: No such file"),
        ("curl -so tini https://a.example/t || :", "chmod: cannot access 'tini': No such file or"
         " directory"),
        (CURL, "/bin/sh: 1: /root/.local/bin/poetry: not found"),
        (CURL, "/bin/sh: 1: .: cannot open /root/.cargo/env: No such file"),
    ],
)  # fmt: skip
def test_a_file_that_a_silent_download_would_have_brought(command: str, row: str) -> None:
    assert below(row, command) == "network"


def test_a_missing_file_of_the_context_is_no_download() -> None:
    copied = BuildFailure("step", '"/poetry.locc": not found', "COPY poetry.locc ./", 3)
    steps = (BuildStep("RUN", "", False, 1.0, 2, "", NO_NAME),)
    facts = BuildFacts("buildkit", steps, 1.0, "t", None, copied)
    text = f"FROM python:3.11\nRUN {CURL} || true\nCOPY poetry.locc ./\n"
    assert wanting(facts, parse(text)).failure == copied


def kinds(text: str, *log: str, code: int = 1, printed: tuple[str, ...] = NO_NAME) -> set[str]:
    """The kinds of a failure in the last line: where the lines above it ran, or were cached."""
    line = text.rstrip().count("\n") + 1
    last = text.rstrip().rpartition("\n")[2]
    ended = f"exit code: {code}" if last.startswith("RUN") else log[0]
    failed = BuildFailure("step", ended, last, line, log if last.startswith("RUN") else ())
    found = set[str]()
    for cached, told in ((False, printed), (True, ())):
        steps = tuple(BuildStep("RUN", "", cached, 1.0, n, "", told) for n in range(1, line))
        facts = wanting(BuildFacts("buildkit", steps, 1.0, "t", None, failed), parse(text))
        assert facts.failure is not None
        found.add(facts.failure.kind)
    return found


QUIET = "wget -qO- https://a.example/a.tgz"


@pytest.mark.parametrize(
    ("above", "command", "row"),
    [
        (
            f"ENV POETRY_HOME=/poetry\nRUN {CURL}\nCOPY . .",
            "/poetry/bin/poetry install",
            "/bin/sh: 1: /poetry/bin/poetry: not found",
        ),
        (f"RUN {CURL}", "python -m poetry install", "/usr/bin/python: No module named poetry"),
        (f"RUN {CURL}", "python -c 'import a'", "ModuleNotFoundError: No module named 'a'"),
        (f"RUN {QUIET} | tar xz -C /srv || true", "cd /srv/a", "sh: 1: cd: can't cd to /srv/a"),
        (f"RUN {QUIET} -P /srv/b || true", "cd /srv/b", "/bin/sh: 1: cd: can't cd to /srv/b"),
        (
            "RUN curl -fsSL https://a.example/i.sh -o /tmp/i.sh; sh /tmp/i.sh || true",
            "/a/b c",
            "/bin/sh: 1: /a/b: not found",
        ),
        (
            "RUN curl -sSLO https://a.example/a.whl || true",
            "cat *.whl",
            "cat: '*.whl': No such file or directory",
        ),
        (
            "RUN curl -sSL https://a.example/a.whl -o /r/a.whl || true",
            "pip install /r/*.whl",
            "ERROR: Invalid requirement: '/r/*.whl': Expected package name at the start",
        ),
        (
            f"RUN {QUIET} | tar xz -C /srv || true",
            "pip install /srv/b",
            "ERROR: Directory '/srv/b' is not installable. Neither 'setup.py' nor 'pyproject.toml'"
            " found.",
        ),
        (
            "RUN curl -sSL https://a.example/b-1.2.tar.gz | tar xz || true",
            "pip install ./b-1.2",
            "ERROR: Invalid requirement: './b-1.2': It looks like a path.",
        ),
        ("RUN curl -sSL https://a.example/v.env -o /tmp/v.env || :", "sh -eu /tmp/v.env", "odd"),
        ("RUN wget https://a.example/b/start.py; true", "python start.py", "odd"),
        (f"RUN {CURL}", "python x.py", "RuntimeError: nothing to work with"),
    ],
)
def test_a_download_is_missed_whether_it_was_cached_or_not(
    above: str, command: str, row: str
) -> None:
    assert kinds(f"FROM a\n{above}\nRUN {command}\n", row) == {"network"}
    assert kinds(f"FROM a AS b\n{above}\nFROM b\nRUN {command}\n", row) == {"network"}


@pytest.mark.parametrize(
    "download",
    [
        "curl -s https://a.example/a.tgz",
        "curl --silent -L https://a.example/a.tgz",
        "wget -q -O - https://a.example/a.tgz",
        "curl -sSL https://a.example/a.tgz 2>/dev/null",
        "curl -sSL https://a.example/a.tgz 2> /tmp/log",
    ],
)
def test_a_quiet_download_came_to_nothing(download: str) -> None:
    row = "python: can't open file '/app/a.py': [Errno 2] No such file or directory"
    assert below(row, f"{download} | tar xz || true") == "network"
    assert kinds(f"FROM a\nRUN {download} | tar xz; python a.py\n", row) == {"network"}
    loud = download.replace("2>/dev/null", "").replace("2> /tmp/log", "")
    loud = loud.replace(" -s ", " -sS ").replace("--silent", "-sS").replace(" -q", "")
    assert below(row, f"{loud} | tar xz || true") == "step"


ENVIRONMENT = "RUN curl -sSL https://a.example/v.env -o /tmp/v.env || true"


@pytest.mark.parametrize(
    ("above", "command", "row"),
    [
        (ENVIRONMENT, "pip instal poetry", 'ERROR: unknown command "instal" - maybe you meant'),
        (ENVIRONMENT, "python -c 1/0", "ZeroDivisionError: division by zero"),
        (ENVIRONMENT, "python kiss/maim.py", "python: can't open file '/app/kiss/maim.py': No such"
         " file or directory"),
        (ENVIRONMENT.replace("-o /tmp/v.env", "> v.env"), "python -c 1/0", "ZeroDivisionError"),
        ("RUN curl -LO https://a.example/v.env || true", "python -c 1/0", "ZeroDivisionError"),
        ("RUN wget https://a.example/v.env || true", "python -c 1/0", "ZeroDivisionError"),
        (f"RUN {CURL}", "pip instal poetry", 'ERROR: unknown command "instal" - maybe you meant'),
        (f"RUN {CURL}", "pyhton -m pip", "/bin/sh: 1: pyhton: not found"),
        (f"RUN {CURL}", "python -m gunicron", "/usr/bin/python: No module named gunicron"),
        (f"RUN {CURL}", "poetry instal", "The requested command instal does not exist."),
        (f"RUN {CURL}\nFROM a", "python -c 1/0", "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_a_download_that_is_not_missed_excuses_nothing(above: str, command: str, row: str) -> None:
    assert kinds(f"FROM a\n{above}\nRUN {command}\n", row) == {"step"}


NOT_THERE = 'failed to compute cache key: failed to calculate checksum of ref a::b: "{}": not found'


@pytest.mark.parametrize(
    ("download", "path"),
    [
        ("curl -LsSf https://astral.sh/uv/install.sh | sh", "/root/.local/bin/uv"),
        (f"{CURL} --yes", "/poetry"),
        ("curl -sSL https://a.example/a -o /srv/tools/a || true", "/srv/tools/a"),
        ("curl -sSL https://a.example/a -o /srv/tools/a || true", "/srv/tools"),
        ("curl -sSL https://a.example/a.whl -o /srv/a.whl || true", "/srv/*.whl"),
        ("curl -sSL https://a.example/a.whl -o /srv/a.whl || true", "/srv/*"),
        (f"{QUIET} | tar xz -C /srv || true", "/srv/a"),
    ],
)
def test_what_a_stage_did_not_download_cannot_be_taken_from_it(download: str, path: str) -> None:
    text = f"FROM python:3.11 AS b\nRUN {download}\nFROM python:3.11\n"
    taken = (f"COPY --from=B {path} /x", f"COPY --from=0 {path} /x")
    for row in taken:
        for said in (NOT_THERE, "COPY failed: stat {}: file does not exist"):
            assert kinds(f"{text}{row}\n", said.format(path)) == {"network"}
    mounted = f"{text}RUN --mount=from=b,source={path},target=/x true\n"
    failed = BuildFailure("step", NOT_THERE.format(path), mounted.split("\n")[3], 4)
    assert after(failed, mounted).kind == "network"
    for other in ("FROM python:3.11 AS c\n", f"FROM python:3.11 AS c\nRUN {CURL}\n"):
        spread = text.replace("FROM python:3.11\n", other)
        assert kinds(f"{spread}FROM a\nCOPY --from=b {path} /x\n", NOT_THERE.format(path)) == {
            "network"
        }


@pytest.mark.parametrize("path", ["/srv/*.whl", "/srv/*"])
def test_of_a_pattern_that_fits_nothing_the_classic_builder_names_no_file(path: str) -> None:
    wheel = "curl -sSL https://a.example/a.whl -o /srv/a.whl || true"
    text = f"FROM a AS b\nRUN {wheel}\nFROM a\nCOPY --from=b {path} /x/\n"
    said = "COPY failed: no source files were specified"
    failed = BuildFailure("step", said, f"COPY --from=b {path} /x/", 4)
    assert after(failed, text).kind == "network"
    other = "/dist/a"
    copied = replace(failed, step=f"COPY --from=b {other} /x/")
    assert after(copied, text.replace(path, other)).kind == "step"


def test_what_no_download_of_its_stage_brings_is_the_learners_to_copy_right() -> None:
    said = NOT_THERE.format("/app/.venv")
    own = f"FROM a AS b\nRUN true\nFROM a\nRUN {CURL}\nCOPY --from=b /app/.venv /app/.venv\n"
    assert kinds(own, said) == {"step"}
    file = f"FROM a AS b\n{ENVIRONMENT}\nFROM a\nCOPY --from=b /app/.venv /app/.venv\n"
    assert kinds(file, said) == {"step"}
    slim = f"FROM python:3.11-slim AS b\nRUN {CURL}\nFROM a\nCOPY --from=b /opt/poetry /p\n"
    without = ("/bin/sh: 1: curl: not found",)
    assert kinds(slim, NOT_THERE.format("/opt/poetry"), printed=without) == {"step"}


def test_thousands_of_downloads_are_soon_looked_through() -> None:
    commands = [f"curl -so a{n} https://a.example/b; " for n in range(30_000)]
    many = "".join(f"RUN {''.join(commands[n : n + 500])}\n" for n in range(0, 30_000, 500))
    text = "FROM a\n" + "ENV A=/a/b/c B=/b/c/d\n" * 5_000 + many + "RUN x\n"
    rows = tuple(f"cat: '/x/{n}/{'y' * 900}': No such file or directory" for n in range(15))
    began = time.monotonic()
    assert kinds(text, *rows) == {"step"}
    assert time.monotonic() - began < 20


def test_in_one_step_the_last_that_went_wrong_counts() -> None:
    text = f"FROM python:3.11\nRUN {CURL}; pip install -r a.txt\n"
    failed = BuildFailure("network", "exit code: 1", "RUN curl", 2, (*NO_NAME, NO_LIST))
    assert after(failed, text).kind == "step"
    assert after(replace(failed, log=(NO_LIST, *NO_NAME)), text).kind == "network"


@pytest.mark.parametrize(
    ("download", "own"),
    [
        ("curl -sSLO https://a.example/a.txt", NO_LIST),
        (
            "wget https://a.example/poetry-1.7.0-py3-none-any.whl",
            "ERROR: Invalid requirement: './poetry-1.7.0-py3-none-any.whl': It looks like a path.",
        ),
    ],
)
def test_what_a_download_that_tells_would_have_brought_is_no_slip(download: str, own: str) -> None:
    failed = BuildFailure("network", "exit code: 1", "RUN", 2, (*NO_NAME, own))
    assert after(failed, f"FROM a\nRUN {download}; pip install x\n").kind == "network"
    above = replace(failed, line=3)
    assert after(above, f"FROM a\nRUN {download} || true\nRUN pip install x\n").kind == "network"
    assert after(failed, f"FROM a\nRUN {download}x; pip install x\n").kind == "step"


def test_a_broken_archive_is_a_download_that_broke_off() -> None:
    text = "FROM a\nRUN curl -s https://a.example/b.tgz | tar xz\n"
    failed = BuildFailure(
        "step", "exit code: 2", "RUN", 2, ("gzip: stdin: unexpected end of file",)
    )
    assert after(failed, text).kind == "network"
    assert after(failed, text.replace("https://a.example/b.tgz", "b")).kind == "step"


def test_thousands_of_variables_are_soon_looked_through() -> None:
    rows = (" ".join(f"V{n}x{m}=https://a.example" for m in range(300)) for n in range(300))
    text = "".join(f"ENV {row}\n" for row in rows)
    many = f"RUN {'$V ' * 6_000}\n" * 10
    text = f"FROM a\n{text}{many}RUN curl $V9x9\nRUN x\n"
    failed = BuildFailure("step", "exit code: 127", "RUN x", 313)
    began = time.monotonic()
    assert after(failed, text).kind == "network"
    assert time.monotonic() - began < 10


def test_a_download_in_the_failed_step_is_what_is_missed() -> None:
    text = "FROM a\nRUN curl -sL https://install.example | python3 - && poetry config a b\n"
    silent = BuildFailure("step", "exit code: 127", "RUN curl", 2, ("sh: 1: poetry: not found",))
    assert after(silent, text).kind == "network"
    assert after(replace(silent, message="exit code: 6", log=()), text).kind == "network"
    assert after(replace(silent, line=1), text).kind == "step"


def test_what_the_learner_wrote_wrong_is_not_put_down_to_a_download() -> None:
    text = "FROM a\nRUN wget https://a.example/b\nRUN poetry install --with production\n"
    for row in (
        "Group(s) not found: production (via --with)",
        "ERROR: No matching distribution found for poetry==1.99.0",
    ):
        failed = BuildFailure("step", "exit code: 1", "RUN poetry install", 3, (row,))
        assert after(failed, text) == failed


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("/bin/sh: 1: make: not found", "make"),
        ("/bin/bash: line 1: curl: command not found", "curl"),
        ("ERROR: Cannot find command 'git' - do you have 'git' installed?", "git"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'make'", "make"),
        ("error: command 'gcc' failed: No such file or directory", "gcc"),
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", "gcc"),
        ("Error: ps executable not found.", "ps"),
        ("/usr/bin/env: 'git': No such file or directory", "git"),
    ],
)
def test_a_stand_in_without_a_program_of_the_full_image(row: str, name: str) -> None:
    text = "FROM {0} AS a\nRUN true\nFROM a\nRUN make\n"
    failed = BuildFailure("step", "exit code: 127", "RUN make", 4, (row, "more"))
    told = after(failed, text.format("python:3.11"))
    assert told.kind == "network"
    assert told.log[-1].startswith(f"python:3.11 has {name}; what stands in for it here ")
    assert after(failed, text.format("python:3.11-slim")) == failed
    other = replace(failed, log=("/bin/sh: 1: poetry: not found",))
    assert after(other, text.format("python:3.11")) == other


@pytest.mark.parametrize(
    ("name", "asked", "called"),
    [
        ("builder", "bulider", "the stages are called builder"),
        ("my-own", "myown", "the stages are called my-own"),
        ("assets", "builder", "the stages are called assets"),
        ("assets", "python-deps", "the stages are called assets"),
    ],
)
def test_a_stage_that_is_not_there(name: str, asked: str, called: str) -> None:
    message = f"docker.io/library/{asked}:latest: failed to resolve source metadata"
    failure = after(BuildFailure("base", message), STAGES.format(name=name, asked=asked))
    assert (failure.kind, failure.line) == ("stage", 3)
    assert failure.message == f"line 3 names a stage {asked}, and there is none: {called}"


def test_a_stage_without_a_name_is_told_how_to_get_one() -> None:
    text = STAGES.replace(" AS {name}", "").format(asked="builder")
    failure = after(BuildFailure("base", "builder", "FROM builder", 3), text)
    assert failure.message.endswith("there is none: no FROM line gives its stage a name with AS")


@pytest.mark.parametrize("asked", ["busybox", "nginx", "ghcr.io/a/builder", "builder:1", "node"])
def test_an_image_is_no_stage(asked: str) -> None:
    failed = BuildFailure("base", f"{asked}: pull access denied")
    assert after(failed, STAGES.format(name="builder", asked=asked)) == failed


def test_a_base_that_is_missing_blames_no_stage_of_another_line() -> None:
    text = (
        f"FROM node AS web\n{STAGES.format(name='builder', asked='bulider')}COPY --from=web /a /a"
    )
    failed = BuildFailure("base", "docker.io/library/node: pull access denied")
    assert after(failed, text) == failed


ODD = 'failed to parse stage name "{}": invalid reference format'


@pytest.mark.parametrize(
    "name", ["python==3.11", "Python:3.11", "python:", "python:3.11@sha256:ab"]
)
@pytest.mark.parametrize(
    "failure",
    [
        BuildFailure("step", ODD),
        BuildFailure("dockerfile", "frontend dockerfile.v0: " + ODD),
        BuildFailure("base", "{}", "FROM {}", 1),
        BuildFailure("base", "node: pull access denied"),
    ],
)
def test_what_no_image_can_be_called(name: str, failure: BuildFailure) -> None:
    told = replace(failure, message=failure.message.format(name), step=failure.step.format(name))
    for text in (f"FROM {name}\n", f"FROM node AS web\nFROM {name}\nCOPY --from=web / /\n"):
        found = after(told, text)
        line = text.count("\n", 0, text.index(name)) + 1
        assert (found.kind, found.line) == ("name", line)
        assert found.message == f'line {line} names "{name}", which no image can be called'
    for command in (f"FROM a\nCOPY --from={name} / /\n", f"FROM a\nRUN --mount=from={name} b\n"):
        assert after(told, command).kind == "name"


def test_an_odd_name_that_a_stage_nearly_has_is_meant_for_that() -> None:
    told = BuildFailure("step", ODD.format("Bulider"))
    assert after(told, STAGES.format(name="builder", asked="Bulider")).kind == "stage"


def test_an_odd_name_is_not_to_blame_for_what_ran_or_where_nobody_needs_it() -> None:
    ran = BuildFailure("step", "exit code: 1", "RUN false", 2)
    assert after(ran, "FROM a\nRUN false\nFROM a==1\nCOPY --from=0 / /\n") == ran
    missing = BuildFailure("base", "node: pull access denied")
    assert after(missing, "FROM a==1\nFROM node\n") == missing


MISSING = "library/{0}: failed to resolve source metadata for hub.example/library/{0}"


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("pyhton:3.11", "pyhton", "python"),
        ("pyton", "pyton", "python"),
        ("pythonn:3.11-slim", "pythonn", "python"),
        ("phyton:3.11", "phyton", "python"),
        ("library/pithon:3.11", "pithon", "python"),
        ("python:3.11-slm", "slm", "slim"),
        ("python:3.11-Slim", "Slim", "slim"),
        ("python:3.11slim", "3.11slim", "3.11-slim"),
        ("python:3.11.slim", "3.11.slim", "3.11-slim"),
        ("python:3.11_slim-bookworm", "3.11_slim", "3.11-slim"),
        ("python:3.11-slim-bookwrom", "bookwrom", "bookworm"),
        ("python:3.11-alpin3.19", "alpin3.19", "alpine3.19"),
    ],
)
def test_a_base_image_that_is_one_slip_away(name: str, wrong: str, right: str) -> None:
    familiar = name.removeprefix("library/")
    by_step = BuildFailure("base", "pull access denied", f"FROM {familiar}", 2)
    for failure in (BuildFailure("base", MISSING.format(familiar)), by_step):
        for text in (f"# a\nFROM {name}\n", f"FROM python:3.11\nCOPY --from={name} / /\n"):
            told = after(failure, text)
            assert (told.kind, told.line) == ("name", 2)
            assert told.message == f'line 2 names "{familiar}": is {wrong} meant to be {right}?'


@pytest.mark.parametrize(
    "name",
    [
        "pypy", "pypy:3.11-slim", "node", "pythons-lab/x", "pyth/on", "ghcr.io/a/pyhton:3.11",
        "pyhton.example/python:3.11", "python", "python:3.11", "python:latest", "python:3.19",
        "python:3.11-slim-bullseye", "python:3.13-slim-trixie", "python:3-alpine",
        "python:3.11-alpine3.19", "python:3.14.0rc1", "python:3.14.0a1-slim", "python:3.11-sid",
        "python:3.11-windowsservercore-ltsc2022", "node:20-slm", "python:3.11-onbuild",
        f"python:3.11-slm@sha256:{'a' * 64}",
    ],
)  # fmt: skip
def test_any_other_base_image_is_not_ours_to_correct(name: str) -> None:
    failed = BuildFailure("base", MISSING.format(name), f"FROM {name}", 1)
    assert after(failed, f"FROM {name}\n") == failed


def test_a_misspelt_name_is_not_to_blame_for_another_image() -> None:
    failed = BuildFailure("base", MISSING.format("node:20"))
    assert after(failed, "FROM node:20 AS a\nFROM pyhton:3.11\nCOPY --from=a / /\n") == failed
    unused = "FROM pyhton:3.11\nFROM node:20\n"
    assert after(BuildFailure("base", MISSING.format("pyhton:3.11")), unused).kind == "base"
    ran = BuildFailure("step", "exit code: 1", "RUN echo pyhton:3.11", 2)
    assert after(ran, "FROM pyhton:3.11\nRUN echo pyhton:3.11\n") == ran


def test_where_many_learn_no_engine_is_asked_for_it() -> None:
    told = after(BuildFailure("base", "pyhton:3.11", "FROM pyhton:3.11", 1), "FROM pyhton:3.11\n")
    assert (told.kind, told.line) == ("name", 1)


def test_a_stage_of_nearly_that_name_comes_first() -> None:
    told = BuildFailure("base", MISSING.format("pyhton"))
    assert after(told, STAGES.format(name="python", asked="pyhton")).kind == "stage"


def test_the_lists_are_of_one_day() -> None:
    """Whatever the course offers of a project the public index has, and of Poetry more."""
    offered, public = offered_versions(), public_versions()
    assert offered.keys() == public.keys()
    for name, released in public.items():
        assert set(offered[name]) <= set(released), name
    assert set(offered["poetry"]) < set(public["poetry"])


def test_a_stage_below_is_not_taken_from() -> None:
    text = "FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nFROM x\n"
    for failure in (BuildFailure("step", "cannot copy from stage"), BuildFailure("base", "y")):
        told = after(failure, text)
        assert (told.kind, told.line) == ("below", 2)
        assert told.message.startswith("line 2 takes from the stage y, which starts further down")
    unused = "FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nRUN c\n"
    assert after(BuildFailure("step", "exit code: 1", "RUN c", 4), unused).kind == "step"


@pytest.mark.parametrize("word", ["apt ", "curl ", "urlopen ", "apt install "])
def test_a_step_without_end_is_soon_looked_through(word: str) -> None:
    lines = f"{word * 5_000} \\\n" * 16
    text = f"FROM python:3.11-slim\nRUN {lines}x\n"
    failed = BuildFailure("step", "exit code: 127", "RUN x", 2, ("sh: 1: poetry: not found",))
    began = time.monotonic()
    assert after(failed, text).kind == "step"
    assert time.monotonic() - began < 10
