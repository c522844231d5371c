"""What Docker takes for an image's name.

https://github.com/distribution/reference/blob/main/regexp.go, which all builders go by.
"""

import re

from autograder.facts.slip import one_slip_apart

_HOST_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DIGEST = r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@(?:{_DIGEST}))?", re.ASCII
)
# What python's tags are made of, between hyphens: 3.11, slim, bookworm, alpine3.19.
_TAG_WORDS = ("slim", "alpine", "buster", "bullseye", "bookworm", "trixie")
_NUMBER = "0123456789."
_LONGEST = 1000
"""A repository has 255 characters at most, a tag 128 and a digest 135; what is left is a host's."""


def is_reference(text: str) -> bool:
    """Whether an image can be called so: none can be python==3.11, Python:3.11 or python:."""
    return len(text) <= _LONGEST and _REFERENCE.fullmatch(text) is not None


def slip_in_python(name: str, tag: str) -> tuple[str, str] | None:
    """What is misspelt in a name that can only be meant for python's, and how it is spelled.

    None where nothing is, and for every other image. No official image's name is so near to it.
    """
    moved = name != "python" and sorted(name) == sorted("python")  # phyton
    if moved or ("/" not in name and one_slip_apart(name, "python")):
        return name, "python"
    for part in tag.split("-") if name == "python" else ():
        named = part.lstrip(_NUMBER)
        word = named.rstrip(_NUMBER)
        version, rest = part.removesuffix(named), named.removeprefix(word)
        for known in _TAG_WORDS:
            meant = "-".join(filter(None, (version.strip("."), known + rest)))
            if part != meant and (word == known or one_slip_apart(word, known)):
                return part, meant
    return None
