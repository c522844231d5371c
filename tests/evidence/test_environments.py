"""What is installed in an image is read on an engine, the quick way."""

import pytest

from autograder.evidence import environments
from autograder.ready import Ready


@pytest.mark.engine
def test_the_helper_reads_on_the_image_itself(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mounting the image takes seconds more: it is for images that cannot be read so."""
    monkeypatch.setattr(environments, "in_helper", lambda *_: pytest.fail("the slow way"))
    offer = ready.offer()
    (found,) = environments.environments(offer.engine, [offer.helper], ("pip",), offer.helper)
    assert [name for environment in found for name in environment.distributions] == ["pip"]
