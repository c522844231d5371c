"""The app runs and answers."""

import re

from autograder.checks.about import About
from autograder.checks.missing import missing_dependencies
from autograder.checks.unbuilt import unbuilt
from autograder.facts.answer import AppAnswer
from autograder.facts.observation import Observation
from autograder.outcome import Outcome, failed, passed

ABOUT = About(
    why="All else is worth nothing if the app does not run. It is asked from another container,"
    " as its users would ask it: what it says to itself, or to a HEALTHCHECK, does not count.",
    right="step-3-pin-and-split/venv-from-builder",
    wrong="step-3-pin-and-split/other-port",
    cannot_see="One GET of / is asked, once: no other route, no load, no restart. The answer holds"
    " a random value that the changed source was given, so no stored answer passes; a program that"
    " reads the value out of the source file and answers in the app's place does. That program"
    " could also name another folder as the one that the app imports from, and so lead the checks"
    " that read packages to it. It would have to hold the right packages there, installed by the"
    " right Poetry: by then the app is the shorter way.",
)

# How the engine, a shell, Poetry and Python say what they do not find.
_MISSING = re.compile(r"not found|no such file|No module named", re.I)
_RUN_IT = (
    "build and run it yourself, and read what it prints: docker build -t my-app . and then"
    " docker run --rm -p 8000:8000 my-app"
)
_NO_MODULE = (
    "look at the module that the last lines name: in which folder of the image does it lie?",
    "Python finds a module in the folder that the command starts in (WORKDIR) and among the"
    " installed packages; and the course's app is a module in a package",
    "CMD names the app as PACKAGE.MODULE:app, by the folder and the file that hold it, and the"
    " COPY of the source stands below WORKDIR",
)
_WHICH_PROGRAM = (
    "look at the first word of CMD: which step installs that program, and into which folder?"
)
_NO_PROGRAM = (
    _WHICH_PROGRAM,
    "a container looks for its program in the folders of PATH; what is installed into a virtual"
    " environment is not there, unless PATH names its bin folder",
    "start it by its full path, with the environment's bin folder before its name, or set PATH to"
    " begin with that folder; a program comes with the package of its name",
)
_NO_PROGRAM_OF_POETRY = (
    _WHICH_PROGRAM,
    "a container looks for its program in the folders of PATH; what Poetry installs into a virtual"
    " environment is not there, unless Poetry runs it or PATH names its bin folder",
    "start it as poetry run and the program, or by its full path, with the environment's bin folder"
    " before its name; or set PATH to begin with that folder",
)
_MOVED = (
    "look at the file in the last line: is it there, and is the Python there that it starts with?",
    "the programs of a virtual environment name their Python by its full path, in their first line:"
    " at another path, or where that Python is not, none of them starts",
    "copy the environment to the very path where it was made, in an image whose Python stands where"
    " it stood then; or install it anew there",
)
_NOT_INSTALLED = (
    "Poetry runs, and the app's environment lacks the program: which step should install it there?",
    "a program comes with the package of its name, and the server is in the optional group of"
    " pyproject.toml; and what is installed has to be there still when the container starts",
    "have poetry install take that group too (--with and its name), as the user who starts the app,"
    " into a folder that no mount covers and no step removes",
)
_LEFT_OUT = (
    "{name} is installed nowhere in the image: in which group of dependencies does pyproject.toml"
    " have it?",
    "a program comes with the package of its name; poetry install takes the main group, and leaves"
    " out a group that is marked optional, unless it is asked for by name",
    "have the install step take that group too (--with and its name); and see that what it installs"
    " is in the image at the end: no mount covers it, no step removes it, the last stage has it",
)
_LEFT_OUT_BY_PIP = (
    "{name} is installed nowhere in the image: which step should install it, and from which list?",
    "a program comes with the package of its name, and requirements.txt names it; the image holds"
    " what RUN steps installed in its last stage, or what that copies from another",
    "have pip read the whole list, as the course gives it, in a RUN step; and see that what it"
    " installs is in the image at the end: no mount covers it, no step removes it",
)
_ENDED = (
    "look at the last lines that the container printed: they say why it ended",
    "a container lives as long as the one program that CMD starts; a program that ends, fails, or"
    " goes to the background ends it",
    "CMD, as a list of words, starts gunicorn in the foreground, from the folder where"
    " gunicorn.conf.py lies",
)
_DEAF = (
    "look at the line in which the server says where it listens: which address, which port?",
    "the course's gunicorn.conf.py makes it listen on 0.0.0.0, port {port}; an option of CMD wins"
    " over it, and 127.0.0.1 is reached from inside its own container only",
    "take every bind option (-b, --bind, --host, --port) out of CMD, and let WORKDIR be the folder"
    " that holds gunicorn.conf.py; see that .dockerignore does not keep that file out",
)
_ERROR = (
    "look at what answers: is it the app, or another server? Its last lines are shown above",
    "the app answers 200 at /; a 404 comes from a server that does not have the app, a 500 from"
    " an app that failed while it answered",
    "have CMD start gunicorn with {app} and nothing around it, and read its"
    " traceback in docker logs",
)
_OTHER_APP = (
    "look at CMD: which program is it that answers?",
    "the answer has to come from the app in the folder {package}, as the course gave it",
    "have CMD start gunicorn, from the environment that it was installed in, with the app's name as"
    " the last word: {app}",
)
_STALE = (
    "look for another copy of the source in the image: from which folder does Python import"
    " {package}?",
    "the source was changed, the image rebuilt, and what runs is older: it was installed as a"
    " package before the COPY, comes from another stage, or is an answer that was written down",
    "copy the source below the install of the dependencies, into the folder that WORKDIR names,"
    " and start the app there",
)


