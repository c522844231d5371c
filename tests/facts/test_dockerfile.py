"""The Dockerfile as data. What it must read, and how, was compared with BuildKit's own answers."""

import contextlib
import time

import pytest

from autograder.errors import BadInput
from autograder.facts.dockerfile import Base, expand, parse

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


@pytest.mark.parametrize(
    ("reference", "repository", "tag", "digest"),
    [
        ("python", "python", "", None),
        ("python:3.11-slim", "python", "3.11-slim", None),
        ("reg.example:5000/a/python:3.11", "reg.example:5000/a/python", "3.11", None),
        ("reg.example:5000/python", "reg.example:5000/python", "", None),
        ("python@sha256:ab", "python", "", "sha256:ab"),
        ("python:3.11@sha256:ab", "python", "3.11", "sha256:ab"),
    ],
)
def test_base(reference: str, repository: str, tag: str, digest: str | None) -> None:
    base = Base(reference, 1)
    assert (base.repository, base.tag, base.digest) == (repository, tag, digest)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FROM python:3.11", "python:3.11"),
        ("from python:3.11 as Build", "python:3.11"),
        ("FROM --platform=linux/amd64 python:3.11", "python:3.11"),
        ("FROM --platform=$BUILDPLATFORM python:3.11 AS a", "python:3.11"),
        ("FROM\tpython:3.11\tAS\ta", "python:3.11"),
        ("FROM \\\n  python:3.11 \\\n AS a", "python:3.11"),
        ('FROM "python:3.11"', "python:3.11"),
        ("ARG V=3.11\nFROM python:$V", "python:3.11"),
        ("ARG V=3.11\nFROM python:${V}-slim", "python:3.11-slim"),
        ('ARG V="3.11"\nFROM python:$V', "python:3.11"),
        ("ARG I=python V='3.11'\nFROM $I:$V", "python:3.11"),
        ("ARG V=3.11\nARG I=python:$V\nFROM $I", "python:3.11"),
        ("FROM python:${V:-3.11}", "python:3.11"),
        ("ARG V\nFROM python:${V:-3.11}", "python:3.11"),
        ("ARG V\nFROM python:${V-3.11}", "python:3.11"),
        ("ARG V=\nFROM python:${V-3.11}", "python:"),
        ("ARG V=3.12\nFROM python:${V:-3.11}", "python:3.12"),
        ("ARG V=1\nFROM python:${V:+3.11}", "python:3.11"),
        ("FROM python${V:+:3.11}", "python"),
        ("ARG D=3.11\nFROM python:${V:-${D}}", "python:3.11"),
        ("ARG D=3\nFROM python:${V:-$D.11}", "python:3.11"),
        ("FROM python:$NOTHING", "python:"),
    ],
)
def test_the_base_image(text: str, wanted: str) -> None:
    (stage,) = parse(f"{text}\nRUN a\n").stages
    assert isinstance(stage.base, Base)
    assert stage.base.reference == wanted
    assert stage.base.line == 1 + text.count("ARG ")


def test_an_arg_of_a_stage_is_not_for_from() -> None:
    bases = parse("ARG V=3.11\nFROM python:$V\nARG V=3.12\nFROM python:$V\n").stages
    assert [getattr(stage.base, "reference", "") for stage in bases] == ["python:3.11"] * 2


def needed(text: str) -> tuple[list[int], list[str]]:
    read = parse(text)
    return (
        [stage.index for stage in read.needed_stages()],
        [base.reference for base in read.needed_bases()],
    )


