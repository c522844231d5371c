"""The Poetry that installed the dependencies is the one version that the course asks for."""

from autograder.checks.app_environment import app_environments, missing_dependencies
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

_NEXT = (
    "name one exact version of Poetry where you install it, so that a rebuild next year gets it too"
)


def poetry_is_pinned(seen: Observation) -> Outcome:
    """The app's direct dependencies were installed by exactly the asked Poetry.

    Poetry signs what it installs in each package's INSTALLER file. The index offers newer Poetry
    versions, so a loose specifier ends with another signature.
    """
    image = seen.first.image
    assert image is not None, "checks run on images that were built"
    environments = app_environments(seen, image)
    if not environments:
        return missing_dependencies(seen)
    wanted = f"Poetry {seen.asked.poetry}"
    for environment in environments:
        here = environment.distributions
        signers = {here[name].installer for name in seen.asked.direct if name in here}
        others = sorted(signers - {wanted})
        if others and wanted in signers and others == ["pip"]:
            continue  # pip had put a package there before; Poetry found it satisfied
        if others == ["pip"]:
            return _by_pip(seen, environment.path)
        if others:
            who = others[0] if others[0].startswith("Poetry") else f"“{others[0] or 'nothing'}”"
            where = f" in {environment.path}" if len(environments) > 1 else ""
            return failed(
                seen=f"{who} installed the dependencies{where}, not {wanted}",
                try_next=_NEXT,
                line=_line_of_poetry(seen),
            )
    return passed(seen=f"{wanted} installed the dependencies, though newer versions are on offer")


def _by_pip(seen: Observation, path: str) -> Outcome:
    exported = seen.exporting_poetry
    if exported == seen.asked.poetry:
        return passed(seen=f"Poetry {exported} exported the dependencies that pip installed")
    if exported is not None:
        return failed(
            seen=f"pip installed what Poetry {exported} exported, not Poetry {seen.asked.poetry}",
            try_next=_NEXT,
            line=_line_of_poetry(seen),
        )
    return failed(
        seen=f"the dependencies in {path} were installed by pip, not by Poetry",
        try_next="let Poetry install them from poetry.lock",
    )


def _line_of_poetry(seen: Observation) -> int | None:
    """Where the Dockerfile installs Poetry: a hint for the reader, not the verdict."""
    for stage in seen.dockerfile.needed_stages():
        for row in stage.instructions:
            text = " ".join((row.value, *row.heredocs))
            if row.keyword == "RUN" and "poetry" in text.partition("install")[2]:
                return row.line
    return None
