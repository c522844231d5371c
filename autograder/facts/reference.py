"""What Docker takes for an image's name.

https://github.com/distribution/reference/blob/main/regexp.go, which all builders go by.
"""

import re

_HOST_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DIGEST = r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@(?:{_DIGEST}))?", re.ASCII
)
_LONGEST = 1000
"""A repository has 255 characters at most, a tag 128 and a digest 135; what is left is a host's."""


def is_reference(text: str) -> bool:
    """Whether an image can be called so: none can be python==3.11, Python:3.11 or python:."""
    return len(text) <= _LONGEST and _REFERENCE.fullmatch(text) is not None