@pytest.mark.parametrize(
    ("text", "stages", "bases"),
    [
        pytest.param("FROM a\nFROM b\n", [1], ["b"], id="an unused stage"),
        pytest.param("FROM a AS x\nFROM x\n", [0, 1], ["a"], id="from a stage"),
        pytest.param("FROM a AS X\nFROM x\n", [0, 1], ["a"], id="names have no case"),
        pytest.param("FROM a AS x\nFROM b\nCOPY --from=x / /\n", [0, 1], ["a", "b"], id="name"),
        pytest.param('FROM a AS x\nFROM b\nCOPY --from="x" / /\n', [0, 1], ["a", "b"], id="quotes"),
        pytest.param("FROM a\nFROM b\nCOPY --from=0 / /\n", [0, 1], ["a", "b"], id="number"),
        pytest.param("FROM a\nCOPY --from=c:1 / /\n", [0], ["a", "c:1"], id="image"),
        pytest.param("FROM a\nFROM b\nRUN --mount=from=0 x\n", [1], ["b", "0"], id="no number"),
        pytest.param(
            "FROM a AS x\nFROM b\nRUN --mount=type=bind,from=x,target=/m c\n",
            [0, 1],
            ["a", "b"],
            id="mount",
        ),
        pytest.param("FROM a AS x\nFROM b\nRUN --mount=From=X,target=/m c\n", [0, 1], ["a", "b"]),
        pytest.param(
            "FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x / /\n",
            [1, 2],
            ["b", "c"],
            id="the last of a name",
        ),
        pytest.param(
            "FROM a AS x\nFROM x AS x\nFROM x\n", [0, 1, 2], ["a"], id="a name of its own base"
        ),
        pytest.param("FROM python AS python\nRUN a\n", [0], ["python"], id="named as its image"),
        pytest.param("FROM a AS x\nFROM scratch\nCOPY --from=x / /\n", [0, 1], ["a"], id="scratch"),
        pytest.param("FROM a\nCOPY --from=1 / /\n", [0], ["a", "1"], id="a number too high"),
        pytest.param("FROM a\nCOPY --from=\u00b2 / /\n", [0], ["a", "\u00b2"], id="no digit"),
        pytest.param(
            "FROM a AS x\nFROM b AS y\nCOPY --from=x / /\nFROM c\nCOPY --from=y / /\n",
            [0, 1, 2],
            ["a", "b", "c"],
            id="a chain",
        ),
    ],
)
def test_what_the_final_image_needs(text: str, stages: list[int], bases: list[str]) -> None:
    assert needed(text) == (stages, bases)


def test_features_name_their_first_line() -> None:
    text = "FROM x\nRUN --mount=type=cache,target=/c a\nCOPY --link --chmod=1 a b\nRUN <<E\nE\n"
    assert parse(text).features() == {"mount": 2, "link": 3, "chmod": 3, "heredoc": 4}


MEGABYTE = 900_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FROM x\n" + "RUN a \\\n  && b\n" * 2500, id="5,000 lines"),
        pytest.param("FROM x\nRUN a \\\n" + "b \\\n" * 2500, id="one instruction"),
        pytest.param("#a=b" + " " * MEGABYTE + "c\nFROM x\n", id="a directive of blanks"),
        pytest.param("FROM " + "${a-" * 200_000 + "\n", id="braces that do not close"),
        pytest.param("ARG A=xxxxxxxx\n" + "ARG A=$A$A$A$A\n" * 60 + "FROM $A\n", id="laughs"),
        pytest.param("FROM x\nRUN " + "[" * MEGABYTE + " <<x\nx\n", id="brackets"),
        pytest.param("FROM x\nRUN <<x " + "\"'" * 200_000 + "\nx\n", id="quotes"),
    ],
)
def test_it_takes_no_time(text: str) -> None:
    """A hand-in must not stop its grader. The processor's time: others may load the machine."""
    began = time.process_time()
    with contextlib.suppress(BadInput):
        parse(text)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a$", "a$"),
        ("$A$B", "12"),
        ("${A}${B}", "12"),
        ("${A", "${A"),
        ("${}", "${}"),
        ("${C:-x$A}", "x1"),
        ("${C:-${D:-${A}}}", "1"),
        ("${A%1}", "${A%1}"),
        ("'$A'\"b\"", "1b"),
    ],
)
def test_expand(text: str, wanted: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == wanted
