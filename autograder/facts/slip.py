"""Whether one word is another, but for a slip of the finger."""


def one_slip_apart(name: str, other: str) -> bool:
    """Whether one letter too many, too few or wrong is all, or two that changed places.

    Real names may be two letters apart: tomli and tomlkit.
    """
    while name and other and name[0] == other[0]:
        name, other = name[1:], other[1:]
    while name and other and name[-1] == other[-1]:
        name, other = name[:-1], other[:-1]
    return max(len(name), len(other)) == 1 or (len(name) == 2 and name == other[::-1])
