"""The hand-in without its packages, to see what the steps that ran again install by themselves.

`cp -r` and `touch` give a package's folder a new time as an install does. So the packages are taken
away just before the steps that ran again: what is there again at the end was installed by them.
"""

import base64

from autograder.evidence.stages import StageAgain

_SCRIPT = """
import os, re, shutil
names = set({names!r})
for folder, inside, _ in os.walk("/"):
    if folder == "/":
        inside[:] = [name for name in inside if name not in ("proc", "sys", "dev")]
    for name in [name for name in inside if name.endswith(".dist-info")]:
        inside.remove(name)
        if re.sub(r"[-_.]+", "-", name.partition("-")[0]).lower() in names:
            shutil.rmtree(os.path.join(folder, name))
"""


def without(text: str, stages: list[StageAgain], names: tuple[str, ...]) -> list[str]:
    """A Dockerfile's text that removes these packages before the first step that ran again.

    A stage that came from the cache loses them at its end: others may copy them from there.

    text: the Dockerfile as it is built, line for line.

    The answer is a list of the text's lines, each with what was added after it.
    """
    script = base64.b64encode(_SCRIPT.format(names=names).encode()).decode()
    remove = f'RUN ["python3", "-I", "-c", "import base64; exec(base64.b64decode(\'{script}\'))"]'
    lines = text.split("\n")
    for stage in stages:
        place = _place(stage)
        if place is not None:
            lines[place - 1] += f"\n{remove}"
    return lines


def _place(again: StageAgain) -> int | None:
    """After how many lines a stage's packages go; None where no step can take them away."""
    own = [row for row in again.stage.instructions if row.keyword != "ONBUILD"]
    lines = [step.line for step in again.steps if step.line in {row.line for row in own}]
    if lines:
        return min(line for line in lines if line) - 1
    runs = [row for row in own if row.keyword == "RUN"]
    return own[-1].end_line if runs and not (again.steps or again.downstream) else None
