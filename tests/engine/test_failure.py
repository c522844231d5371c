"""Why a build failed: what is the learner's to mend, and what the course cannot offer."""

import pytest

from autograder.engine.failure import LOG_LINES, classify

EXIT = 'process "/bin/sh -c {}" did not complete successfully: exit code: 1'


@pytest.mark.parametrize(
    ("message", "text", "line"),
    [
        ("dockerfile parse error on line 3: unknown instruction: RUNN", "unknown instruction", 3),
        ("Dockerfile parse error line 12: Unknown flag: foo", "Unknown flag: foo", 12),
        ("failed to solve: dockerfile parse error on line 1: no", "no", 1),
        ("the Dockerfile (Dockerfile) cannot be empty", "cannot be empty", None),
    ],
)
def test_it_cannot_be_parsed(message: str, text: str, line: int | None) -> None:
    failure = classify(message)
    assert (failure.kind, failure.line) == ("dockerfile", line)
    assert text in failure.message


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("[internal] load metadata for docker.io/library/a:1: a:1: not found", ""),
        ("pull access denied for a, repository does not exist or may require login", "FROM a"),
        ("a:1: failed to resolve source metadata for docker.io/library/a:1", ""),
        ("anything at all", "FROM docker.io/library/a:1"),
        ("invalid from flag value a:1: pull access denied for a", "COPY --from=a:1 /x /y"),
    ],
)
def test_a_base_image_that_cannot_be_had(message: str, step: str) -> None:
    failure = classify(message, step=step, line=2)
    assert (failure.kind, failure.message) == ("base", message)


@pytest.mark.parametrize(
    "row",
    [
        "E: Unable to fetch: Temporary failure resolving 'deb.example'",
        "curl: (6) Could not resolve host: example.com",
        "[Errno -3] Temporary failure in name resolution",
        "wget: unable to resolve host address 'example.com'",
        "fatal: unable to access: Could not resolve host",
        "connect: Network is unreachable",
        "WARNING: Retrying after connection broken by 'NewConnectionError(…)': /simple/poetry/",
        "WARNING: Retrying after connection broken by 'ConnectTimeoutError(…)': /simple/poetry/",
        "All attempts to connect to example.com failed.",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
        "invalid peer certificate: UnknownIssuer",
    ],
)
def test_a_step_that_wants_more_than_the_course_offers(row: str) -> None:
    failure = classify(EXIT.format("x"), step="RUN x", line=2, log=("a", row))
    assert (failure.kind, failure.step, failure.line) == ("network", "RUN x", 2)


def test_a_download_of_the_engine_s_own() -> None:
    message = (
        'failed to init repo at /x: git error: exec: "git": executable file not found in $PATH'
    )
    assert classify(message, step="ADD https://x.example/y.git /y", line=2).kind == "network"


def test_a_full_disk() -> None:
    assert classify("write /x: no space left on device").kind == "disk"
    message = EXIT.format("x").replace("exit code: 1", "mount /m: no space left on device")
    assert classify(message, step="RUN x", line=2).kind == "disk"
    log = ("OSError: [Errno 28] No space left on device",)
    assert classify(EXIT.format("x"), step="RUN x", log=log).kind == "disk"


@pytest.mark.parametrize(
    "command",
    [
        "echo manifest unknown; false",
        "echo pull access denied; false",
        "echo dockerfile parse error line 3: x; false",
        "echo no space left on device; false",
        "echo dial tcp: no such host; false",
        "echo load metadata for x; false",
    ],
)
def test_a_command_that_quotes_a_failure_is_just_a_failed_step(command: str) -> None:
    """The builder's message holds the command's text, which is the learner's."""
    failure = classify(EXIT.format(command), step=f"RUN {command}", line=4, log=("boom",))
    assert (failure.kind, failure.line, failure.log) == ("step", 4, ("boom",))


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("failed to compute cache key: /nothing: not found", "COPY nothing /x"),
        ('"/manifest unknown": not found', 'COPY ["manifest unknown", "/"]'),
        ('failed to parse stage name "python:": invalid reference format', ""),
        ("invalid reference format: repository name must be lowercase", "FROM Python:3.11"),
        ("circular dependency detected on stage: a", ""),
    ],
)
def test_the_rest_is_the_learners_to_mend(message: str, step: str) -> None:
    assert classify(message, step=step, line=3).kind == "step"


def test_the_log_is_its_end() -> None:
    log = tuple(str(number) for number in range(100))
    assert classify("m", step="RUN x", log=log).log == log[-LOG_LINES:]
