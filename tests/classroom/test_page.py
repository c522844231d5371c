"""A feedback page says everything, and does nothing that a learner wants it to do."""

import base64
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from autograder.classroom.page import MOST_LETTERS, Checked, Page, as_image, render
from autograder.pictures.picture import svg, words

PICTURE = svg("an image", "RUN echo '<script>' & \"more\"", 40, [words(0, 16, "<img src=x>")])
PAGE = Page(
    title="Pin Poetry",
    student="ada",
    handed_in="2026-01-01 10:00:00 UTC",
    score=8,
    max_score=10,
    penalty=0.5,
    checks=(
        Checked("It is pinned", "passed", 8, 8, "Poetry 1.7.0"),
        Checked("It is split", "failed", 0, 1, "RUN pip", "copy the lock first", 2),
        Checked("It answers", "not_judged", None, 1, "no answer"),
    ),
    dockerfile="FROM python:3.11\nRUN pip install poetry\n",
    build="Built in 3 s.",
    picture=PICTURE,
    picture_in_words="RUN echo",
    comments=("well done",),
)
HOSTILE = [
    "<script>document.title = 'x'</script>",
    "</style><script>document.title = 'x'</script>",
    "</title><script>1</script>",
    "</pre></td></table></html><h1>10 of 10</h1>",
    "<img src=http://stranger.example/x.png onerror=alert(1)>",
    "<link rel=stylesheet href=//stranger.example/x.css>",
    "<meta http-equiv=refresh content='0;url=http://stranger.example'>",
    "<svg onload=alert(1)>",
    "\" onload=alert(1) x=\"",
    "' onload=alert(1) x='",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62; &amp;lt;",
    "{{ page.student }} {% raw %} {{ 7 * 7 }}",
    "<!-- --> ]]> <![CDATA[ <?xml ?>",
]  # fmt: skip


class Read(HTMLParser):
    """What stands on a page: its tags with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(" ".join([tag, *(name for name, _ in attrs)]))
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.tags.append("a comment")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_learners_text_is_only_shown(text: str) -> None:
    """Wherever it comes in: the page has the tags of a harmless one, and says the text."""
    row = replace(PAGE.checks[1], title=text, seen=text, try_next=text)
    hostile = Page(
        title=text, student=text, handed_in=text, score=8, max_score=10, penalty=0.5,
        checks=(PAGE.checks[0], row, PAGE.checks[2]), dockerfile=f"{text}\nRUN {text}\n",
        build=text, picture=PICTURE, picture_in_words=text, comments=(text,),
    )  # fmt: skip
    harmless, read = Read(render(PAGE)), Read(render(hostile))
    assert read.tags == harmless.tags
    assert read.words.count(text) == 12
    assert text in read.values


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_without_a_verdict_is_as_safe(text: str) -> None:
    harmless = Read(render(Page("Pin", "ada", reason="full", mend="wait")))
    read = Read(render(Page(text, text, reason=text, mend=text)))
    assert read.tags == harmless.tags
    assert read.words.count(text) == 6
    assert "points" not in read.words.partition("There is no verdict")[2]
    assert "of 0" not in read.words


def test_everything_is_said() -> None:
    read = " ".join(Read(render(PAGE)).words.split())
    assert "8 of 10 points" in read
    assert "0.5 taken off because it was handed in late" in read
    assert "It is pinned 8 of 8" in read.replace("pinned8", "pinned 8")
    assert "✗ not yet at line 2 of the Dockerfile seen: RUN pip try next: copy the lock" in read
    assert "… no verdict seen: no answer" in read
    assert "→ 2RUN pip install poetry" in read
    assert "A word from your instructor well done" in read


def test_the_browser_is_told_to_run_and_load_nothing() -> None:
    (policy,) = [value for value in Read(render(PAGE)).values if "default-src" in value]
    rules = [rule.strip() for rule in policy.split(";")]
    assert rules[:3] == ["default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"]
    assert {"base-uri 'none'", "form-action 'none'"} == {*rules[3:]}


def test_a_build_that_printed_a_megabyte_is_cut() -> None:
    rows = "\n".join(["A" * 1_000_000, "last words"])
    html = render(replace(PAGE, build=rows, dockerfile="RUN x\n" * 100_000))
    assert "last words" in html
    assert "A… (cut off: 1,000,000 letters)" in html
    assert len(html) < 40 * MOST_LETTERS


def test_colours_and_control_characters_are_gone() -> None:
    read = Read(
        render(replace(PAGE, build="\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00 \u202e\ud800 ok"))
    )
    assert "red" in read.words
    assert not set("\x1b\x07\x00\u202e\ud800") & set(read.words)


def test_the_picture_is_an_image_of_its_own() -> None:
    address = as_image(PICTURE)
    drawing = base64.b64decode(address.partition("base64,")[2]).decode()
    assert "&lt;script&gt;" in drawing
    assert "prefers-color-scheme" in drawing
    assert "<svg" not in render(PAGE)


@pytest.mark.parametrize(
    "picture",
    [
        "",
        "<b>no</b>",
        PICTURE.replace("</svg>", ""),
        PICTURE.replace("<title>", "<title>&undefined;"),
        PICTURE.replace("</svg>", "<!-- " + "x" * 500_000 + " --></svg>"),
    ],
)
def test_what_cannot_be_drawn_is_left_out(picture: str) -> None:
    assert as_image(picture) == ""
    assert "<img" not in render(replace(PAGE, picture=picture))
