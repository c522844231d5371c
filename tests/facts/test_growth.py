"""A few lines that ask for more text than there is memory, and many that do not."""

import pytest

from autograder.errors import BadInput
from autograder.facts.dockerfile import parse

START = "FROM x AS s0\nENV A=" + "x" * 1000 + "\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(START + "ENV A=$A$A\n" * 22, id="ENV"),
        pytest.param(START + "ENV A $A$A\n" * 22, id="ENV without ="),
        pytest.param(START + 'ENV A="${B:-${A}$A}"\n' * 22, id="a default"),
        pytest.param(START + "ENV A=${A//x/$A}\n" * 3, id="a replacement"),
        pytest.param(START + "ARG A=$A$A\n" * 22, id="ARG"),
        pytest.param(
            START + "".join(f"FROM s{n} AS s{n + 1}\nENV A=$A$A\n" for n in range(22)),
            id="a stage for each",
        ),
        pytest.param(START + "ONBUILD ENV A=$A$A\n" * 22 + "FROM s0\n", id="ONBUILD"),
        pytest.param("FROM x\nENV A=" + "x" * 60_000 + "\nLABEL A=" + "$A" * 2_000, id="LABEL"),
        pytest.param("FROM x\nENV A=" + "x" * 60_000 + "\n" + "RUN x\n" * 2_000, id="steps"),
        pytest.param(
            "FROM x AS a\n" + "".join(f"ENV A{n}=1\n" for n in range(9_000)) + "FROM a\n" * 99,
            id="copies",
        ),
    ],
)
def test_it_grows_beyond_all_measure(text: str) -> None:
    with pytest.raises(BadInput, match="longer than 64,000,000 characters"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM x\n" + "RUN echo $PATH ${VERSION/./-}\n" * 5_000,
        "FROM x\n" + "ENV PATH=/a:$PATH\n" * 100 + "RUN x\n" * 100,
        "FROM x\nENV A=${B//./-} C=${D#v} " + "x=y " * 500 + "\n" + "RUN x\n" * 300,
        "FROM x\nENV A\nARG\tB\n",
    ],
)
def test_what_may_be_meant_is_read(text: str) -> None:
    parse(text)
