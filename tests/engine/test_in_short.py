"""Why a container cannot start, in few words."""

import pytest

from autograder.engine.sandbox import in_short

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
