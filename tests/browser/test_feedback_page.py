"""A feedback page full of attacks, opened in a browser: it shows them, and does nothing."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from autograder import places
from autograder.classroom.page import Checked, render
from autograder.classroom.page import Page as Told
from autograder.facts.dockerfile import parse
from autograder.facts.image import ImageFacts, Layer
from autograder.pictures import layers

pytestmark = pytest.mark.browser

STRANGER = "http://stranger.example"
ATTACKS = [
    "<script>document.title = 'owned'</script>",
    "</style></title></pre><script>document.title = 'owned'</script>",
    f"<img src={STRANGER}/a.png onerror=\"document.title = 'owned'\">",
    f"<svg onload=\"document.title = 'owned'\"><image href='{STRANGER}/b.svg'/></svg>",
    f"<meta http-equiv=refresh content='0;url={STRANGER}'><iframe src='{STRANGER}'></iframe>",
    f"<style>@import '{STRANGER}/c.css'; body {{ display: none }}</style>",
    "\" onmouseover=\"document.title = 'owned'\" x='",
    "&lt;script&gt;document.title = 'owned'&lt;/script&gt;",
]  # fmt: skip
TEXT = "\n".join(ATTACKS)
DOCKERFILE = "FROM python:3.11\n" + "\n".join(f"RUN echo {attack}" for attack in ATTACKS)
LAYERS = (Layer("CMD python3", 140_000_000), *(Layer(row, 1) for row in DOCKERFILE.split("\n")[1:]))
HOSTILE = Told(
    title="Pin Poetry", student=ATTACKS[0], handed_in=TEXT, score=3, max_score=10,
    checks=(Checked(ATTACKS[1], "failed", 0, 7, TEXT, TEXT, 2),),
    dockerfile=DOCKERFILE, build=TEXT + "\x1b[31mred\x1b[0m" + "A" * 1_000_000, comments=(TEXT,),
)  # fmt: skip

Opened = Callable[[str], tuple[Page, Callable[[], list[str]]]]
"""Opens a page, and gives with it what tells how the page behaved until then."""


@pytest.fixture
def opened(browser: BrowserContext, tmp_path: Path) -> Opened:
    """Opens a page from a file.

    The function that comes with it tells what the page asked for until then besides itself, and
    what stopped it.
    """

    def open_(html: str) -> tuple[Page, Callable[[], list[str]]]:
        file = tmp_path / "page.html"
        file.write_text(html)
        page, asked, dialogs = browser.new_page(), list[Request](), list[str]()
        page.on("request", lambda request: asked.append(request))
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        page.goto(file.as_uri(), wait_until="networkidle")

        def noticed() -> list[str]:
            strange = [one for one in asked if not one.url.startswith(("file:", "data:image/svg"))]
            return [*dialogs, *(f"{one.url}: {one.failure}" for one in strange)]

        return page, noticed

    return open_


def did_nothing(page: Page, noticed: Callable[[], list[str]]) -> None:
    """Whatever the policy stops, no attack is an attribute that waits for a mouse."""
    assert page.locator("[onmouseover], [onload], [onerror]").count() == 0
    assert page.title().endswith(f"feedback for {ATTACKS[0]}")
    assert noticed() == []


@pytest.mark.parametrize("built", [True, False])
def test_attacks_are_read_and_do_nothing(opened: Opened, built: bool) -> None:
    image = ImageFacts("sha256:1", 150_000_000, LAYERS, ())
    picture = layers(image, "yours", parse(DOCKERFILE))
    told = replace(HOSTILE, picture=picture.html[picture.html.index("<svg") : -len("</div>")])
    told = told if built else Told(TEXT, ATTACKS[0], TEXT, reason=TEXT, mend=TEXT)
    page, noticed = opened(render(told))
    did_nothing(page, noticed)
    seen = " ".join(page.locator("body").inner_text().split())
    for attack in ATTACKS:
        assert " ".join(attack.split()) in seen
    if built:
        width = page.locator("img").evaluate("async image => (await image.decode(), image.width)")
        assert width > 400
        page.locator("img").hover()
        did_nothing(page, noticed)
    folder = Path(os.environ.get("COURSE_ARTEFACTS") or places.project() / ".artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"feedback-page-{built}.png", full_page=True)
    page.close()


def test_what_would_slip_through_is_stopped_by_the_policy(opened: Opened) -> None:
    raw = "\n".join(ATTACKS[:1] + ATTACKS[2:4])
    page, noticed = opened(render(HOSTILE).replace("<header>", f"<header>{raw}", 1))
    assert page.locator("header script").count() == 1, "they stand on the page"
    assert page.title().endswith(f"feedback for {ATTACKS[0]}"), "and did not run"
    assert sorted(noticed()) == [f"{STRANGER}/a.png: csp", f"{STRANGER}/b.svg: csp"]
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(
    opened: Opened,
    faults: Callable[..., list[str]],
    scheme: Literal["light", "dark"],
) -> None:
    image = ImageFacts("sha256:1", 150_000_000, LAYERS, ())
    picture = layers(image, "yours", parse(DOCKERFILE))
    told = replace(HOSTILE, picture=picture.html[picture.html.index("<svg") : -len("</div>")])
    page, _ = opened(render(told))
    page.emulate_media(color_scheme=scheme)
    assert faults(page, "body") == []
    page.close()
