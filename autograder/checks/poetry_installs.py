"""Poetry installed the dependencies, whichever version of it."""

from autograder.checks.about import About
from autograder.checks.app_environment import app_environments
from autograder.checks.missing import missing_dependencies
from autograder.checks.signatures import by_a_stranger, not_by_poetry, signers, told
from autograder.facts.image import SILENT_INSTALLERS, Environment
from autograder.facts.observation import Evidence, Observation
from autograder.outcome import Outcome, passed

ABOUT = About(
    why="One tool should say what the app needs, solve which versions fit together, and install"
    " them. Where Poetry does the first two and something else the third, there are two lists to"
    " keep, and one day they differ.",
    right="step-2-poetry/export-and-pip",
    wrong="step-2-poetry/poetry-beside-pip",
    cannot_see=(
        "A forged signature. Poetry signs a package in a file, INSTALLER, of its dist-info"
        " folder, and a RUN line can write it over what pip wrote there.",
        "Half an export. Where pip or uv installed, a note taken during one more build tells"
        " whether a Poetry ran, and another lock whether they did what it said. That lock differs"
        " in one dependency: who has Poetry export that one, and names the others by hand, passes.",
        "An export for show beside versions of one's own (they fail `dependencies-locked`).",
        "An install by hand that a Poetry found in place and left there, if that Poetry would"
        " have put it right.",
    ),
    needs=frozenset({Evidence.POETRY_RUNS}),
)


def poetry_installs_dependencies(seen: Observation) -> Outcome:
    """Poetry installed the app's direct dependencies, or told pip or uv to: any version of Poetry.

    Poetry signs what it installs in each package's INSTALLER file. What pip or uv signed counts if
    `poetry export` wrote the list, or if Poetry itself had pip do the work.
    """
    image = seen.first.image
    assert image is not None, "checks run on images that were built"
    environments = app_environments(seen, image)
    if not environments:
        return missing_dependencies(seen)
    for environment in environments:
        others = {who for who in signers(seen, environment) if not who.startswith("Poetry ")}
        if others - SILENT_INSTALLERS:
            return by_a_stranger(min(others - SILENT_INSTALLERS))
        if others and not _told_by_poetry(seen, environment):
            return not_by_poetry(seen, environment)
    who = " and ".join(sorted(signers(seen, environments[0])))
    by_itself = all(part.startswith("Poetry ") for part in signers(seen, environments[0]))
    return passed(seen=f"{who} installed the dependencies{'' if by_itself else ', as Poetry said'}")


def _told_by_poetry(seen: Observation, environment: Environment) -> bool:
    """Whether pip or uv did what a Poetry said.

    Beside Poetry's own signature they may only have installed an export: one Poetry does not sign
    some packages and let pip install the others.
    """
    did, versions = told(seen, environment)
    alone = signers(seen, environment) <= SILENT_INSTALLERS
    return bool(versions) and (alone or did == "exported")
