"""The variables in a FROM or an ARG above them, replaced as a builder does it."""

import re
from collections.abc import Mapping

_NAME = re.compile(r"\w+")
_OPERATOR = re.compile(r":?[-+?]|##?|%%?|//?")
MOST_EXPANDED = 1000


def platform_arguments(platform: str) -> dict[str, str]:
    """What BuildKit tells every FROM of the platform it builds on and for, such as linux/amd64.

    Here the two are one. Neither linux/amd64 nor linux/arm64 has a variant's name:
    https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
    """
    system, _, architecture = platform.partition("/")
    parts = {"PLATFORM": platform, "OS": system, "ARCH": architecture, "VARIANT": ""}
    return {of + part: value for of in ("BUILD", "TARGET") for part, value in parts.items()}


PLATFORM_ARGUMENTS = frozenset(platform_arguments(""))


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Substitute `$NAME` and `${NAME}`, with what a shell may put behind the name; quotes go.

    That is `:-default`, `:+other`, `:?message`, `#head`, `%tail` and `/part/other`:
    https://docs.docker.com/reference/dockerfile/#environment-replacement

    Neither what is read nor what comes out is longer than an image's name can be: a few lines of
    ARG could ask for more text than there is memory.
    """
    return _expanded(text[:MOST_EXPANDED], 0, variables, "")[0]


def _expanded(text: str, at: int, have: Mapping[str, str], until: str) -> tuple[str, int]:
    """The expansion from `at` up to the character `until` or the end, and where that is."""
    done = ""
    while at < len(text) and text[at] != until:
        if text[at] != "$":
            value, at = text[at].strip("\"'"), at + 1
        elif text[at + 1 : at + 2] == "{":
            value, at = _braced(text, at, have)
        elif match := _NAME.match(text, at + 1):
            value, at = have.get(match[0], ""), match.end()
        else:
            value, at = "$", at + 1
        done = (done + value)[:MOST_EXPANDED]
    return done, at


def _braced(text: str, at: int, have: Mapping[str, str]) -> tuple[str, int]:
    """The value of `${…}` at `at`, and where it ends. What we do not know stays as it is."""
    name = _NAME.match(text, at + 2)
    operator = _OPERATOR.match(text, name.end()) if name else None
    if name is None:
        return "$", at + 1
    value = have.get(name[0])
    if operator is None:
        closed = text[name.end() : name.end() + 1] == "}"
        return (value or "", name.end() + 1) if closed else ("$", at + 1)
    word, end = _expanded(text, operator.end(), have, "}")
    return _operated(value, operator[0], word), end + 1


def _operated(value: str | None, operator: str, word: str) -> str:
    """What an operator makes of a variable's value; None is one that is not set."""
    holds = bool(value) if operator.startswith(":") else value is not None
    if operator[-1] in "-+?":
        kept = word if operator[-1] == "-" else ""  # the builder stops where `?` finds nothing
        return (word if operator[-1] == "+" else value or "") if holds else kept
    if value is None or "?" in word or word.count("*") > 1:
        return value or ""  # a pattern that nobody needs for a tag, and that can take for ever
    if operator[0] == "/":
        old, _, new = word.partition("/")
        return value if "*" in old else value.replace(old, new, -1 if len(operator) == 2 else 1)
    if "*" in word:
        return _without(value, operator, *word.split("*"))
    return value.removeprefix(word) if operator[0] == "#" else value.removesuffix(word)


def _without(value: str, operator: str, head: str, tail: str) -> str:
    """A value without its beginning (`#`) or its end (`%`) that is head, anything, and tail.

    Doubled, the operator takes as much as there is.
    """
    many = len(operator) == 2
    if operator[0] == "#":
        find = value.rfind if many else value.find
        at = find(tail, len(head)) if value.startswith(head) else -1
        return value if at < 0 else value[at + len(tail) :]
    find = value.find if many else value.rfind
    at = find(head, 0, len(value) - len(tail)) if value.endswith(tail) else -1
    return value if at < 0 else value[:at]
