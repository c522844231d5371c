"""A Dockerfile's text as data. What it must read was compared with BuildKit's own answers."""

import pytest

from autograder.errors import BadInput
from autograder.facts.dockerfile import parse

BOM = "\ufeff"


def rows(text: str) -> list[tuple[str, str, int, int]]:
    return [(i.keyword, i.value, i.line, i.end_line) for i in parse(text).instructions[1:]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("RUN echo a", [("RUN", "echo a", 2, 2)], id="one line"),
        pytest.param("run\techo a", [("RUN", "echo a", 2, 2)], id="lower case and a tab"),
        pytest.param("RUN\t \tpip install x", [("RUN", "pip install x", 2, 2)], id="blanks"),
        pytest.param("\n# note\n  RUN a\n\n", [("RUN", "a", 4, 4)], id="comments, empty lines"),
        pytest.param("RUN a \\\n  b", [("RUN", "a b", 2, 3)], id="continued"),
        pytest.param("RUN a\\\nb", [("RUN", "ab", 2, 3)], id="continued inside a word"),
        pytest.param("RU\\\nN a", [("RUN", "a", 2, 3)], id="continued inside the keyword"),
        pytest.param("RUN a \\  \t\n  b", [("RUN", "a b", 2, 3)], id="blanks after the backslash"),
        pytest.param("RUN a \\\n# no\n  # no\n b", [("RUN", "a b", 2, 5)], id="comments between"),
        pytest.param("RUN a \\\n\n\n b", [("RUN", "a b", 2, 5)], id="empty lines between"),
        pytest.param("RUN a \\\n# no \\\n b", [("RUN", "a b", 2, 4)], id="a comment's backslash"),
        pytest.param("RUN a # b", [("RUN", "a # b", 2, 2)], id="# inside a line"),
        pytest.param("RUN a \\", [("RUN", "a", 2, 2)], id="backslash at the end of the file"),
        pytest.param("RUN a \\\n", [("RUN", "a", 2, 3)], id="backslash, then nothing"),
        pytest.param(
            "RUN a \\\\\nRUN b",
            [("RUN", "a \\\\", 2, 2), ("RUN", "b", 3, 3)],
            id="two backslashes do not continue",
        ),
        pytest.param("RUN a \\\r\n  b\r\n", [("RUN", "a b", 2, 3)], id="CRLF"),
        pytest.param("CMD", [("CMD", "", 2, 2)], id="CMD alone"),
        pytest.param("ENTRYPOINT", [("ENTRYPOINT", "", 2, 2)], id="ENTRYPOINT alone"),
        pytest.param('CMD ["a", "b"]', [("CMD", '["a", "b"]', 2, 2)], id="exec form"),
        pytest.param("ONBUILD RUN a", [("ONBUILD", "RUN a", 2, 2)], id="onbuild"),
    ],
)
def test_instructions(text: str, wanted: list[tuple[str, str, int, int]]) -> None:
    assert rows(f"FROM x\n{text}") == wanted


