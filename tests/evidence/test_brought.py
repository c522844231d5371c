"""What a download would have brought, as its command tells."""

import pytest

from autograder.evidence.brought import Download, downloads
from autograder.facts.dockerfile import parse

A = "https://a.example/b/c.tgz"


def the_download(command: str) -> Download:
    dockerfile = parse(f"FROM a\nRUN {command}\n")
    (found,) = downloads(dockerfile, dockerfile.stages)
    return found


@pytest.mark.parametrize(
    ("command", "files"),
    [
        (f"curl -o /tmp/x {A}", ("x",)),
        (f"curl -fsSLo x {A} || true", ("x",)),
        (f"curl --output=x {A} 2>&1", ("x",)),
        (f"curl -sSLO {A}", ("c.tgz",)),
        (f"curl --remote-name '{A}?d=1'", ("c.tgz",)),
        (f"curl -L {A} > x", ("x",)),
        (f"sh -c 'curl -L {A} >> x/y'", ("y",)),
        (f"wget {A}", ("c.tgz",)),
        (f"wget -qO x {A}", ("x",)),
        (f"wget --output-document=/x/y {A}", ("y",)),
    ],
)
def test_a_file_alone(command: str, files: tuple[str, ...]) -> None:
    assert the_download(command).files() == files


@pytest.mark.parametrize(
    "command",
    [
        f"curl -sSL {A} | sh",
        f"curl -sSL {A}",
        f'sh -c "$(curl -fsSL {A})"',
        f"curl -o $FILE {A}",
        f"curl -o /tmp/x {A} | sh",
        f"wget -qO- {A}",
        f"wget -O - {A} | tar xz || true",
        f"python -c 'f(urlopen(\"{A}\"))'",
        "curl -O https://a.example/",
        "wget https://a.example",
    ],
)
def test_nobody_can_tell_what_else(command: str) -> None:
    assert the_download(command).files() == ()


def test_an_address_in_a_variable_names_no_file() -> None:
    dockerfile = parse(f"FROM a\nARG URL={A}\nRUN curl -O $URL\n")
    (found,) = downloads(dockerfile, dockerfile.stages)
    assert found.files() == ()


@pytest.mark.parametrize(
    ("command", "folders"),
    [
        (f"curl -sSL {A} | tar xz -C /srv", ["/srv"]),
        (f"curl -sSL {A} | POETRY_HOME=/poetry/ python3 -", ["/poetry"]),
        (f"wget -P '/srv/d' {A} > /dev/null", ["/srv/d"]),
        (f"curl -sSL {A} | sh", []),
    ],
)
def test_the_folders_that_it_names(command: str, folders: list[str]) -> None:
    assert list(the_download(command).directories()) == folders


@pytest.mark.parametrize(
    ("command", "quiet"),
    [
        (f"curl -sL {A}", True),
        (f"curl -L --silent {A}", True),
        (f"wget -q {A}", True),
        (f"curl {A} > /dev/null 2>&1", True),
        (f"curl {A} &> /dev/null", True),
        (f"curl -sS {A}", False),
        (f"curl -s --show-error {A}", False),
        (f"curl -L {A} 2>&1", False),
        (f"wget -nv {A}", False),
    ],
)
def test_who_says_nothing_where_nothing_comes(command: str, quiet: bool) -> None:
    assert the_download(command).is_quiet() == quiet
