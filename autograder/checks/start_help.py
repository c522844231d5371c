"""What helps with a container that cannot start its program, in words: `silent` says which of them.

{name} is the program, module or user that the message names, {path} the folder that has it.
"""

from autograder.checks.step_help import Help

# How the start is written in the Dockerfile.
NO_START = Help(
    "say in the Dockerfile what a container starts",
    (
        "look for CMD: does the last stage have one?",
        "without CMD and ENTRYPOINT a container starts what its base image says: that of Python"
        " starts a prompt, which ends at once where nobody types",
        "end the Dockerfile with a CMD, as a list of words: first the server, last the app's name,"
        " {app}",
    ),
)
NO_LIST = Help(
    "write this list as Docker reads it: brackets, straight double quotes, commas",
    (
        "look at the brackets, quotes and commas of this line: does each word have a pair of quotes"
        " of its own, and is there a comma between any two?",
        "Docker reads a list only as JSON, with straight double quotes; it gives anything else to a"
        " shell, which takes the bracket for the start of a program's name",
        'type the line again, in the form ["one", "two", "three"]: single quotes and the bent'
        " quotes of a text program are no quotes of JSON",
    ),
)
ONE_STRING = Help(
    "give each word of the list its own quotes",
    (
        "look at the quotes in this line: where does the program's name end?",
        "a list is read by no shell: its first word is the program, blanks and all, and no program"
        " is called “{name}”",
        "put each word in quotes of its own, with no blank inside, and a comma between any two",
    ),
)
VARIABLE = Help(
    "see who puts a value in the place of a variable: in a list, nobody does",
    (
        "look at the dollar sign in this line: what does the program get in its place?",
        "a list is read by no shell, and so the program gets the variable's name as it is written",
        "write the value itself into the list; or leave the option out, where gunicorn.conf.py has"
        " it already",
    ),
)
NO_VALUE = Help(
    "line {line}: who gives {name} a value here?",
    (
        "look at {name} in line {line}: which value does it have in a container that is started"
        " with no more than the image?",
        "a shell puts nothing in the place of a variable that is not set, and so the program gets"
        " an empty word, or none. Where a guide leaves it out, its hosting service sets it; an ARG"
        " is known to the build alone",
        "give {name} a value that stays in the image, by an instruction above this line; or leave"
        " the option out, where gunicorn.conf.py has it already",
    ),
)
DROPPED = Help(
    "see what becomes of CMD beside an ENTRYPOINT like this one",
    (
        "look at ENTRYPOINT and at CMD: which of their words reach the program?",
        "an ENTRYPOINT without brackets is given to a shell, and CMD then counts for nothing",
        "write ENTRYPOINT as a list of words too: those of CMD follow them; or put all of them into"
        " CMD, and take ENTRYPOINT out",
    ),
)
AS_ARGUMENTS = Help(
    "see what this CMD gives to ENTRYPOINT",
    (
        "look at ENTRYPOINT and at CMD: which words does the program get?",
        "beside an ENTRYPOINT, CMD is its arguments; and a CMD without brackets is three words:"
        " /bin/sh, -c, and all the rest as one",
        "write CMD as a list of those words alone that follow the words of ENTRYPOINT; or take"
        " ENTRYPOINT out",
    ),
)
DOUBLED = Help(
    "see what ENTRYPOINT and CMD make together",
    (
        "look at ENTRYPOINT and at CMD: with which word does each of them begin?",
        "beside an ENTRYPOINT, CMD is its arguments and starts nothing of its own: the container"
        " runs `{name}`",
        "let one of the two alone name a program: either CMD holds only what follows the words of"
        " ENTRYPOINT, or ENTRYPOINT is taken out and CMD is the whole command",
    ),
)
LEFT_OUT_PROGRAM = Help(
    "which program serves the app? Its name comes before the app's",
    (
        "look at {name}, where a program is wanted: is it one?",
        "a command is a program and then what the program is told; poetry run wants a program too,"
        " and the name of an app is none",
        "the list of dependencies has a server: its name comes right before {app}",
    ),
)
BRINGS_NO_PROGRAM = Help(
    "which package of the list is a server? {name} brings no program of that name",
    (
        "{name} is installed, in {path}, and brings no program of that name: is it what serves the"
        " app, or what the app is written with?",
        "of the packages that are installed only some bring a program: a library is there to be"
        " imported; and a guide may be about a newer version, which has a program that this one has"
        " not",
        "the list of dependencies has a server, which comes with a program of its own name: start"
        " that one, with {app} as the last word",
    ),
)
RUN_FORGOTTEN = Help(
    "which of Poetry's commands starts a program?",
    (
        "look at the word after poetry: is it a command of Poetry?",
        "Poetry knows its own commands alone, such as install and run; the server is a program of"
        " the environment, and one of those commands starts it",
        "the word run comes between poetry and the program",
    ),
)
SPELLING = Help(
    "compare the program's name with that of its package, letter by letter",
    (
        "look at {name}: is that how the program is called?",
        "a program comes with a package, and most often has the package's name; none of the"
        " packages that the app asks for is called {name}",
        "compare it with the list of dependencies, and write it as it stands there",
    ),
)
# The program, or who starts it, is not there.
UNSTARTED = Help(
    "see what the message says of the program, the user or the folder that the container starts"
    " with",
    (
        "look at the message: which file, user or folder does it name?",
        "a container starts in the folder of WORKDIR, as the user of USER, with the program of"
        " CMD or ENTRYPOINT; the last stage must have all three",
        "find the line that gives that name, and the step that should make what it names;"
        " `docker run --rm -it --entrypoint sh my-app` opens a shell in the image, to look with ls",
    ),
)
NO_USER = Help(
    "which step makes the user that USER names?",
    (
        "look at USER: which step above it makes {name}?",
        "USER makes nobody: it chooses among those that the image knows, and a base image knows"
        " few, such as root",
        "make {name} in a RUN line above USER: Debian's images have useradd for that, or groupadd"
        " for a group",
    ),
)
MAY_NOT_RUN = Help(
    "see whether the file that the container starts may be run",
    (
        "look at {name}: may it be run, in Linux, by the user who starts the container?",
        "a file is started only if its mode has an x, and if the user may enter each folder of its"
        " path (/root is open to root alone); a program that was made for Windows is of no use",
        "start a program that a step of this Dockerfile installed; a script of your own gets its"
        " mode from chmod +x, or is started by its interpreter, sh or python and then its path",
    ),
)
MAY_NOT_REACH = Help(
    "see whether the user whom USER names may reach the file that the message names",
    (
        "look at {name}: whose is it, whose are the folders on the way to it, and who starts the"
        " container?",
        "the file may be there: a user opens it only if its mode lets them, and if they may enter"
        " each folder of its path. /root is open to root alone; and a file that COPY brings is"
        " root's, with the mode that it had",
        "have what all need in a folder that all may enter: install it outside of a home folder"
        " (a virtual environment in a folder of its own, say), or into the home of that very user,"
        " with --chown at the COPY; chmod mends the mode of a single file",
    ),
)
NOT_THERE = Help(
    "which step makes the file that the message names, and in which folder?",
    (
        "look at {name}: which step makes this file, at this very path?",
        "a container finds what the steps of its last stage left there; a path without a slash at"
        " its front counts from WORKDIR",
        "where pip installs for the image's own Python, the bare name of the program is enough;"
        " where it installs into a virtual environment, the program is in that folder's bin",
    ),
)
NOT_THERE_BY_POETRY = Help(
    "which step makes the file that the message names, and in which folder?",
    (
        "look at {name}: which step makes this file, at this very path?",
        "Poetry makes its environment in its cache folder, and not as .venv in the project's,"
        " unless a setting that is there before the install says so; and the image is the last"
        " stage alone",
        "have poetry run start the program by its bare name: it knows where the environment is; or"
        " set POETRY_VIRTUALENVS_IN_PROJECT to true above the install, and .venv lies beside the"
        " pyproject.toml that Poetry read",
    ),
)
MOVED = Help(
    "see whether the Python of that program's first line is there",
    (
        "look at the file that the message names: is it there, and is the Python there that it"
        " starts with?",
        "the programs of a virtual environment name their Python by its full path, in their first"
        " line: at another path, or where that Python is not, none of them starts",
        "copy the environment to the very path where it was made, in an image whose Python stands"
        " where it stood then; or install it anew there",
    ),
)
SCRIPT = Help(
    "see which program the first line of that file names, and how its lines end",
    (
        "look at the first line of {name}: which program does it name, and is that in the image?",
        "after #! Linux reads the path of a program, to the end of the line; a file that was"
        " written in Windows has one more, invisible sign there, and no program is called so",
        "save the file with the line ends of Linux (LF), which the editor's status line or its"
        " settings show; or write after #! where the program is in this image",
    ),
)
_SEE_PATH = "see which step installs the program, and whether PATH names the folder it went to"
_WHICH_PROGRAM = (
    "look at the first word of CMD: which step installs that program, and into which folder?"
)
NO_PROGRAM = Help(
    _SEE_PATH,
    (
        _WHICH_PROGRAM,
        "a container looks for its program in the folders of PATH; what is installed into a virtual"
        " environment is not there, unless PATH names its bin folder; and a COPY of site-packages"
        " brings packages without their programs",
        "start it by its full path, with the environment's bin folder before its name, or set PATH"
        " to begin with that folder; a program comes with the package of its name",
    ),
)
NO_PROGRAM_OF_POETRY = Help(
    _SEE_PATH,
    (
        _WHICH_PROGRAM,
        "a container looks for its program in the folders of PATH; what Poetry installs into a"
        " virtual environment is not there, unless Poetry runs it or PATH names its bin folder",
        "start it as poetry run and the program, or by its full path, with the environment's bin"
        " folder before its name; or set PATH to begin with that folder",
    ),
)
NO_POETRY = Help(
    "is Poetry in the last stage, and in a folder that PATH names?",
    (
        "look at the last stage: which of its steps installs Poetry, and into which folder?",
        "the image is the last stage alone, and its programs are found in the folders of PATH; what"
        " another stage installed for itself is not there",
        "start the server itself, by its path in the environment that the last stage has; or have"
        " pip install Poetry in the last stage too",
    ),
)
COMMAND_IN_ENV = Help(
    "write the path itself into ENV: it runs no command",
    (
        "look at the value in this ENV line: which text does the variable get?",
        "ENV runs no command: what stands in $( ) or between backticks goes into the variable as it"
        " is written",
        "choose the folder of the environment before the install, by a setting of Poetry or with"
        " python -m venv, and write its bin folder here in plain letters",
    ),
)
OTHER_ENVIRONMENT = Help(
    "compare the user, the folder and the settings of Poetry in the install step with those at the"
    " start",
    (
        "{name} is installed, in {path}: which environment does Poetry use when the container"
        " starts?",
        "Poetry makes one environment for each user and for each folder with a pyproject.toml, in a"
        " place that its settings choose (virtualenvs.create, virtualenvs.in-project)",
        "let all three be the same for the install as at the start: put USER (one with a home"
        " folder), the WORKDIR with pyproject.toml, and the ENV of Poetry's settings above the"
        " install",
    ),
)
