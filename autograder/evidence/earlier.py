"""What a hand-in's source was changed to when it was rebuilt before.

An image that was made then is in the engine's cache: its app can be asked while the hand-in is
rebuilt. It holds a random value as well as any other, one that its Dockerfile could not know: with
another Dockerfile, or another file of the learner's, it is another hand-in. No verdict is kept.
"""

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


def recall(folder: Path | None, material: Material) -> str | None:
    """The nonce that was remembered for a hand-in, or None."""
    if folder is None:
        return None
    try:
        found = (folder / material.fingerprint).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    return found if _NONCE.fullmatch(found) else None


def remember(folder: Path | None, material: Material, nonce: str) -> None:
    """Keep a nonce for a hand-in, and of all hand-ins the latest; without a folder keep nothing.

    What cannot be written is only forgotten.
    """
    if folder is None:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / f".{nonce}"
        written.write_text(nonce, encoding="ascii")
        written.replace(folder / material.fingerprint)
        kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