def app_answers(seen: Observation) -> Outcome:
    """From another container, GET / of the rebuilt image answers 200 with the app's JSON.

    The rebuilt image's source was given a random value to answer with: an answer that does not
    come from the app's source cannot know it.
    """
    built, answer = seen.source_changed, seen.answer
    assert built is not None, "the source was changed for this check"
    if answer is None:
        return unbuilt(built.build, "after a source file changed, ")
    if answer.status != 200:
        return _silent(seen, answer)
    wanted = {"variant": seen.asked.variant}
    if answer.body != wanted:
        return failed(
            seen=f"GET / answered 200 with {_short(answer)}, not {wanted}",
            try_next=f"start the app that the course gives, {seen.asked.app}",
            hints=_filled(_OTHER_APP, seen),
        )
    if answer.nonce != seen.nonce:
        return failed(
            seen=f"after a source file changed, the rebuilt image still answered {_short(answer)}",
            try_next="is the source that the image runs the one that COPY brings?",
            hints=_filled(_STALE, seen),
        )
    return passed(seen=f"GET / answered 200 after {answer.seconds:.1f} s")


def _silent(seen: Observation, answer: AppAnswer) -> Outcome:
    if answer.status is not None:
        fact = f"GET / answered {answer.status}"
    else:
        fact = f"nothing answered on port {seen.asked.port}: {answer.problem}"
    last = answer.logs.strip().splitlines()
    if last:
        fact += f"; the container last printed: {last[-1][:200]}"
    return failed(seen=fact, try_next=_RUN_IT, hints=_filled(_why_silent(seen, answer), seen))


def _why_silent(seen: Observation, answer: AppAnswer) -> tuple[str, ...]:
    """What helps with a container like this one, by what it said and how it is."""
    nowhere = _not_installed(seen, answer)
    if nowhere:
        return nowhere
    if "No module named" in answer.logs:
        return _NO_MODULE
    if "Command not found: " in answer.logs:  # Poetry's own words
        return _NOT_INSTALLED
    if "exec " in answer.logs and "no such file or directory" in answer.logs:
        return _MOVED
    if "not found" in answer.problem + answer.logs:
        return _NO_PROGRAM_OF_POETRY if seen.asked.by_poetry else _NO_PROGRAM
    if answer.status is not None:
        return _ERROR
    return _ENDED if "container" in answer.problem else _DEAF


def _not_installed(seen: Observation, answer: AppAnswer) -> tuple[str, ...]:
    """What helps where the container misses a dependency that no environment of the image has."""
    image = seen.first.image
    there = {name for e in (image.environments if image else ()) for name in e.distributions}
    lacking = [name for name in seen.asked.direct if name not in there]
    rows = (answer.problem, *answer.logs.splitlines())
    said = " ".join(row for row in rows if _MISSING.search(row))
    missed = [name for name in lacking if re.search(rf"\b{name}\b", said)]
    if not missed:
        return ()
    if len(lacking) == len(seen.asked.direct):
        return missing_dependencies(seen).hints
    climb = _LEFT_OUT if seen.asked.by_poetry else _LEFT_OUT_BY_PIP
    return tuple(hint.format(name=missed[0]) for hint in climb)


def _filled(hints: tuple[str, ...], seen: Observation) -> tuple[str, ...]:
    asked = seen.asked
    return tuple(h.format(package=asked.package, app=asked.app, port=asked.port) for h in hints)


def _short(answer: AppAnswer) -> str:
    text = str(dict(answer.body)) if answer.body is not None else "something that is not JSON"
    return text if len(text) <= 80 else text[:77] + "…"
