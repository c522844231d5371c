"""The outcome where a build made no image."""

from autograder.facts.build import BuildFacts, BuildFailure
from autograder.outcome import Outcome, failed, not_judged

OFFER = "a build sees only the exercise's base images and the package index"


def unbuilt(build: BuildFacts, when: str = "") -> Outcome:
    """Failed for what the learner can mend, not judged for what the course cannot offer.

    when: which build it was, such as `after a source file changed, `.
    """
    failure = build.failure
    assert failure is not None, "asked only of builds that failed"
    if failure.kind == "base":
        seen = f"a base image cannot be had here: {failure.message[:200]}"
        return not_judged(seen=when + seen, try_next=OFFER)
    if failure.kind == "network":
        seen = f"a step wanted more than the course offers{_at(failure)}: {_last(failure)}"
        return not_judged(seen=when + seen, try_next=OFFER)
    if failure.kind == "disk":
        return not_judged(seen=f"{when}the engine's disk is full")
    if failure.kind == "timeout":
        return failed(
            seen=f"{when}{failure.message}{_at(failure)}",
            try_next="find the step that never ends: a server belongs in CMD, not in RUN",
            line=failure.line,
        )
    return failed(
        seen=f"{when}the build did not succeed{_at(failure)}: {_last(failure)}",
        try_next="mend this step first; nothing else can be judged without an image",
        line=failure.line,
    )


def _at(failure: BuildFailure) -> str:
    return f" at {_short(failure.step)}" if failure.step else ""


def _last(failure: BuildFailure) -> str:
    rows = [row.strip() for row in failure.log if row.strip()]
    return (rows[-1] if rows else failure.message)[:200]


def _short(step: str) -> str:
    flat = " ".join(step.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"