@pytest.mark.parametrize(
    ("text", "bodies", "after"),
    [
        pytest.param("RUN <<EOF\na\nb\nEOF\n", ("a\nb",), 6, id="one"),
        pytest.param("RUN <<EOF\n# a\n\nRUN b\nEOF\n", ("# a\n\nRUN b",), 7, id="anything inside"),
        pytest.param("RUN <<A cat && <<B cat\n1\nA\n2\nB\n", ("1", "2"), 7, id="two on a line"),
        pytest.param("RUN <<-EOF\n\ta\n\t\tEOF\n", ("\ta",), 5, id="tabs before the end"),
        pytest.param("RUN <<EOF\n\tEOF\nEOF\n", ("\tEOF",), 5, id="tabs count without -"),
        pytest.param("RUN cat <<'EOF'\n$a\nEOF\n", ("$a",), 5, id="single quotes"),
        pytest.param('RUN cat <<"EOF"\n$a\nEOF\n', ("$a",), 5, id="double quotes"),
        pytest.param("RUN cat <<'A B'\n1\nA B\n", ("1",), 5, id="a blank in the word"),
        pytest.param("RUN cat <<END-1\n1\nEND-1\n", ("1",), 5, id="a dash in the word"),
        pytest.param("RUN cat 0<<EOF\n1\nEOF\n", ("1",), 5, id="a file descriptor"),
        pytest.param("RUN cat <<EOF > /x\n1\nEOF\n", ("1",), 5, id="a redirection"),
        pytest.param("RUN (cat <<E)\n1\nE)\n", ("1",), 5, id="a bracket is of the word"),
        pytest.param("RUN cat \\\n <<E \\\n && b\n1\nE\n", ("1",), 7, id="continued"),
        pytest.param("RUN --mount=type=cache,target=/x <<E\n1\nE\n", ("1",), 5, id="with a mount"),
        pytest.param("COPY <<a.txt <<b.txt /\n1\na.txt\n2\nb.txt\n", ("1", "2"), 7, id="COPY"),
        pytest.param("ADD <<E /e\nE\n", ("",), 4, id="ADD, an empty one"),
        pytest.param("ONBUILD RUN <<E\n1\nE\n", ("1",), 5, id="ONBUILD"),
        pytest.param("RUN <<EOF\r\n1\r\nEOF\r\n", ("1",), 5, id="CRLF"),
        pytest.param("RUN cat <<<EOF\n", (), 3, id="a here-string is none"),
        pytest.param("RUN cat <<< EOF\n", (), 3, id="a here-string with a blank"),
        pytest.param('RUN echo "<<EOF"\n', (), 3, id="in double quotes"),
        pytest.param("RUN echo 'a <<EOF b'\n", (), 3, id="in single quotes"),
        pytest.param("RUN cat<<EOF\n", (), 3, id="within a word"),
        pytest.param("RUN echo $((1 << 2))\n", (), 3, id="a shift"),
        pytest.param("RUN echo $((1<<x))\n", (), 3, id="a shift without blanks"),
        pytest.param('RUN ["echo", "<<EOF"]\n', (), 3, id="exec form"),
        pytest.param("CMD cat <<EOF\n", (), 3, id="CMD has none"),
        pytest.param("ENV A=<<EOF\n", (), 3, id="ENV has none"),
    ],
)
def test_heredocs(text: str, bodies: tuple[str, ...], after: int) -> None:
    read = parse(f"FROM x\n{text}WORKDIR /after\n")
    assert read.instructions[1].heredocs == bodies
    assert [(i.keyword, i.line) for i in read.instructions[2:]] == [("WORKDIR", after)]
    assert ("heredoc" in read.features()) == bool(bodies)


@pytest.mark.parametrize(
    ("head", "syntax", "value"),
    [
        pytest.param("# escape=`\n", None, "a b", id="backtick"),
        pytest.param("#escape = `  \n", None, "a b", id="blanks"),
        pytest.param("# ESCAPE=`\n", None, "a b", id="capitals"),
        pytest.param("# syntax=docker/dockerfile:1\n# escape=`\n", "docker/dockerfile:1", "a b"),
        pytest.param("# escape=`\n# syntax=docker/dockerfile:1\n", "docker/dockerfile:1", "a b"),
        pytest.param(f"{BOM}# escape=`\n", None, "a b", id="after a byte order mark"),
        pytest.param("# escape=`\r\n", None, "a b", id="CRLF"),
        pytest.param("# check=skip=all\n# escape=`\n", None, "a b", id="after check"),
        pytest.param("# a note\n# escape=`\n", None, None, id="after a comment it is one"),
        pytest.param("#\n# escape=`\n", None, None, id="after an empty comment"),
        pytest.param("\n# escape=`\n", None, None, id="after an empty line"),
        pytest.param("# who=me\n# escape=`\n", None, None, id="after a name nobody knows"),
        pytest.param("#!/bin/x\n# escape=`\n", None, None, id="after a shebang"),
        pytest.param("#!/bin/x\n# syntax=a/b\n", "a/b", None, id="a frontend behind a shebang"),
        pytest.param("# who=me\n# syntax=a/b\n", "a/b", None, id="a frontend that 20.10 finds"),
        pytest.param("# a note\n# syntax=a/b\n", None, None, id="no frontend: a comment"),
    ],
)
def test_directives(head: str, syntax: str | None, value: str | None) -> None:
    text = f"{head}FROM x\nRUN a `\n b\n"
    if value is None:
        with pytest.raises(BadInput, match="b is not a Dockerfile instruction"):
            parse(text)
        text = f"{head}FROM x\n"
    read = parse(text)
    assert read.syntax == syntax
    assert value is None or read.instructions[1].value == value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "the Dockerfile is empty"),
        ("# only a comment\n\n", "the Dockerfile is empty"),
        (BOM, "the Dockerfile is empty"),
        ("RUN a\n", "line 1: RUN stands before any FROM"),
        ("ARG A=1\n", "no FROM line"),
        ("FROM x\nRUNN a\n", "line 2: RUNN is not a Dockerfile instruction"),
        ("FROM x\n\n# note\nRUN a \\\n  b\npip install c\n", "line 6: pip is not"),
        ("FROM x\n[1]\n", "line 2: [1] is not"),
        ("FROM\u00a0x\n", "line 1: FROM\u00a0x is not"),
        ("FROM x\n" + "A" * 5000 + "\n", "is not a Dockerfile instruction"),
        ("FROM x\nRUN\n", "line 2: RUN needs at least one argument"),
        ("FROM\n", "line 1: FROM needs at least one argument"),
        ("FROM x y\n", "line 1: FROM takes IMAGE, or IMAGE AS NAME"),
        ("FROM x # why\n", "line 1: FROM takes IMAGE"),
        ("FROM x AS\n", "line 1: FROM takes IMAGE"),
        ("FROM x\nRUN <<EOF\na\n", "line 2: the heredoc <<EOF never ends"),
        ("FROM x\nRUN <<EOF\na\n EOF\n", "line 2: the heredoc <<EOF never ends"),
        ("FROM x\nRUN cat <<EOF>/x\na\nEOF\n", "line 2: the heredoc <<EOF>/x never ends"),
        ("# escape=x\nFROM x\n", "line 1: the escape character can be"),
        ("# escape=`\n# escape=`\nFROM x\n", "line 2: only one escape directive"),
        ("FROM x\nRUN a \\\n\nFROM y\n RUNN\n", "line 5: RUNN is not"),
        ("\x00FROM x", "is not a Dockerfile instruction"),
    ],
)
def test_what_cannot_be_a_dockerfile_is_named_with_its_line(text: str, wanted: str) -> None:
    with pytest.raises(BadInput) as error:
        parse(text)
    assert wanted in str(error.value)
    assert len(str(error.value)) < 200
    assert "\n" not in str(error.value)


