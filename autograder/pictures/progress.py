"""A build on its way, and how it ended: one small block that is drawn anew at every moment."""

from html import escape

from autograder.facts.build import BuildFacts, BuildFailure
from autograder.pictures.picture import BLUE, GREEN, MONO, ORANGE, framed, seconds_in_words

LOG_LINES = 8


def build_progress(step: int, steps: int, name: str, line: str, seconds: float) -> str:
    """Step k of n, what it is, what it last printed, and for how long the build has run."""
    share = 100 * max(step - 0.5, 0) / max(steps, 1)
    head = f"Step {step} of {steps}, {seconds:.0f} s" if steps else f"Starting, {seconds:.0f} s"
    return framed(f"{_meter(share, BLUE)}{escape(head)} {_code(name)}{_printed([line])}")


def build_ended(build: BuildFacts) -> str:
    """How the build ended; a failed one with its step, its Dockerfile line and its last words."""
    if build.failure:
        return framed(_meter(100, ORANGE) + _failed(build.failure))
    steps = [step for step in build.steps if not step.name.startswith("FROM ")]
    ran = sum(not step.cached for step in steps)
    told = f"Built in {seconds_in_words(build.seconds)}: {_share(ran, len(steps))}."
    return framed(_meter(100, GREEN) + told)


def _share(ran: int, steps: int) -> str:
    if ran == steps:
        return f"all {steps} steps ran"
    if not ran:
        return f"all {steps} steps came from the cache"
    return f"{ran} of {steps} steps ran, the others came from the cache"


def failure_in_words(failure: BuildFailure) -> str:
    """The failure as plain text."""
    where = f" at line {failure.line} of the Dockerfile" if failure.line else ""
    step = f": {failure.step}" if failure.step else ""
    return f"The build failed{where}{step}\n{failure.message}"


def _failed(failure: BuildFailure) -> str:
    first, _, message = failure_in_words(failure).partition("\n")
    said = _printed(list(failure.log[-LOG_LINES:]))
    return f"<strong>{escape(first)}</strong><br>{escape(message)}{said}"


def _meter(share: float, colour: str) -> str:
    track = "width: 240px; height: 4px; margin: 0 0 4px; background: rgba(128, 128, 128, .35)"
    inner = f"width: {share:.0f}%; height: 4px; background: {colour}"
    return f'<div style="{track}"><div style="{inner}"></div></div>'


def _code(text: str) -> str:
    flat = " ".join(text.split())
    return f'<span style="font-family: {escape(MONO)}">{escape(flat[:90])}</span>'


def _printed(lines: list[str]) -> str:
    """What the build printed, of bounded length; it is a stranger's text, and is only shown."""
    text = "\n".join(line[:160] for line in lines)
    style = f"font-family: {MONO}; white-space: pre-wrap; opacity: .75; min-height: 1.3em"
    return f'<div style="{escape(style)}">{escape(text)}</div>'
