"""Two images of the same Dockerfile, built at two dates of the package index."""

from autograder import pictures
from autograder.evidence.environments import environments
from autograder.facts.image import Environment
from autograder.index import CUTOFF
from autograder.lessons.build import Build, no_image
from autograder.lessons.message import in_one_line
from autograder.pictures import Installed, Picture


def time_travel(then: Build, now: Build) -> Picture:
    """Which Poetry, and which of the app's packages, each image holds."""
    for build in (then, now):
        if not build.facts.succeeded:
            return no_image(build)
    names = ("poetry", *then.packages)
    engine, helper = then.offer.engine, then.offer.helper
    with in_one_line():
        found = environments(engine, [then.tag, now.tag], names, helper)
    before, after = (
        Installed(build.name, versions(rows, names), CUTOFF[build.date].date())
        for build, rows in zip((then, now), found, strict=True)
    )
    return pictures.time_travel(before, after, names[:4])


def versions(found: tuple[Environment, ...], names: tuple[str, ...]) -> dict[str, str]:
    """The version of each package: in the environment that holds the most of them, else anywhere.

    Poetry has packages of its own, in an environment of its own, under the same names.
    """
    most_first = sorted(found, key=lambda environment: -len(environment.distributions))
    return {
        name: environment.distributions[name].version
        for environment in reversed(most_first)
        for name in names
        if name in environment.distributions
    }
