"""What the app in an image answers, asked from another container on a private network."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

from autograder.engine.client import Engine
from autograder.engine.sandbox import Sandbox
from autograder.errors import NotJudged
from autograder.evidence.material import ASKED, TOLD
from autograder.facts.answer import AppAnswer, Imported
from autograder.limits import LIMITS

_SCRIPT = Path(__file__).with_name("ask_app.py")
_NAME = "app"


def answer_of(engine: Engine, image: str, port: int, helper: str) -> AppAnswer:
    """Start an image's own command and GET / of it."""
    with Sandbox(engine) as sandbox:
        sandbox.serve(image, _NAME)
        if sandbox.unstarted:
            return AppAnswer(None, None, 0.0, *sandbox.problem_of(_NAME))
        command = [
            "python3",
            "-I",
            "-c",
            _SCRIPT.read_text(),
            str(LIMITS.answer_seconds),
            str(port),
        ]
        token = secrets.token_hex(8)
        command += [_NAME, TOLD, f"{ASKED}: {token}"]
        printed = sandbox.run(helper, command, LIMITS.answer_seconds + 30)
        found = [row for row in printed.splitlines() if row.startswith("ANSWERED ")]
        if not found:
            raise NotJudged(f"the app could not be asked: {printed.strip()[-200:]}")
        return _answer(json.loads(found[-1][9:]), token, *sandbox.problem_of(_NAME))


def _answer(row: list[object], token: str, problem: str, logs: str) -> AppAnswer:
    """What an app answered and told; it told nothing where that was told to another request."""
    status, text, seconds, last, header = row
    told = _object(str(header)) or {}
    if told.get("asked") != token:
        told = {}
    return AppAnswer(
        int(status) if isinstance(status, int) else None,
        _object(str(text)),
        float(str(seconds)),
        problem or str(last),
        logs,
        str(told.get("nonce", "")),
        tuple(str(told.get("imports_from", "")).split(":")),
        dict(_imported(str(told.get("imported", "")))),
    )


def _imported(told: str) -> Iterator[tuple[str, Imported]]:
    """The packages that a changed source told of. It is a stranger's: what is none is left out."""
    for row in told.split(";"):
        name, *more = row.split("|")
        if len(more) == 3:
            yield name, Imported(more[0], tuple(more[1:]))


def _object(text: str) -> dict[str, object] | None:
    """A JSON object, or None. It is a stranger's: what is nested in it gives way to an ellipsis."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    return {key: "…" if isinstance(v, dict | list) else v for key, v in body.items()}
