"""A stand-in for the base images: Debian's Python, made to look like that of python:3.11.

It is for a machine that reaches no image registry. What a Dockerfile may say of the real image, a
path or an option of pip, is to work here as there.
"""

import subprocess
from pathlib import Path
from zipfile import ZipFile

from autograder import places
from autograder.engine.rootfs import Say, debootstrap, locked, remove_tree
from autograder.errors import EngineUnavailable

EDITION = "debian-bookworm-9"
"""What the stand-in's label says; another edition replaces an earlier one."""
STAND_IN_REPOSITORY = "container-course/stand-in"
STAND_IN = f"{STAND_IN_REPOSITORY}:{EDITION}"
STAND_IN_LABEL = "org.container-course.stand-in"

PACKAGES = ("python3", "python3-venv", "python3-wheel-whl", "netbase", "ca-certificates")
CONFIG = (
    "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    "ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
    "ENV PYTHON_VERSION=3.11.2",
    'CMD ["python3"]',
    f"LABEL {STAND_IN_LABEL}={EDITION}",
)
_LIBRARY = "local/lib/python3.11"
# What Debian changed in Python, and what stood there before.
_AS_PYTHON_HAS_IT = {
    "sysconfig.py": ("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"),
    "distutils/sysconfig.py": (
        'return sys.base_prefix != sys.prefix or hasattr(sys, "real_prefix")',
        "return True  # the course: in a virtual environment Debian's does as Python's own",
    ),
    "ensurepip/__init__.py": ("    _ensurepip_is_disabled_in_debian_for_system()\n", ""),
}
# And in the setuptools that every new environment gets: it asks for what Debian's distutils adds.
_AS_SETUPTOOLS_HAS_IT = {
    "setuptools/command/install_lib.py": (
        "        self.set_undefined_options('install',('install_layout','install_layout'))\n",
    ),
    "setuptools/command/install_egg_info.py": (
        "        self.set_undefined_options('install',('install_layout','install_layout'))\n",
        "        if sys.hexversion > 0x2060000:\n"
        "            self.set_undefined_options('install',('prefix_option','prefix_option'))\n",
    ),
}
# `site` is frozen into the program, so its words are changed there, by others of the same length.
_FROZEN = (
    (b"\0dist-packages\0", b"\0site-packages\0"),
    (b"\0local/lib\0", b"\0././//lib\0"),  # the same folder as lib
)


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
    """Have Python stand in /usr/local, and do there what it does in the real image.

    Debian's stands in /usr, and keeps packages of its own apart from those of pip. What others ask
    of the real one rests on that prefix: where pip and Poetry install to, which Python a Poetry in
    an environment of its own finds, what builder stages are copied from.
    """
    usr = root / "usr"
    library, programs = usr / _LIBRARY, usr / "local/bin"
    for name in ("EXTERNALLY-MANAGED", "_distutils_system_mod.py"):
        (usr / "lib/python3.11" / name).unlink(missing_ok=True)
    remove_tree(library)
    (usr / "lib/python3.11").rename(library)
    remove_tree(usr / "lib/python3")
    (usr / "bin/python3").unlink()
    (usr / "bin/python3.11").rename(programs / "python3.11")
    for name in ("python", "python3"):
        (programs / name).symlink_to("python3.11")
    for name, (debians, pythons) in _AS_PYTHON_HAS_IT.items():
        _edit(library / name, debians.encode(), pythons.encode())
    for old, new in _FROZEN:
        _edit(programs / "python3.11", old, new)
    python = ["chroot", str(root), "/usr/local/bin/python3"]
    # Who may not write there would compile them anew with each start of Python.
    edited = [f"/usr/{_LIBRARY}/{name}" for name in _AS_PYTHON_HAS_IT]
    subprocess.run([*python, "-m", "compileall", "-q", *edited], check=True)
    kept = usr / "share/python-wheels"
    for setuptools in kept.glob("setuptools-*"):
        _edit_wheel(setuptools, _AS_SETUPTOOLS_HAS_IT)
    wheels = [f"/{wheel.relative_to(root)}" for wheel in kept.glob("wheel-*")]
    for module in (
        ["ensurepip", "--default-pip"],
        ["pip", "install", "--quiet", "--no-index", "--no-cache-dir", *wheels],
    ):
        subprocess.run([*python, "-m", *module], check=True, capture_output=True)
    sources = root / "etc/apt/sources.list"
    _, mirror, suite, *components = sources.read_text().split()
    sources.unlink()
    (root / "etc/apt/sources.list.d/debian.sources").write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {suite} {suite}-updates\n"
        f"Components: {' '.join(components)}\n"
    )


def _edit(file: Path, old: bytes, new: bytes) -> None:
    file.write_bytes(_edited(file.name, file.read_bytes(), old, new))


def _edit_wheel(wheel: Path, without: dict[str, tuple[str, ...]]) -> None:
    """Take lines out of files in a wheel; pip installs it without a look at its RECORD's hashes."""
    with ZipFile(wheel) as archive:
        files = {row: archive.read(row) for row in archive.infolist()}
    with ZipFile(wheel, "w") as archive:
        for row, data in files.items():
            for line in without.get(row.filename, ()):
                data = _edited(row.filename, data, line.encode(), b"")
            archive.writestr(row, data)


def _edited(name: str, data: bytes, old: bytes, new: bytes) -> bytes:
    if data.count(old) != 1:
        raise EngineUnavailable(f"{name} of Debian's Python is not what the course knows")
    return data.replace(old, new)
