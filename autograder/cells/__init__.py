"""What a graded notebook imports. Inside IPython, importing it also makes `%%dockerfile` known."""

from IPython.core.getipython import get_ipython

from autograder.cells.answer import dockerfile
from autograder.cells.building import Build, build, build_exercise
from autograder.cells.hints import hint
from autograder.cells.look import look
from autograder.cells.message import shorten_engine_errors
from autograder.cells.verdict import observe, require

__all__ = ["Build", "build", "build_exercise", "hint", "look", "observe", "require"]

_shell = get_ipython()
if _shell is not None:
    # traitlets' wrapper hides that `self` is bound already.
    _shell.register_magic_function(dockerfile, "cell")  # type: ignore[arg-type]
    shorten_engine_errors(_shell)
