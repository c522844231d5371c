"""docs/checks.md is what the code says, and what it shows as right or wrong is judged so."""

import shutil
import tomllib
from pathlib import Path

import pytest

from autograder import checks_page, places
from autograder.exercises import EXERCISES, Criterion
from autograder.facts.dockerfile import parse

CONTEXTS = places.project() / "tests/contexts"
CRITERIA = {c.id: c for exercise in EXERCISES.values() for c in exercise.criteria}
MOST_LINES = 14


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The parts of the course that the page is made of, to be spoiled."""
    for part in ("docs", "tests/contexts"):
        shutil.copytree(places.project() / part, tmp_path / part)
    return tmp_path


def test_the_page_is_what_the_checks_say() -> None:
    assert checks_page.stale(places.project()) == ""


def test_a_page_that_is_out_of_date_is_found(project: Path) -> None:
    path = project / checks_page.PAGE
    path.write_text(path.read_text().replace("point", "pint"))
    problem = "docs/checks.md is not what the checks say: ./course docs writes it"
    assert checks_page.stale(project) == problem
    path.unlink()
    assert checks_page.stale(project) == problem
    path.write_text(checks_page.page(project))
    assert checks_page.stale(project) == ""


def test_an_example_that_changed_makes_it_out_of_date(project: Path) -> None:
    example = project / "tests/contexts" / CRITERIA["poetry-pinned"].about.wrong
    with (example / "Dockerfile").open("a") as file:
        file.write("EXPOSE 8000\n")
    assert checks_page.stale(project) != ""


@pytest.mark.parametrize("check", CRITERIA.values(), ids=CRITERIA)
def test_the_examples_are_judged_as_the_page_says(check: Criterion) -> None:
    about = check.about
    for case, outcome in ((about.right, "passed"), (about.wrong, "failed")):
        verdict = tomllib.loads((CONTEXTS / case / "verdict.toml").read_text())
        assert verdict["checks"][check.id] == outcome, case
        text = (CONTEXTS / case / "Dockerfile").read_text()
        assert len(parse(text).instructions) > 3
        assert len(text.splitlines()) <= MOST_LINES, f"{case} is too long to be shown whole"
    failing = tomllib.loads((CONTEXTS / about.wrong / "verdict.toml").read_text())["checks"]
    assert "passed" in failing.values(), "the wrong example is wrong in this, not in everything"


@pytest.mark.parametrize("check", CRITERIA.values(), ids=CRITERIA)
def test_every_check_has_its_section(check: Criterion) -> None:
    page = checks_page.page(places.project())
    section = page.partition(f"## `{check.id}`\n")[2].partition("\n## ")[0]
    for part in ("**Demands.** ", "**Why.** ", "**Right:** ", "**Wrong:** ", "cannot see**\n\n- "):
        assert section.count(part) == 1, part
    for slug, exercise in EXERCISES.items():
        uses = check.id in {c.id for c in exercise.criteria}
        assert (f"in `{slug}`" in section) == uses
    assert section.count("```dockerfile\nFROM ") + section.count("```dockerfile\nARG ") == 2


def test_links_lead_somewhere() -> None:
    page = checks_page.page(places.project())
    for target in (part.partition(")")[0] for part in page.split("](")[1:]):
        assert (places.project() / "docs" / target).exists(), target


def test_the_readme_links_to_it() -> None:
    assert "(docs/checks.md)" in (places.project() / "README.md").read_text()
