"""What the app in an image answers, asked from another container on a private network."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.engine.client import Engine
from autograder.engine.sandbox import Sandbox
from autograder.errors import NotJudged
from autograder.facts.answer import AppAnswer

_SCRIPT = Path(__file__).with_name("ask_app.py")
ANSWER_SECONDS = 30.0


def answers(engine: Engine, images: list[str], port: int, helper: str) -> list[AppAnswer]:
    """Start every image's own command and GET / of each; one answer per image, in order."""
    names = [f"app{number}" for number in range(len(images))]
    with Sandbox(engine) as sandbox:
        with ThreadPoolExecutor(max_workers=len(images)) as pool:
            list(pool.map(sandbox.serve, images, names))
        command = ["python3", "-I", "-c", _SCRIPT.read_text(), str(ANSWER_SECONDS), str(port)]
        printed = sandbox.run(helper, command + names, ANSWER_SECONDS + 30)
        found = [row for row in printed.splitlines() if row.startswith("ANSWERED ")]
        if not found:
            raise NotJudged(f"the app could not be asked: {printed.strip()[-200:]}")
        rows = json.loads(found[-1][9:])
        return [_answer(rows.get(name), *sandbox.problem_of(name)) for name in names]


def _answer(row: list[object] | None, problem: str, logs: str) -> AppAnswer:
    if row is None:
        return AppAnswer(None, None, ANSWER_SECONDS, problem or "nothing answered in time", logs)
    status, text, seconds, last = row
    try:
        body = json.loads(str(text))
    except ValueError:
        body = None
    return AppAnswer(
        int(status) if isinstance(status, int) else None,
        body if isinstance(body, dict) else None,
        float(str(seconds)),
        problem or str(last),
        logs,
    )
