"""What helps with an app that ended, or does not answer, in words: `silent` says which of them.

{name} is the program, module or user that the message names, {path} the folder that has it.
"""

from autograder.checks.step_help import Help

RUN_IT = (
    "build and run it yourself, and read what it prints: `docker build -t my-app .` and then"
    " `docker run --rm -p 8000:8000 my-app`"
)

DONE = Help(
    "start a program that goes on serving",
    (
        "look at what CMD and ENTRYPOINT start: which program goes on serving?",
        "code 0 says that nothing failed: the program had done all that it was told. A file that"
        " defines an app serves nobody; and where a server goes to the background (&, --daemon),"
        " the program that started it has ended, and the container with it",
        "have CMD, as a list of words, start the server in the foreground, with the app's name as"
        " the last word: {app}",
    ),
)
ENDED = Help(
    RUN_IT,
    (
        "look at the lines that the container printed: which of them says why it ended?",
        "a container lives as long as the one program that CMD starts; a program that ends, fails,"
        " or goes to the background ends it",
        "CMD, as a list of words, starts gunicorn in the foreground, from the folder where"
        " gunicorn.conf.py lies",
    ),
)

# A package or a module is not there.
LEFT_OUT = Help(
    "see which group of dependencies has {name}, and whether the install takes it",
    (
        "{name} is installed nowhere in the image: in which group of dependencies does"
        " pyproject.toml have it?",
        "a program comes with the package of its name; poetry install takes the main group, and"
        " leaves out a group that is marked optional, unless it is asked for by name",
        "have the install step take that group too (--with and its name); and see that what it"
        " installs is in the image at the end: no mount covers it, no step removes it, the last"
        " stage has it",
    ),
)
ONLY = Help(
    "see which groups the install takes when --only is there",
    (
        "{name} is installed nowhere in the image: which groups does the install step name, and"
        " after which option?",
        "--only has Poetry take the groups that follow it and no others: beside it, --with counts"
        " for nothing",
        "name every group after --only, with a comma between them and no blank; or leave --only"
        " out, for the main group is taken anyway",
    ),
)
LEFT_OUT_BY_PIP = Help(
    "see whether the install step takes {name} from requirements.txt",
    (
        "{name} is installed nowhere in the image: which step should install it, and from which"
        " list?",
        "a program comes with the package of its name, and requirements.txt names it; the image"
        " holds what RUN steps installed in its last stage, or what that copies from another",
        "have pip read the whole list, as the course gives it, in a RUN step; and see that what it"
        " installs is in the image at the end: no mount covers it, no step removes it",
    ),
)
IN_TURN = Help(
    "see why the install left {name} out: one of the app's packages needs it",
    (
        "{name} is installed nowhere in the image, and one of the app's packages needs it: what was"
        " the install step told?",
        "an installer takes with each package what that needs in turn, unless it is told not to"
        " (--no-deps), or a later step takes it away",
        "let one step install from {list}, as the course gives it, without --no-deps",
    ),
)
HELD_ELSEWHERE = Help(
    "see which user and which Python start the app, and for which the packages were installed",
    (
        "{name} is installed, in {path}: to which user, and to which Python, does that folder"
        " belong?",
        "each Python has packages of its own, and each user too, in the home folder (pip --user);"
        " the user of CMD is the one whom USER names, or root",
        "install for the Python that CMD starts, in a folder that every user may read: above USER,"
        " without --user; or start the program of the environment that has the packages",
    ),
)
OTHER_VERSION = Help(
    "compare the version of {name} in the image with the one in {list}",
    (
        "{name} is installed, in {path}, and a part of it is not there: which version of it is"
        " that?",
        "packages change: what one version has, a newer one may have dropped; {list} names the"
        " versions that the app was tried with",
        "let the install step take its versions from {list}: a name alone, or a wide range, brings"
        " the newest",
    ),
)
NO_MODULE = Help(
    "which line brings the module that was not found, and into which folder?",
    (
        "look at the module that the message names: in which folder of the image does it lie?",
        "Python finds a module in the folder that the command starts in (WORKDIR) and among the"
        " installed packages; and the course's app is a module in a package",
        "CMD names the app as PACKAGE.MODULE:app, by the folder and the file that hold it; and a"
        " COPY below WORKDIR brings that folder, with its name, into WORKDIR itself, and"
        " .dockerignore does not keep it out",
    ),
)
NO_ATTRIBUTE = Help(
    "compare the app's name in CMD with the file that defines the app",
    (
        "look at the app's name in CMD, before and after the colon: which file defines the app,"
        " and what is it called there?",
        "a server is told MODULE:NAME: the module is a folder and a file with a dot between them,"
        " and NAME is what the app is called in that file",
        "here the folder is {package} and the file is main.py, without its .py; look there for the"
        " name that FastAPI() is given",
    ),
)

