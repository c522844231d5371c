"""Two images side by side: the layers that both have, and those that each has alone."""

from dataclasses import dataclass

from autograder.facts.dockerfile import Dockerfile
from autograder.facts.image import ImageFacts
from autograder.pictures.kinds import COLOURS
from autograder.pictures.layers import Row, rows_of
from autograder.pictures.picture import (
    GREY,
    WIDTH,
    Picture,
    bar,
    bytes_in_words,
    framed,
    shortened,
    svg,
    words,
)

ROW, TOP, HEAD, GAP = 40, 34, 24, 24
COLUMN = (WIDTH - GAP) / 2
# Room for the longest words behind a bar: `148 MB  dependencies`.
BAR_WIDTH = COLUMN - 150
# What BuildKit makes a layer of, even one without a file; `WORKDIR /` makes none.
_LAYERED = ("RUN", "COPY", "ADD", "WORKDIR")


@dataclass(frozen=True)
class Stack:
    """An image as BuildKit made it.

    digests: of its layers, from the base up.
    """

    title: str
    image: ImageFacts
    dockerfile: Dockerfile
    digests: tuple[str, ...]


@dataclass(frozen=True)
class _Block:
    head: str
    rows: list[Row]

    @property
    def size(self) -> str:
        return bytes_in_words(sum(row.size for row in self.rows))

    @property
    def told(self) -> str:
        rows = (f"{r.kind}: {r.instruction}, {bytes_in_words(r.size)}" for r in self.rows)
        return f"{self.head}, {self.size}: {'; '.join(rows) or 'nothing'}."

    @property
    def text(self) -> str:
        rows = [f"{row.kind:<13} {row.instruction}" for row in self.rows]
        return "\n".join([f"{self.head}:", *(rows or ["nothing"])])


def compared(one: Stack, other: Stack) -> Picture:
    """Which layers two images share, and what each has alone.

    Shared is what is the same from the base up to the first layer that differs: an engine keeps it
    once, and a registry sends only what is missing.
    """
    same = _in_both(one.digests, other.digests)
    (shared, own), (_, others) = _parted(one, same), _parted(other, same)
    blocks = (
        _Block("in both images", shared),
        _Block(f"only in “{one.title}”", own),
        _Block(f"only in “{other.title}”", others),
    )
    scale = BAR_WIDTH / (max(row.size for block in blocks for row in block.rows) or 1)
    below = TOP + _height(blocks[0])
    parts = [
        *_column(blocks[0], 0, TOP, scale),
        f'<rect x="0" y="{below:g}" width="{WIDTH}" height="1" fill="{GREY}"/>',
        *_column(blocks[1], 0, below + GAP, scale),
        *_column(blocks[2], COLUMN + GAP, below + GAP, scale),
    ]
    title = "; ".join(f"{s.title}: {bytes_in_words(s.image.size)}" for s in (one, other))
    parts.append(words(0, 16, title, style="font-weight: 600"))
    height = below + GAP + max(map(_height, blocks[1:]))
    drawn = svg(title, " ".join(block.told for block in blocks), height, parts)
    return Picture(framed(drawn), "\n\n".join(block.text for block in blocks))


def _in_both(digests: tuple[str, ...], others: tuple[str, ...]) -> int:
    """How many layers, from the base up, are the same."""
    pairs = zip(digests, others, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(digests), len(others)))


def _parted(stack: Stack, same: int) -> tuple[list[Row], list[Row]]:
    """The image's rows that bring files: those in its first `same` layers, and the others.

    The base's layers are counted as what the Dockerfile's own do not account for.
    """
    base, *own = rows_of(stack.image, stack.dockerfile)
    made = [row for row in own if _makes_a_layer(row)]
    at = len(stack.digests) - len(made)
    rows = [(base, at), *((row, at + number) for number, row in enumerate(made, 1))]
    told = [(row, layers) for row, layers in rows if row.kind != "settings"]
    return (
        [row for row, layers in told if layers <= same],
        [row for row, layers in told if layers > same],
    )


def _makes_a_layer(row: Row) -> bool:
    return row.instruction.startswith(_LAYERED) and row.instruction.split() != ["WORKDIR", "/"]


def _height(block: _Block) -> float:
    return HEAD + ROW * max(len(block.rows), 1)


def _column(block: _Block, left: float, top: float, scale: float) -> list[str]:
    parts = [words(left, top + 12, f"{block.head}: {block.size}", style="font-weight: 600")]
    if not block.rows:
        parts.append(words(left, top + HEAD + 10, "nothing", style="opacity: .75"))
    for number, row in enumerate(block.rows):
        y, width = top + HEAD + ROW * number, row.size * scale
        told = f"{bytes_in_words(row.size)}  {row.kind}"
        parts += [
            words(left, y + 10, shortened(row.instruction, COLUMN), mono=True),
            bar(left, y + 16, width, COLOURS[row.kind]),
            words(left + max(width, 2) + 6, y + 26, told),
        ]
    return parts