def said_of(text: str) -> str:
    """What a refusal says behind the name of the word."""
    with pytest.raises(BadInput) as error:
        parse(text)
    return str(error.value).partition(" is not a Dockerfile instruction")[2]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *(("FORM", "FROM"), ("form", "FROM"), ("FROM:", "FROM"), ("RUNN", "RUN"), ("RNU", "RUN")),
        *(("CPY", "COPY"), ("COPPY", "COPY"), ("WORKDIT", "WORKDIR"), ("EVN", "ENV")),
        *(("ENTRY_POINT", "ENTRYPOINT"), ("VOLUMES", "VOLUME"), ("ANV", "ENV"), ("AUN", "RUN")),
    ],
)
def test_a_misspelt_instruction_is_told_which_is_meant(word: str, meant: str) -> None:
    for above in ("", "FROM a\n", "FROM a AS b\nONBUILD "):
        below = "FROM b\n" if "ONBUILD" in above else ""
        assert said_of(f"{above}{word} x\n{below}") == f": did you mean {meant}?"


@pytest.mark.parametrize(
    "line",
    [
        *("poetry==1.7.0", "pip cache purge", "cd app", "mkdir app", "useradd app", "cp a b"),
        *("export A=1", "&& pip install x", "echo a", "--with prod", "apt-get update", "x"),
    ],
)
def test_a_line_that_may_go_on_from_the_one_above_is_told_how(line: str) -> None:
    how = (
        ": if it goes on from the line above, that line must end with {}, and no comment behind it"
    )
    assert said_of(f"FROM a\nRUN b\n    {line}\n") == how.format("\\")
    assert said_of(f"FROM a\nRUN b && \\ # why\n    {line}\n") == how.format("\\")
    assert said_of(f"# escape=`\nFROM a\n{line}\n") == how.format("`")
    assert said_of(f"# no line above\n\n{line}\n") == ""


@pytest.mark.parametrize(
    ("start", "told"),
    [
        *(("python 3.11", True), ("python 3.11-slim", True), ("python 3.11 AS build", True)),
        *(("python: 3.11", True), ("python :3.11", True), ("python v3", True)),
        *(("python AS", False), ("python as 3 x y", False), ("python slim", False)),
        *(("python # 3.11", False), ("python AS my build", False), ("python is 3", False)),
    ],
)
def test_a_version_behind_a_blank_is_told_of_the_colon(start: str, told: bool) -> None:
    with pytest.raises(BadInput, match=r"line 2: FROM takes IMAGE, or IMAGE AS NAME") as error:
        parse(f"ARG A\nFROM {start}\n")
    assert ("a colon, and no blank, joins an image and its version" in str(error.value)) == told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("RUN --mount=type=cache,target=/x a", (("mount", "type=cache,target=/x"),)),
        ('RUN --mount="type=bind,target=/a b" a', (("mount", "type=bind,target=/a b"),)),
        ("COPY --link --from=b --chmod=755 a b", (("link", ""), ("from", "b"), ("chmod", "755"))),
        ("COPY --from=b \\\n  --chown=a:b a b", (("from", "b"), ("chown", "a:b"))),
        ("RUN\t--network=none\ta", (("network", "none"),)),
        ("RUN pip install --user a", ()),
        ("RUN -- a", ()),
    ],
)
def test_flags(text: str, wanted: tuple[tuple[str, str], ...]) -> None:
    read = parse(f"FROM x\n{text}\n").instructions[1]
    assert read.flags == wanted
    assert not read.value.startswith("--") or read.value == "-- a"
