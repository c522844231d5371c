"""What a hand-in's source was changed to when it was rebuilt before.

An image that was made then is in the engine's cache: its app can be asked while the hand-in is
rebuilt. It holds a random value as well as any other, one that its Dockerfile could not know: with
another Dockerfile, or another file of the learner's, it is another hand-in. No verdict is kept.
"""

import hashlib
import json
import re
import secrets
from contextlib import suppress
from pathlib import Path

from autograder.evidence.material import Material

MOST_KEPT = 200
_NONCE = re.compile(r"[0-9a-f]{16}")


def new_nonce() -> str:
    """A random value that no source was changed to before."""
    return secrets.token_hex(8)


def recall(file: Path | None, material: Material) -> str | None:
    """The nonce that was remembered for a hand-in in this exercise, or None."""
    return _kept(file).get(_key(material)) if file else None


def remember(file: Path | None, material: Material, nonce: str) -> None:
    """Keep a nonce for a hand-in, and of all that are kept the latest; without a file keep nothing.

    What cannot be written is only forgotten.
    """
    if file is None:
        return
    kept, key = _kept(file), _key(material)
    kept.pop(key, None)
    rows = [*kept.items(), (key, nonce)][-MOST_KEPT:]
    written = file.with_name(f".{nonce}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps(dict(rows)), encoding="ascii")
        written.replace(file)
    with suppress(OSError):
        written.unlink(missing_ok=True)


def _kept(file: Path) -> dict[str, str]:
    """What is kept in a file; what is no nonce is not."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    rows = found.items() if isinstance(found, dict) else ()
    return {key: text for key, text in rows if isinstance(text, str) and _NONCE.fullmatch(text)}


def _key(material: Material) -> str:
    """The same for equal hand-ins in an exercise that has not changed."""
    every = material.fingerprint, sorted(material.files.items())
    return hashlib.sha256(repr(every).encode()).hexdigest()[:32]
