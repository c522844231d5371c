"""A `docker` command for terminals on a machine that has none: our root's, run in place."""

import os
import shlex
from pathlib import Path

from autograder.engine.own import OwnEngine
from autograder.errors import EngineUnavailable

PLUGINS = ("docker-buildx", "docker-compose")
PLUGIN_FOLDERS = ("usr/libexec/docker/cli-plugins", "usr/lib/docker/cli-plugins")


def install_docker_command(bin_dir: Path, engine: OwnEngine) -> Path:
    """Write `docker`, with buildx and compose, into `bin_dir` and return its path.

    It speaks to `engine` unless DOCKER_HOST or DOCKER_CONTEXT says otherwise, from any folder.
    Raises EngineUnavailable when the engine's root is not there.
    """
    config = bin_dir.absolute() / "docker-config"
    defaults = (
        f'[ -n "${{DOCKER_HOST-}}${{DOCKER_CONTEXT-}}" ] || export DOCKER_HOST={engine.host}\n'
        f': "${{DOCKER_CONFIG:={config}}}"\n'
        "export DOCKER_CONFIG\n"
    )
    docker = bin_dir / "docker"
    _write(docker, defaults + _run_in_place(engine.root, engine.root / "usr/bin/docker"))
    for plugin in PLUGINS:
        binary = next(
            path for folder in PLUGIN_FOLDERS if (path := engine.root / folder / plugin).exists()
        )
        _write(config / "cli-plugins" / plugin, _run_in_place(engine.root, binary))
    return docker


def _run_in_place(root: Path, binary: Path) -> str:
    """Shell text that runs a program of `root` with that root's own loader and libraries.

    The machine's C library may be older than the one the program was linked with.
    """
    loader = next(root.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*"), None)
    if loader is None or not binary.exists():
        raise EngineUnavailable(f"{binary} is not there: start the engine, then try again")
    command = [str(loader), "--library-path", str(loader.parent), str(binary)]
    return f'exec {shlex.join(command)} "$@"\n'


def _write(path: Path, body: str) -> None:
    """Write an executable script in one step: a terminal may be running the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text("#!/bin/sh\n" + body)
    part.chmod(0o755)
    part.replace(path)
