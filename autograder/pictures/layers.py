"""An image's layers, to scale: which instruction made each, how large it is, what it is for."""

from dataclasses import dataclass

from autograder.facts.dockerfile import Base, Dockerfile, Instruction
from autograder.facts.image import ImageFacts, Layer
from autograder.pictures.kinds import COLOURS, Kind, kinds_of
from autograder.pictures.picture import (
    Picture,
    bar,
    bytes_in_words,
    framed,
    shortened,
    svg,
    words,
)

ROW, TOP = 24, 30
TEXT_AT, BAR_AT, BAR_WIDTH = 18, 400, 200
# Where an image says nothing of its Dockerfile: the last row of the base images that the course
# uses is one of these.
_BASE_ENDS = ('CMD ["python3"]', "LABEL org.container-course.ca=")


@dataclass(frozen=True)
class Row:
    """One instruction of an image: what it is for, as it was written, and the bytes it brought."""

    kind: Kind
    instruction: str
    size: int


def layers(image: ImageFacts, title: str = "", dockerfile: Dockerfile | None = None) -> Picture:
    """The image's layers in the order of its Dockerfile, the base image as one.

    dockerfile: what the image was built from; with it the base image is named, and instructions
    read as they were written on every builder.
    """
    rows = rows_of(image, dockerfile)
    heading = f"{title + ': ' if title else ''}an image of {bytes_in_words(image.size)}"
    text = "\n".join(f"{row.kind:<13} {row.instruction}" for row in rows)
    described = "; ".join(
        f"{row.kind}: {row.instruction}, {bytes_in_words(row.size)}" for row in rows
    )
    most = max((row.size for row in rows), default=0) or 1
    parts = [words(0, 16, heading, style="font-weight: 600")]
    for number, row in enumerate(rows):
        parts += _drawn(row, TOP + ROW * number, BAR_WIDTH / most)
    drawn = svg(heading, f"Layers from the base up. {described}", TOP + ROW * len(rows), parts)
    return Picture(framed(drawn), text)


def _drawn(row: Row, y: float, scale: float) -> list[str]:
    colour = COLOURS[row.kind]
    faint = "opacity: .75" if row.kind == "settings" else ""
    parts = [
        bar(0, y + 2, 10, colour, hollow=row.kind == "settings"),
        words(
            TEXT_AT, y + 13, shortened(row.instruction, BAR_AT - TEXT_AT), mono=True, style=faint
        ),
    ]
    if row.kind == "settings" and not row.size:
        return [*parts, words(BAR_AT, y + 13, _without_files(row), style=faint)]
    width = row.size * scale
    parts.append(bar(BAR_AT, y + 2, width, colour))
    told = f"{bytes_in_words(row.size)}  {row.kind}"
    parts.append(words(BAR_AT + max(width, 2) + 8, y + 13, told))
    return parts


def _without_files(row: Row) -> str:
    """A WORKDIR makes its folder where there is none; an image does not tell whether there was."""
    place = row.instruction.startswith("WORKDIR ")
    return "no files, only the folder to work in" if place else "no files, only a setting"


def rows_of(image: ImageFacts, dockerfile: Dockerfile | None) -> list[Row]:
    """The image in the order of its Dockerfile, the base image as the first row."""
    if dockerfile is None:
        base, own = _split_at_base(image.layers)
        instructions = [_read(layer) for layer in own]
        name = "the base image"
    else:
        base, own, instructions = _aligned(image.layers, dockerfile)
        name = _base_name(dockerfile)
    rows = [Row("base image", name, sum(layer.size for layer in base))]
    for layer, instruction, kind in zip(own, instructions, kinds_of(instructions), strict=True):
        rows.append(Row(kind, f"{instruction.keyword} {_written(instruction)}", layer.size))
    return rows


def _aligned(
    history: tuple[Layer, ...], dockerfile: Dockerfile
) -> tuple[list[Layer], list[Layer], list[Instruction]]:
    """The base's rows, and the Dockerfile's instructions with the row that each made.

    From the end, since the base's rows are not known; a builder may add rows of its own (labels).
    """
    left, own, instructions = list(history), list[Layer](), list[Instruction]()
    for instruction in reversed(_final_instructions(dockerfile)):
        for back in range(1, min(3, len(left)) + 1):
            if left[-back].instruction.split(" ", 1)[0] == instruction.keyword:
                own.insert(0, left[-back])
                instructions.insert(0, instruction)
                del left[-back:]
                break
    return left, own, instructions


def _final_instructions(dockerfile: Dockerfile) -> list[Instruction]:
    """The instructions whose rows the history holds: the last stage's, and those it extends."""
    stage = dockerfile.stages[-1]
    found = list(stage.instructions)
    while isinstance(stage.base, int):
        stage = dockerfile.stages[stage.base]
        found = [*stage.instructions, *found]
    return found


def _base_name(dockerfile: Dockerfile) -> str:
    base: Base | int = len(dockerfile.stages) - 1
    while isinstance(base, int):
        base = dockerfile.stages[base].base
    return f"FROM {base.reference}"


def _written(instruction: Instruction) -> str:
    flags = [f"--{name}={value}" if value else f"--{name}" for name, value in instruction.flags]
    return " ".join([*flags, instruction.value])


def _split_at_base(history: tuple[Layer, ...]) -> tuple[list[Layer], list[Layer]]:
    ends = [at for at, layer in enumerate(history) if layer.instruction.startswith(_BASE_ENDS)]
    after = ends[-1] + 1 if ends else min(1, len(history))
    return list(history[:after]), list(history[after:])


def _read(layer: Layer) -> Instruction:
    keyword, _, value = layer.instruction.partition(" ")
    return Instruction(keyword, value, 0, 0)
