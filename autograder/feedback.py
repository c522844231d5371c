"""The words that more than one door says, and that one door looks for in what another said."""

NOT_JUDGED = "not judged: "
"""How a cell begins that has no verdict, through no fault of the learner."""

NOT_BUILT = "the build did not succeed: see the build cell"
"""What every cell after a failed build says."""

NO_DOCKERFILE = "there is no Dockerfile yet: write one in the cell above and run that cell"
"""What the build cell says to an untouched notebook."""
