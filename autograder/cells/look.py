"""The look cell: the image that was built, layer by layer."""

from IPython.display import display

from autograder import pictures
from autograder.cells.building import Build


def look(build: Build) -> None:
    """Show the layers of the image that the build cell built, to scale."""
    seen = build.observation
    assert seen.first.image is not None, "a Build that succeeded has an image"
    picture = pictures.layers(seen.first.image, "what you built", seen.dockerfile)
    display(picture)  # type: ignore[no-untyped-call]
