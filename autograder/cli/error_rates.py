"""How often the checks are wrong, from what tests/test_contexts.py recorded."""

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.cli.stages import Result

FILE = "error-rates.md"
STAGES = ("contexts", "other-engines")
"""The stages whose JUnit files tell of hand-ins that were judged."""

COLUMNS = ("right", "false fails", "wrong", "false passes", "not judged", "otherwise wrong")
_HEAD = """\
# Error rates

Each hand-in of `tests/contexts/` says which verdict every check must reach. Counted here is what
the checks said, by engine, builder and check. *right*: hand-ins that must pass; *wrong*: those that
must fail; *not judged*: nobody's fault, and no verdict; *otherwise wrong*: a verdict where there
must be none, none where there must be one, or a test that broke before it had one.
"""


@dataclass(frozen=True)
class Judged:
    """One hand-in judged on one engine: each check's expected and actual outcome, by its id."""

    engine: str
    expected: dict[str, str]
    got: dict[str, str]


def write_error_rates(results: Sequence[Result], artefacts: Path) -> str:
    """Write the table from the stages that ran; the line that sums it up."""
    ran = [result.name for result in results if result.name in STAGES and result.log]
    judged = [one for name in ran for one in read(artefacts / f"{name}.xml")]
    line = total(judged)
    (artefacts / FILE).write_text(f"{_HEAD}\n{table(judged)}\n{line}\n", encoding="utf-8")
    return line


def read(junit: Path) -> Iterator[Judged]:
    """The hand-ins of a JUnit file; none where the stage ended before it wrote one."""
    try:
        cases = list(ET.parse(junit).getroot().iter("testcase"))
    except (OSError, ET.ParseError):
        return
    for case in cases:
        told = {row.get("name"): row.get("value", "") for row in case.iter("property")}
        if "expected" in told:
            got = json.loads(told.get("got", "{}"))
            yield Judged(told.get("engine", ""), json.loads(told["expected"]), got)


def table(judged: Iterable[Judged]) -> str:
    """The counts as Markdown: a row for each engine and check, in the order they came."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for one in judged:
        for check, wanted in one.expected.items():
            counts = rows.setdefault((one.engine, check), Counter())
            counts.update(kinds(wanted, one.got.get(check, "")))
    head = f"| engine, builder | check | {' | '.join(COLUMNS)} |"
    lines = [head, f"|---|---|{'---:|' * len(COLUMNS)}"]
    for (engine, check), counts in rows.items():
        lines += [f"| {engine} | `{check}` | {' | '.join(str(counts[c]) for c in COLUMNS)} |"]
    return "\n".join((*lines, ""))


def kinds(expected: str, got: str) -> Iterator[str]:
    """The columns in which one verdict counts."""
    if expected == "passed":
        yield "right"
    if expected == "failed":
        yield "wrong"
    if got == "not_judged":
        yield "not judged"
    if got != expected:
        wrong = {("passed", "failed"): "false fails", ("failed", "passed"): "false passes"}
        yield wrong.get((expected, got), "otherwise wrong")


def total(judged: Sequence[Judged]) -> str:
    """One line: how many were judged, and how often a check was wrong."""
    if not judged:
        return "no hand-in was judged"
    counts = Counter(
        kind
        for one in judged
        for check, wanted in one.expected.items()
        for kind in kinds(wanted, one.got.get(check, ""))
    )
    verdicts = sum(len(one.got) for one in judged)
    others = counts["otherwise wrong"]
    return (
        f"{len(judged)} hand-ins × engines, {verdicts} verdicts:"
        f" {counts['false passes']} false passes, {counts['false fails']} false fails"
        + (f", {others} otherwise wrong" if others else "")
    )
