"""What helps with a step that failed, by what it printed: for hints, never for a verdict."""

import re
from dataclasses import dataclass

from autograder.facts.build import BuildFailure


@dataclass(frozen=True)
class Help:
    """The next step for a learner, and three hints that climb."""

    try_next: str
    hints: tuple[str, ...]


# How BuildKit says that a file is not there to be copied, or mounted: then no step ran at all.
UNREAD = re.compile(r"failed to (?:compute cache key|calculate checksum)")
_FROM = re.compile(r"(?:COPY|RUN)(?:\s+--\S+)*?\s+--(?:from=|mount=\S*\bfrom=)")
_MEND = "fix this step first; nothing else can be judged without an image"
_WHICH_PATH = (
    "look at the path that this line takes from another stage: which step of that stage makes it,"
    " and in which folder?"
)

FILES = Help(
    "see that every file in this line is there for the build",
    (
        "look at the names in this line: does every file stand in the folder of the Dockerfile?",
        "COPY, ADD and bind mounts take files of the build context: what lies beside the"
        " Dockerfile, is not in .dockerignore, and is spelled the same, letter by letter",
        "correct the name, or take it out of .dockerignore; a path starts at the Dockerfile's"
        " folder, and .. does not lead out of it",
    ),
)
_TAKEN = Help(
    "see where the other stage has what this line takes from it",
    (
        _WHICH_PATH,
        "--from takes what the other stage, or image, holds at its end, and reads the path from the"
        " root there, whatever its WORKDIR is; the files beside the Dockerfile are not meant",
        "write the whole path at which the other stage has it: build that stage alone (docker build"
        " --target and its name), and look into it with ls",
    ),
)
_VENV_TAKEN = Help(
    "see where the other stage has its virtual environment",
    (
        _WHICH_PATH,
        "a virtual environment stands where it was made: Poetry's in its cache folder, unless"
        " Poetry is told to make it in the project's; and --from reads a path from the root of the"
        " other stage",
        "set POETRY_VIRTUALENVS_IN_PROJECT to true, in small letters, above the install in that"
        " stage: then .venv lies beside the pyproject.toml that Poetry read",
    ),
)
STEP = Help(
    _MEND,
    (
        "look at what this step printed: the first line that tells of something wrong is where it"
        " began",
        "a step is a command as you type it in a terminal: what it needs, in files and programs,"
        " must be there from the steps above it",
        "copy the lines above this step to another file; build that in a terminal (docker build"
        " -f FILE -t try .), and try the command in it: docker run --rm -it try sh",
    ),
)
CHANGED = Help(
    _MEND,
    (
        "look at what this step does with the file that was changed: without the change it"
        " succeeded",
        "your image is rebuilt whenever its source or its lock file changes, so no step may count"
        " on the bytes or the versions of today",
        "take out of this step what names today's content: a checksum, a version that only one lock"
        " has, a patch of a line",
    ),
)

