"""Why a container cannot start, in few words."""

from types import SimpleNamespace

import pytest

from autograder.engine.failure import LONGEST_LINE, MOST_SAID
from autograder.engine.sandbox import Sandbox, in_short

NOISE = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed:"
    " runc create failed: unable to start container process: "
)


@pytest.mark.parametrize(
    ("told", "short"),
    [
        (
            NOISE + 'exec: "gunicorn": executable file not found in $PATH: unknown',
            'exec: "gunicorn": executable file not found in $PATH',
        ),
        (
            NOISE + 'exec: "/v/x": stat /v/x: no such file or directory: unknown',
            'exec: "/v/x": stat /v/x: no such file or directory',
        ),
        (
            NOISE + "error during container init: exec /v/x: no such file or directory: unknown",
            "exec /v/x: no such file or directory",
        ),
        ("unable to find user app: no matching entries in passwd file",) * 2,
        ("no command specified",) * 2,
        ("",) * 2,
    ],
)
def test_it_comes_to_the_point(told: str, short: str) -> None:
    assert in_short(told) == short


def test_what_an_app_printed_comes_in_lines_that_can_be_read() -> None:
    state = {"State": {"Running": False, "ExitCode": 3}}
    api = SimpleNamespace(
        inspect_container=lambda _: state, logs=lambda _, tail: b"a\n" + b"b" * 10**6 + b"\nc\n"
    )
    sandbox = Sandbox(SimpleNamespace(client=None, api=api))  # type: ignore[arg-type]
    sandbox.containers["app"] = "1"
    problem, logs = sandbox.problem_of("app")
    assert problem == "the container ended with exit code 3"
    assert logs == f"a\n{'b' * LONGEST_LINE}\nc\n"
    assert len(in_short("exec: " + "x" * 10**6)) <= MOST_SAID
