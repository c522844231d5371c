"""What a check's own file says about it: what it takes, and the words that no docstring has."""

from dataclasses import dataclass

from autograder.facts.observation import Evidence


@dataclass(frozen=True)
class About:
    """Why a check is worth its points, and how far it can be trusted.

    right, wrong: hand-ins under tests/contexts, as `step/case`, that pass and that fail it.
    cannot_see: what passes and should not (which forgeries remain, and what would catch them), and
        what may fail and should not; one thing each, for a list.
    needs: what has to be observed beside the first build, the rebuild and its app's answer.
    """

    why: str
    right: str
    wrong: str
    cannot_see: tuple[str, ...]
    needs: frozenset[Evidence] = frozenset()
