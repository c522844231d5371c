"""`./course start` and `./course stop`."""

import os
from contextlib import closing, suppress

from autograder import lab
from autograder.cli.assignments import offer_assignments
from autograder.cli.browser import open_page
from autograder.engine.find import connect, running_engine
from autograder.engine.grading import stop_abandoned
from autograder.engine.own import course_engine
from autograder.engine.podman import NotDocker
from autograder.engine.runs import remove_abandoned
from autograder.index import stop_index
from autograder.ready import make_ready, say


def start(*, browser: bool, port: int | None, yes: bool) -> None:
    """Set everything up and serve JupyterLab until Ctrl-C, a closed terminal or `./course stop`.

    When the course's JupyterLab is running already, only say where, and open it.
    """
    if port and not lab.running():
        lab.require_free(port)  # before minutes of set-up, not after
    ready = make_ready(say, yes=yes)
    server = lab.running()
    if server:
        say("JupyterLab is running already (./course stop ends it):")
        show(server, browser=browser)
        return
    offer_assignments()
    say("Starting JupyterLab …")
    if os.geteuid() == 0:
        say("(as root: it listens on this machine only, behind a token)")
    process, server = lab.start(ready.environment, port)
    try:
        show(server, browser=browser)
        say("Ctrl-C ends it here, ./course stop anywhere.")
        process.wait()
        say("JupyterLab has ended.")
    except KeyboardInterrupt:
        lab.stop(process.pid)
        say("\nJupyterLab has ended. The engine goes on, for a quick start; ./course stop ends it.")


def show(server: lab.Lab, *, browser: bool) -> None:
    """Print the address on stdout, and open it when wanted and possible."""
    page = server.page()
    print(page, flush=True)
    if browser:
        open_page(page)


def stop() -> None:
    """End JupyterLab, the package index and our own engine, whichever run.

    Raises NotJudged where an engine does not let go what is ours, when all else has ended.
    """
    server = lab.running()
    if server:
        lab.stop(server.pid)
        say("JupyterLab has ended.")
    engine = None
    with suppress(NotDocker):  # nothing of ours is on it
        engine = running_engine()
    try:
        if engine:
            with closing(connect(engine.host)) as client:
                try:
                    remove_abandoned(client)
                finally:
                    stop_index(client)
    finally:  # whatever that engine comes to
        stop_abandoned()
        if course_engine().is_running():
            course_engine().stop()
            say("The course's own engine has stopped.")
