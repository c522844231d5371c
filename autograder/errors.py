"""What a person is told when something cannot go on: one clear line and an exit code."""


class CourseError(Exception):
    """Something that stops a command; its text is the one line the user reads."""

    exit_code = 2


class BadInput(CourseError):
    """What the user gave cannot be used: a missing file, a bad argument, a syntax error."""

    exit_code = 2


class NotJudged(CourseError):
    """No verdict is possible, through no fault of the learner: engine, index or disk."""

    exit_code = 3


class NoTimeLeft(NotJudged):
    """A look at what was built was ended by us, as there was no more time for it."""


class EngineUnavailable(NotJudged):
    """No Docker engine answers, and none of our own could be started."""
