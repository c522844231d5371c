from autograder.facts.dockerfile import Dockerfile, parse
from autograder.facts.image import ImageFacts, Layer
from autograder.pictures import layers

from .reading import bar_widths, texts, well_formed


def test_the_text_tells_kinds_and_order_and_no_sizes(
    image: ImageFacts, dockerfile: Dockerfile
) -> None:
    assert repr(layers(image, "split", dockerfile)).splitlines() == [
        "base image    FROM python:3.11",
        "tools         RUN pip install poetry==1.7.0",
        "settings      WORKDIR /app",
        "dependencies  COPY poetry.lock pyproject.toml ./",
        "dependencies  RUN poetry install --no-root --with prod",
        "your source   COPY . .",
        "your source   RUN poetry install",
        'settings      CMD ["poetry", "run", "gunicorn", "basic_improvements.main:app"]',
    ]


def test_bars_are_to_scale(image: ImageFacts, dockerfile: Dockerfile) -> None:
    root = well_formed(layers(image, "", dockerfile))
    base, poetry, *_ = [width for width in bar_widths(root) if width > 20]
    assert abs(poetry / base - 94 / 148) < 0.01


def test_it_says_in_words_what_its_colours_say(image: ImageFacts, dockerfile: Dockerfile) -> None:
    shown = " ".join(texts(well_formed(layers(image, "", dockerfile))))
    for told in (
        "148 MB  base image",
        "94 MB  tools",
        "27 MB  dependencies",
        "1.8 kB  your source",
        "no files, only the folder to work in",
        "no files, only a setting",
    ):
        assert told in shown


def test_an_image_without_its_dockerfile_is_shown_as_well(image: ImageFacts) -> None:
    first, second, *_ = repr(layers(image)).splitlines()
    assert first == "base image    the base image"
    assert second == "tools         RUN pip install poetry==1.7.0"


def test_classic_rows_read_as_they_were_written() -> None:
    dockerfile = parse("FROM python:3.11\nCOPY . .\nRUN pip install -r requirements.txt\n")
    rows = (
        Layer("", 100),
        Layer("COPY dir:0a1b2c in /", 10),
        Layer("RUN pip install -r requirements.txt", 50),
    )
    picture = layers(ImageFacts("sha256:1", 160, rows, ()), "", dockerfile)
    assert "your source   COPY . ." in repr(picture)
    assert "dependencies  RUN pip install -r requirements.txt" in repr(picture)


def test_a_venv_from_another_stage_is_dependencies() -> None:
    dockerfile = parse(
        "FROM python:3.11 AS build\nRUN python -m venv /venv\n"
        "FROM python:3.11-slim\nCOPY --from=build /venv /venv\nCOPY . .\n"
    )
    rows = (Layer("", 100), Layer("COPY /venv /venv", 40), Layer("COPY . .", 3))
    text = repr(layers(ImageFacts("sha256:1", 143, rows, ()), "", dockerfile))
    assert "base image    FROM python:3.11-slim" in text
    assert "dependencies  COPY --from=build /venv /venv" in text


def test_what_a_learner_wrote_cannot_become_markup() -> None:
    dockerfile = parse('FROM python:3.11\nRUN echo "<script>alert(1)</script>"\n')
    rows = (Layer("", 1), Layer('RUN echo "<script>alert(1)</script>"', 1))
    picture = layers(ImageFacts("sha256:1", 2, rows, ()), "<b>", dockerfile)
    assert "<script" not in picture._repr_html_()
    assert "<b>" not in picture._repr_html_()
    well_formed(picture)