# What a step prints, from the plainest word on: the first that fits is taken.
PRINTED = (
    (
        r"exec: \"[^\"\s]*+\s[^\"]*+\"",
        Help(
            "give each word of the list its own quotes",
            (
                "look at the brackets: how many words does the list have?",
                "a list is read by no shell: its first word is the program, and each of the others"
                " is one argument, blanks and all",
                "put each word in quotes of its own, with a comma between them, or leave the"
                " brackets out",
            ),
        ),
    ),
    (
        r"\b(?:source|activate|conda|deactivate|pushd): (?:command )?not found"
        r"|can(?:'t|not) open \S*activate",
        Help(
            "find another way to use that environment: what a shell is told ends with its step",
            (
                "look at the word that was not found: is it a program, or a word of some shells?",
                "a RUN line is read by sh, which has no source; and what a step sets in its shell,"
                " an activated environment too, ends with that step",
                "ENV PATH, with the environment's bin folder at its front, holds for every step"
                " below it and for CMD: then nothing has to be activated",
            ),
        ),
    ),
    (
        r"Could not open requirements file",
        Help(
            "find the line that brings the file that this step reads",
            (
                "look at the name of the file in this step: which line above brings that file, and"
                " is it spelled the same? An app with pyproject.toml has no requirements.txt",
                "a step finds what the lines above it brought; a path without a slash at its front"
                " counts from WORKDIR, and a cd ends with its own RUN",
                "have COPY bring the file above this step, into the folder that WORKDIR names, and"
                " write its name here as it is written beside the Dockerfile",
            ),
        ),
    ),
    (
        r"could not find a pyproject\.toml",
        Help(
            "find the line that brings pyproject.toml before this step",
            (
                "look at the lines above this step: which of them brings pyproject.toml into the"
                " folder that the step runs in?",
                "Poetry reads pyproject.toml and poetry.lock in the folder of its step, which"
                " WORKDIR names; a step has only what the lines above it brought",
                "have COPY bring both files into that folder, above the install, and see that"
                " .dockerignore keeps neither of them out",
            ),
        ),
    ),
    (
        r"No file/folder found for package",
        Help(
            "see what this install wants beside the two files of Poetry",
            (
                "look at what poetry install does last: which package is it that it cannot find?",
                "of itself poetry install installs the project as well, and for that it needs the"
                " source, which is not in the image yet",
                "leave the project out of this install, which --no-root does, or bring the source"
                " by a COPY above it",
            ),
        ),
    ),
    (
        r"Group\(s\) not found",
        Help(
            "compare the group in this step with those of pyproject.toml",
            (
                "look at the name after --with, or --only: which groups does pyproject.toml have?",
                "a group has the name that stands in its table, [tool.poetry.group.NAME"
                ".dependencies]",
                "write that NAME after the option, letter by letter",
            ),
        ),
    ),
    (
        r"^Incompatible constraints in requirements of ",
        Help(
            "see what pyproject.toml says already of the package that this step adds",
            (
                "look at the rows of the message: which package do they name twice, and where does"
                " each of its versions come from?",
                "poetry add writes one more requirement into pyproject.toml: where a group has that"
                " package already, with other versions, nothing fits both",
                "nothing has to be added: take this command out, and have the install take the"
                " group that has the package, which poetry install --help tells how to do",
            ),
        ),
    ),
    (
        r"The requested command (?:export|shell) ",
        Help(
            "see which Poetry runs this step: not every one brings this command along",
            (
                "look at the message: which command is it that this Poetry does not have?",
                "Poetry 1 brought export and shell along; for Poetry 2 each of them is a plugin, a"
                " package of its own that is installed beside Poetry",
                "install the plugin in the step that installs Poetry, poetry-plugin- and the"
                " command's name; or name a Poetry that has the command; or let poetry install do"
                " the work",
            ),
        ),
    ),
    (
        r"The requested command|[Uu]nknown command|no such option|^Setting \S+ does not exist"
        r"|option does not exist|The option \"-\S*\" does not exist"
        r"|unrecognized \w+|unexpected argument|is not defined\.",
        Help(
            "check how this command and its options are spelled",
            (
                "look at the word that the message names: how does the tool itself spell it?",
                "tools change: a command or an option of an old guide may be gone, or not be there"
                " yet, in the version that you install",
                "put --help in place of the options for one build, read what the step prints, and"
                " take the word from there",
            ),
        ),
    ),
    (
        r"Unterminated quoted string|unexpected EOF while looking for matching",
        Help(
            "find the quote that is opened and never closed",
            (
                "look at the quotes of this step: which of them has no other?",
                "a shell reads from one quote to the next of its kind, over blanks and line ends",
                "write the same straight quote before the word and after it",
            ),
        ),
    ),
    (
        r"(?:exit|non-zero) code: 126\b",
        Help(
            "see whether the file that this step starts may be run",
            (
                "look at the file that the message names: may it be run?",
                "a file keeps the mode that it has beside the Dockerfile, and is started by its"
                " name only if that mode has an x",
                "start it by its interpreter, sh or python and then its path, or give it that mode:"
                " COPY has --chmod, and a step has chmod +x",
            ),
        ),
    ),
    (
        r"[Pp]ermission denied|not write-?able|Check the permissions",
        Help(
            "see which user runs this step, and whose the folder is that it writes to",
            (
                "look at the USER lines above this step: who runs it, and whose is the folder that"
                " the message names?",
                "what COPY and WORKDIR make belongs to root, whatever USER says; another user may"
                " read it, and not write there",
                "install above the USER line, or give the folder to that user first, by --chown or"
                " by a chown in a step of root's",
            ),
        ),
    ),
    (
        r"literally named|No matching distribution found for \S+\.(?:txt|lock|toml)\b",
        Help(
            "tell pip that this is a file, and no package",
            (
                "look at the word that pip looked for: is it a package, or a file?",
                "pip takes a plain word for the name of a package; a file with a list of packages"
                " is announced by an option",
                "put that option, -r, before the name of the file",
            ),
        ),
    ),
    (
        r"It looks like a path",
        Help(
            "see where this step ends: what stands at the end of each of its lines?",
            (
                "look at the end of each line of this step: is there a backslash too many?",
                "a backslash at the end of a line joins the next line to it: that one is then no"
                " instruction of its own, but more words of this one",
                "take the backslash off the last line that belongs to the step",
            ),
        ),
    ),
    (
        r"Invalid requirement: '[^']*[=<>~!]=?'",
        Help(
            "find out where the version comes from, and why there is none",
            (
                "look at what follows the equals signs: if it is a variable, which line gives"
                " it a value, and is it spelled the same there?",
                "a variable is known below its ARG or ENV line, in its own stage; a name that"
                " nobody set is empty, and nothing says so",
                "set it by ARG or ENV above this step, in the same stage, under the very name that"
                " the step uses",
            ),
        ),
    ),
    (
        r"No matching distribution found for [\w.-]+(?: \(from .*)?$",
        Help(
            "compare the package's name, letter by letter",
            (
                "look at the name that the message quotes: is that what the package is called?",
                "the index knows a package by one name; a letter too many or too few makes it"
                " another package, or none",
                "compare it with the list of dependencies that the course gives, which has every"
                " name that the app needs",
            ),
        ),
    ),
    (
        r"No matching distribution found|Invalid requirement",
        Help(
            "compare the version in this step with what the message says",
            (
                "look at the version that this line asks for: is it written as pip reads it, and"
                " was there ever such a release?",
                "pip takes ==, >=, <, ~= and != before a version, and installs only what the index"
                " has; where it has none that fits, the message lists those that there are",
                "write the version as the task has it, digit by digit, after two equals signs",
            ),
        ),
    ),
    (
        r"(?:exit|non-zero) code: 127\b",
        Help(
            "see which step installs the program that was not found",
            (
                "look at the first word of the command that was not found: which step installs that"
                " program?",
                "a step finds the programs of its base image and of the steps above it in its own"
                " stage, in the folders that PATH names",
                "install the program in a step above this one; or have ENV PATH= name the folder it"
                " went to, and those that it named before",
            ),
        ),
    ),
)
_PRINTED = tuple((re.compile(pattern, re.M), helped) for pattern, helped in PRINTED)


def step_help(failure: BuildFailure) -> Help:
    """What helps with a step that failed, from what the builder and the step said of it."""
    copies = failure.step.startswith(("COPY", "ADD")) or bool(UNREAD.match(failure.message))
    if copies and _FROM.match(failure.step):
        *taken, _ = failure.step.split()  # the last word says where it is to go
        return _VENV_TAKEN if any(".venv" in word for word in taken) else _TAKEN
    if copies:
        return FILES
    said = "\n".join((failure.message.strip(), *(row.strip() for row in failure.log)))
    return next((helped for pattern, helped in _PRINTED if pattern.search(said)), STEP)
