"""A FROM that asks for an image of some platform: whether that is the one that is here."""

import re

from autograder.errors import NotJudged
from autograder.facts.build import BuildFailure
from autograder.facts.dockerfile import Base, Dockerfile

# https://github.com/containerd/platforms/blob/main/database.go
_NAMES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux netbsd openbsd plan9 solaris"
    " wasip1 windows zos".split()
)
_ARCHITECTURES = frozenset(
    "386 amd64 arm arm64 armel armhf i386 loong64 mips mips64 mips64le mipsle ppc64 ppc64le"
    " riscv64 s390x wasm".split()
)
_PLATFORM = re.compile(r"[\w-]+(?:/[\w-]+){0,2}", re.ASCII)


def of_no_platform(dockerfile: Dockerfile, own: str) -> BuildFailure | None:
    """That a needed FROM has a --platform which names none; None where all name the one here.

    own: the engine's, such as linux/amd64. Raises NotJudged for any other: it is not on offer.
    """
    for stage in dockerfile.on(own).needed_stages():
        nothing = isinstance(stage.base, Base) and stage.base.reference == "scratch"
        if not dict(stage.start.flags).get("platform") or stage.platform is None or nothing:
            continue  # --platform= is as good as none; a variable that is empty is not
        if not _is_platform(stage.platform):
            why = f'--platform="{stage.platform[:100]}" names no platform'
            return BuildFailure("dockerfile", why, line=stage.start.line)
        if _familiar(stage.platform, own) != own:
            asks = f"line {stage.start.line} asks for an image of another platform"
            raise NotJudged(f"{asks}, {stage.platform[:100]}: a build here has those of {own} only")
    return None


def _is_platform(text: str) -> bool:
    """Whether it reads as one: up to three words, of which one alone must be known."""
    word = text.lower()
    known = _NAMES.get(word, word) in _SYSTEMS | _ARCHITECTURES
    return bool(_PLATFORM.fullmatch(text)) and (known or "/" in text)


def _familiar(platform: str, own: str) -> str:
    """A platform as an engine names its own. One word is a system or an architecture.

    The third is a variant: where there is no image for it, a builder takes the plain one.
    """
    system, architecture = own.split("/")
    parts = [_NAMES.get(part, part) for part in platform.lower().split("/")]
    if len(parts) == 1:
        parts = [system, architecture] if parts == [system] else [system, *parts]
    return "/".join(parts[:2])
