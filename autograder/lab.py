"""JupyterLab for the course: started, found again and ended, with nothing of the user's touched.

Its settings, workspaces and runtime files live in `places.home()/jupyter`; what learners need not
see is switched off in labconfig/page_config.json, which JUPYTER_CONFIG_PATH points at.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import places, welcome
from autograder.engine.processes import lives
from autograder.errors import BadInput, NotJudged

DEFAULT_PORT = 8888
START_SECONDS = 60
STOP_SECONDS = 15
HIDDEN = ("__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~")
"""What Jupyter hides by itself."""
# The server halves of the panels that labconfig/page_config.json hides from learners.
INSTRUCTOR_EXTENSIONS = (
    "nbgrader.server_extensions.formgrader",
    "nbgrader.server_extensions.course_list",
)


@dataclass(frozen=True)
class Lab:
    """One running JupyterLab: its process, and the address with the token that opens it."""

    pid: int
    base_url: str
    token: str

    def page(self, first: Path = welcome.PAGE) -> str:
        """The address that opens `first`, or the plain JupyterLab when there is no such file."""
        path = f"lab/tree/{first.as_posix()}" if (places.project() / first).is_file() else "lab"
        return f"{self.base_url}{path}?token={self.token}"

    def answers(self) -> bool:
        """Whether this server, and no later one on the same port, takes the token."""
        request = urllib.request.Request(
            f"{self.base_url}api/status", headers={"Authorization": f"token {self.token}"}
        )
        try:
            with local_opener().open(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError, ValueError):
            return False


def local_opener() -> urllib.request.OpenerDirector:
    """Talks to this machine and asks no proxy about it."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def folder() -> Path:
    """Where JupyterLab keeps its files for the course."""
    return places.home() / "jupyter"


def running() -> Lab | None:
    """The course's JupyterLab when one is serving; files that dead servers left are ignored."""
    for file in sorted((folder() / "runtime").glob("jpserver-*.json")):
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
            lab = Lab(known["pid"], known["url"], known["token"])
        except (OSError, ValueError, KeyError):
            continue  # being written, or of another version
        if lives(lab.pid) and lab.answers():
            return lab
    return None


def environment(engine: Mapping[str, str]) -> dict[str, str]:
    """The environment of JupyterLab, its kernels and its terminals.

    `engine` is laid over the user's own, and .venv's programs come first.
    """
    home, project = folder(), places.project()
    env = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
    env |= engine
    env |= {
        "PATH": os.pathsep.join([str(Path(sys.prefix, "bin")), env.get("PATH", os.defpath)]),
        "COURSE_HOME": str(places.home().resolve()),
        "JUPYTER_CONFIG_PATH": str(project),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(home / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a warning that learners cannot act on
    }
    return env


def command(port: int | None) -> list[str]:
    """The command line: loopback only, behind a token, on exactly `port` when one is given."""
    extensions = {"autograder.lab_server": True, **dict.fromkeys(INSTRUCTOR_EXTENSIONS, False)}
    # Not a login shell: Debian's /etc/profile would take our docker command off the PATH.
    terminal = {"shell_command": [os.environ.get("SHELL") or "/bin/sh"]}
    options = {
        "ServerApp.root_dir": str(places.project()),
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port or DEFAULT_PORT),
        "ServerApp.port_retries": "0" if port else "50",
        "ServerApp.jpserver_extensions": repr(extensions),
        "ServerApp.terminado_settings": repr(terminal),
        "ServerApp.open_browser": "False",
        # The solutions, and what learners have a copy of: out of the file browser, not of the disk.
        "ContentsManager.hide_globs": repr([*HIDDEN, "source", "release"]),
        # A kernel that ends removes its images first.
        "KernelManager.shutdown_wait_time": "60",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "LabApp.extra_labextensions_path": str(places.project() / "labconfig/extensions"),
        "ServerApp.contents_manager_class": "autograder.lab_server.Contents",
    }
    if os.geteuid() == 0:
        options["ServerApp.allow_root"] = "True"
    return [
        *(sys.executable, "-m", "jupyterlab"),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def require_free(port: int) -> None:
    """Raise BadInput unless JupyterLab could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            advice = "choose another with --port, or leave --port out"
            raise BadInput(f"port {port} cannot be used ({error.strerror}): {advice}") from None


def start(
    engine: Mapping[str, str], port: int | None = None, extra: Sequence[str] = ()
) -> tuple[subprocess.Popen[bytes], Lab]:
    """Start JupyterLab and wait until it serves; the caller ends it, with `stop`.

    `extra` options are handed to JupyterLab as they are. Raises `BadInput` when `port` is taken,
    `NotJudged` with the last line of the log when JupyterLab does not come up.
    """
    if port:
        require_free(port)
    for part in ("config", "data", "runtime", "ipython"):
        (folder() / part).mkdir(parents=True, exist_ok=True)
    folder().chmod(0o700)  # the log holds the token
    welcome.write(places.project())
    log = folder() / "lab.log"
    with log.open("wb") as output:
        # Its own session: Ctrl-C in the terminal reaches `./course start` alone, which ends it.
        process = subprocess.Popen(
            [*command(port), *extra],
            cwd=places.project(),
            env=environment(engine),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return process, wait_until_serving(process, log)
    except BaseException:
        stop(process.pid)
        raise


def wait_until_serving(process: subprocess.Popen[bytes], log: Path) -> Lab:
    """The new server, once it answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        lab = running()
        if lab and lab.pid == process.pid:
            return lab
        time.sleep(0.1)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise NotJudged(f"JupyterLab did not start; the end of {log}: {lines[-1] if lines else ''}")


def stop(pid: int) -> None:
    """End JupyterLab with its kernels and terminals: asked first, forced when it will not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while lives(pid) and time.monotonic() < deadline:
            reap(pid)
            time.sleep(0.05)
        if not lives(pid):
            return


def reap(pid: int) -> None:
    """Collect the process when it is our own child, so that it does not linger as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by another ./course
