"""A stand-in for the base images: Debian's Python, made to look like that of python:3.11.

It is for a machine that reaches no image registry. What a Dockerfile may say of the real image, a
path or an option of pip, is to work here as there.
"""

import subprocess
from pathlib import Path

from autograder import places
from autograder.engine.rootfs import Say, debootstrap, locked, remove_tree
from autograder.errors import EngineUnavailable

EDITION = "debian-bookworm-6"
"""What the stand-in's label says; another edition replaces an earlier one."""
STAND_IN = f"container-course/stand-in:{EDITION}"
STAND_IN_LABEL = "org.container-course.stand-in"

PACKAGES = ("python3", "python3-pip", "python3-venv", "ca-certificates")
CONFIG = (
    "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    'CMD ["python3"]',
    f"LABEL {STAND_IN_LABEL}={EDITION}",
)
_PREFIX_IS_THE_PREFIX = """

# The container course: with a prefix that is given, as Python has it and Debian's has not.
_debians_get_paths = get_paths


def get_paths(scheme=get_default_scheme(), vars=None, expand=True):
    if scheme == "posix_local" and vars and "base" in vars:
        scheme = "posix_prefix"
    return _debians_get_paths(scheme, vars, expand)
"""
_LIBRARY = "usr/lib/python3.11"
_LOCAL = "usr/local/lib/python3.11"


def stand_in_tarball(say: Say) -> Path:
    """A Debian 12 with Python 3.11 and pip as one tar file, made once."""
    tarball = places.home() / "base" / f"{EDITION}.tar"
    with locked(tarball.with_name(".tarball.lock")):
        if not tarball.exists():
            root = tarball.with_name("root")
            debootstrap(root, "bookworm", PACKAGES, say)
            _like_the_python_image(root)
            part = tarball.with_suffix(".part")
            tar = ["tar", "--create", "--numeric-owner", "--file", str(part), "--directory"]
            subprocess.run([*tar, str(root), "."], check=True)
            for earlier in tarball.parent.glob("*.tar"):
                earlier.unlink()
            part.rename(tarball)
            remove_tree(root)
    return tarball


def _like_the_python_image(root: Path) -> None:
    """Let `python` and `pip install` work, and go where they go, as in the real image.

    There python3 and pip are in /usr/local/bin, and in /usr/bin are none; packages are in
    /usr/local/lib/python3.11/site-packages, which builder stages are often copied from: Debian's
    Python calls that folder dist-packages, which becomes a link to it. `pip install --prefix DIR`
    fills DIR there, not DIR/local, and `python -m ensurepip` is no error.
    """
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    programs = root / "usr/local/bin"
    (root / "usr/bin/python3").unlink()
    (root / "usr/bin/python3.11").rename(programs / "python3.11")
    for name in ("python", "python3"):
        (programs / name).symlink_to("python3.11")
    for name in ("pip", "pip3", "pip3.11"):
        (root / "usr/bin" / name).rename(programs / name)
        _edit(programs / name, "#!/usr/bin/python3\n", "#!/usr/local/bin/python3.11\n")
    packages = root / _LOCAL / "site-packages"
    packages.mkdir(parents=True, exist_ok=True)
    (root / _LOCAL / "dist-packages").rmdir()
    (root / _LOCAL / "dist-packages").symlink_to("site-packages")  # site.py, frozen, names this
    library = root / _LIBRARY
    place = "local/lib/python{py_version_short}/"
    _edit(library / "sysconfig.py", f"{place}dist-packages", f"{place}site-packages")
    with (library / "sysconfig.py").open("a") as module:
        module.write(_PREFIX_IS_THE_PREFIX)
    refusal = "    _ensurepip_is_disabled_in_debian_for_system()\n"
    _edit(library / "ensurepip/__init__.py", refusal, "")
    # Who may not write there would compile them anew with each start of Python.
    edited = [f"/{_LIBRARY}/{name}" for name in ("sysconfig.py", "ensurepip")]
    compiling = ["chroot", str(root), "/usr/local/bin/python3", "-m", "compileall", "-q"]
    subprocess.run([*compiling, *edited], check=True)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    if old not in text:
        raise EngineUnavailable(f"{file.name} of Debian's Python is not what the course knows")
    file.write_text(text.replace(old, new))
