"""The words that more than one door says, and that one door looks for in what another said."""

from autograder.hand_in import NO_DOCKERFILE

__all__ = ["NOT_BUILT", "NOT_JUDGED", "NO_DOCKERFILE"]

NOT_JUDGED = "not judged: "
"""How a cell begins that has no verdict, through no fault of the learner."""

NOT_BUILT = "the build did not succeed: see the build cell"
"""What every cell after a failed build says."""