# It runs, and nobody hears it; or it answers, and not well.
UVICORN = Help(
    "start gunicorn, or tell uvicorn where to listen",
    (
        "look at the line in which uvicorn says where it runs: which address, which port?",
        "uvicorn reads no gunicorn.conf.py: unless it is told more, it listens on 127.0.0.1, which"
        " is reached from inside its own container only",
        "start gunicorn in its place, which reads that file; or give uvicorn the option --host with"
        " the address that stands for all of IPv4, and port {port}",
    ),
)
CONF_NOT_READ = Help(
    "see that gunicorn.conf.py is in the folder where gunicorn starts",
    (
        "look at the line in which the server says where it listens: which address?",
        "127.0.0.1 is reached from inside its own container only, and is what gunicorn takes when"
        " nobody tells it more; gunicorn.conf.py does, in the folder where gunicorn starts",
        "see that a COPY brings gunicorn.conf.py into the folder that WORKDIR names, and that"
        " .dockerignore does not keep it out",
    ),
)
DEAF = Help(
    "see where the server listens: other containers have to reach it, at port {port}",
    (
        "look for the line in which the server says where it listens: which address, which port? If"
        " there is none, look at which program CMD starts",
        "the course's gunicorn.conf.py makes it listen on 0.0.0.0, port {port}; an option of CMD"
        " or of GUNICORN_CMD_ARGS wins over it, and 127.0.0.1 is reached from inside its own"
        " container only",
        "take every bind option (-b, --bind, --host, --port) out, and let WORKDIR be the folder"
        " that holds gunicorn.conf.py; see that a COPY brings that file, and that .dockerignore"
        " does not keep it out",
    ),
)
WRONG_WORKER = Help(
    "see that gunicorn.conf.py is in the folder where gunicorn starts",
    (
        "look at who speaks to the app: the server calls it in the wrong way. Which file names the"
        " worker class?",
        "gunicorn.conf.py names it, and gunicorn reads that file in the folder where it starts;"
        " without it, gunicorn takes workers of another kind, which cannot speak to FastAPI",
        "see that a COPY brings gunicorn.conf.py into the folder that WORKDIR names, and"
        " that .dockerignore does not keep it out",
    ),
)
WORKER_CHOSEN = Help(
    "take the choice of workers out: gunicorn.conf.py names the class",
    (
        "look at the options that gunicorn is started with: which of them chooses the workers?",
        "an option wins over gunicorn.conf.py, and the workers that this one asks for cannot speak"
        " to FastAPI",
        "leave that option out (-k, --worker-class), and gunicorn takes the class that"
        " gunicorn.conf.py names, if that file is in the folder where it starts",
    ),
)
ERROR = Help(
    RUN_IT,
    (
        "look at what answers: is it the app, or another server? What it printed tells",
        "the app answers 200 at /; a 404 comes from a server that does not have the app, a 500 from"
        " an app that failed while it answered",
        "have CMD start gunicorn with {app} and nothing around it, and read its traceback in"
        " `docker logs`",
    ),
)
