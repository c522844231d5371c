"""Why a build failed: what is the learner's to mend, and what the course cannot offer."""

import pytest

from autograder.engine.complaint import line_of_complaint
from autograder.engine.failure import (
    LOG_LINES,
    LONGEST_LINE,
    MOST_SAID,
    classify,
    printed_lines,
)
from autograder.engine.request import BuildRequest
from autograder.facts.build import Builder
from autograder.facts.dockerfile import parse
from autograder.ready import Ready

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


NO_EQUALS = """Syntax error - can't find = in "PORT". Must be of the form: name=value"""
NO_END = r'failed to process "\"kiss": unexpected end of statement while looking for matching quote'
TWO = "ENV must have two arguments"


@pytest.mark.parametrize(
    ("said", "row"),
    [
        (NO_EQUALS, "ENV A=1 PORT"),
        (NO_EQUALS, "LABEL a=1 \\\n  PORT b=2"),
        (NO_EQUALS.replace("PORT", "1"), "ENV UNBUFFERED= 1"),
        (NO_EQUALS, "ONBUILD ENV A=1 PORT"),
        (TWO, "ENV PORT"),
        (TWO.replace("ENV", "LABEL"), "LABEL PORT"),
        (NO_END, 'ENV APP="kiss'),
        (NO_END, 'ARG APP="kiss'),
        ("failed to process \"${B\": missing ':' in substitution", "USER ${B"),
        ('failed to process "${B": unsupported modifier () in substitution', "ADD --chown=${B a b"),
        ("Invalid containerPort: eight", "EXPOSE eight"),
        ("invalid containerPort: 80000", "EXPOSE 80000"),
        ("Invalid proto: tpc", "EXPOSE 8000/tpc"),
        ('invalid port: "8000/tpc": invalid proto: tpc', "EXPOSE 8000/tpc"),
        ("invalid signal: TREM", "STOPSIGNAL TREM"),
        ("Invalid signal: TREM", "STOPSIGNAL TREM"),
        ("VOLUME specified can not be an empty string", 'VOLUME ""'),
        ('unsupported mount type "cahce"', "RUN --mount=type=cahce,target=/x a"),
    ],
)
@pytest.mark.parametrize(
    "who",
    [
        "",
        "failed to parse Dockerfile: ",
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: ",
    ],
)
def test_an_instruction_that_cannot_be_read(who: str, said: str, row: str) -> None:
    """Its line is found among lines that are right, and alike."""
    text = (
        "ARG PORT\nFROM python:3.11\nENV A PORT\nENV B=PORT C=1\nLABEL PORT='a b'\nEXPOSE 8000\n"
        f'{row}\nSTOPSIGNAL SIGTERM\nVOLUME ["/a"]\nRUN echo "kiss ${{B PORT\nCMD ["kiss"]\n'
    )
    volume = 'VOLUME ["/a"]\n' if row.startswith("VOLUME") else ""
    dockerfile = parse(text.replace(volume, ""))
    failure = classify(who + said, line=line_of_complaint(who + said, dockerfile))
    found = said.removeprefix('invalid port: "8000/tpc": ')
    assert (failure.kind, failure.message, failure.line) == ("dockerfile", found, 7)


@pytest.mark.engine
@pytest.mark.parametrize("builder", ["buildkit", "classic"])
@pytest.mark.parametrize(
    "row",
    [
        *("ENV A=1 PORT", "ENV A= 1", "ENV PORT", 'ENV A="kiss', "LABEL author=Anna Smith"),
        *("EXPOSE eight", "EXPOSE 80000", "EXPOSE 8000/tpc", "USER ${B", "STOPSIGNAL TREM"),
        *("COPY .", "SHELL bash"),
    ],
)
def test_the_builders_say_so_themselves(row: str, builder: Builder, ready: Ready) -> None:
    text = f"FROM scratch\nLABEL a=b\n{row}\n"
    request = BuildRequest({"Dockerfile": text.encode()}, parse(text), "course-no", builder)
    failure = ready.offer().engine.build(request).failure
    assert failure is not None
    assert (failure.kind, failure.line) == ("dockerfile", 3)


def test_a_line_that_two_may_mean_is_not_named() -> None:
    twice = parse("FROM a\nEXPOSE eight\nEXPOSE 8000 eight\n")
    assert line_of_complaint("Invalid containerPort: eight", twice) is None
    assert line_of_complaint("Invalid containerPort: nine", twice) is None
    assert line_of_complaint("anything else", twice) is None
    flag = parse("FROM a\nENV --eight\nEXPOSE 80\n")
    assert line_of_complaint(NO_EQUALS, flag) is None


def test_the_classic_builder_blames_the_step() -> None:
    failure = classify("Invalid containerPort: eight", step="EXPOSE eight", line=4)
    assert (failure.kind, failure.step, failure.line) == ("dockerfile", "", 4)


@pytest.mark.parametrize(
    ("message", "step", "kind"),
    [
        (EXIT.format("echo Invalid signal: a"), "RUN echo Invalid signal: a", "step"),
        ("Invalid signal: a", "RUN x", "step"),
        ("EXPOSE must have two arguments", "", "step"),
        ("a:1: failed to resolve source metadata for docker.io/library/a:1", "", "base"),
        ('failed to parse stage name "python:": invalid reference format', "", "step"),
        ("invalid user index: -1", "COPY --chown=a b c", "step"),
    ],
)
def test_what_else_is_said_is_no_complaint_of_the_dockerfile(
    message: str, step: str, kind: str
) -> None:
    assert classify(message, step=step).kind == kind


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


def test_the_classic_builder_tells_what_it_tried_to_pull() -> None:
    told = 'Get "https://example.com/v2/": dial tcp: connect: network is unreachable'
    assert classify(told, step="FROM pyhton:3.11", line=1, log=("Pulling",)).kind == "base"


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


def test_a_long_message_keeps_how_it_ends() -> None:
    failure = classify(EXIT.format("x " * 100_000), step="RUN x", line=2)
    assert failure.message.startswith("process ")
    assert failure.message.endswith("did not complete successfully: exit code: 1")
    assert len(failure.message) < 3 * MOST_SAID


def test_a_long_line_is_cut() -> None:
    assert printed_lines("a\n" + "b" * 5_000 + "\nc") == ("a", "b" * LONGEST_LINE, "c")
