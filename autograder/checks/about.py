"""What a check's own file says about it: the words of docs/checks.md that no docstring has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """Why a check is worth its points, and how far it can be trusted.

    right, wrong: hand-ins under tests/contexts, as `step/case`, that pass and that fail it.
    cannot_see: what passes and should not, which forgeries remain, and what would catch them.
    """

    why: str
    right: str
    wrong: str
    cannot_see: str
