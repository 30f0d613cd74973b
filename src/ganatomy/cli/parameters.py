"""Arguments and options that several commands share, each explained once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, dataclass_transform, get_args, get_origin

from cyclopts import Parameter, Token, convert

from ganatomy.cli import parsing
from ganatomy.errors import SettingError

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options(group: type[T]) -> type[T]:
    """A class whose fields are options of the commands that take it."""
    return Parameter(name="*")(dataclass(frozen=True, kw_only=True)(group))


def parsed(
    read: Callable[[str], Any],
    metavar: str,
    help: str | None = None,  # noqa: A002 (cyclopts' own word)
    *,
    several: bool = False,
) -> Parameter:
    """A parameter whose text `read` turns into a value; given more than once, the texts are joined by commas.

    Args:
        read: from text to value.
        metavar: what stands for the text in the help.
        help: by default what the docstring of the command says.
        several: take all texts up to the next option.
    """
    parameter = Parameter(
        converter=lambda _, tokens: read(",".join(token.value for token in tokens)),
        n_tokens=1,
        allow_repeating=True,
        consume_multiple=several,
        negative=(),
        show_default=False,
        metavar=metavar,
    )
    return parameter if help is None else Parameter.combine(parameter, Parameter(help=help))


def strictly(kind: Any, tokens: Sequence[Token]) -> Any:
    """What an option's text means, read as cyclopts does, but whole numbers are whole and numbers finite."""
    texts = [token.value for token in tokens]
    alone = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    numeric = [each for each in alone if each is not type(None)]
    if len(texts) == 1 and numeric in ([int], [float]):
        return parsing.whole_number(texts[0]) if numeric == [int] else parsing.finite(texts[0])
    choices = [str(word) for each in numeric if get_origin(each) is Literal for word in get_args(each)]
    if len(texts) == 1 and choices and all(get_origin(each) is Literal for each in numeric):
        if texts[0] not in choices:
            raise SettingError(f"{texts[0]!r} is none of {', '.join(choices)}")
        return texts[0]
    return convert(kind, texts)


def sources(metavar: str) -> Parameter:
    """A parameter that takes codes by seeds, as a file of latents, or as photographs."""
    return parsed(parsing.seeds_or_files, metavar)


def within(least: int, most: int) -> Parameter:
    """A parameter that is a whole number of these bounds, refused before any work."""
    return Parameter(
        converter=lambda _, tokens: parsing.count(tokens[-1].value, least, most), n_tokens=1, negative=()
    )


def switch(help: str, *, name: str | None = None) -> Parameter:  # noqa: A002 (cyclopts' own word)
    """A parameter that is off unless it is given."""
    return Parameter(name=name, negative=(), show_default=False, help=help)


def repeated(metavar: str) -> Parameter:
    """A parameter that may be given several times; its help stands in the docstring of the command."""
    return Parameter(metavar=metavar, negative=(), show_default=False)


def out_path(help: str) -> Parameter:  # noqa: A002 (cyclopts' own word)
    """What -o names."""
    return Parameter(name=["--out", "-o"], help=help)


Names = tuple[str, ...]
LayerRange = tuple[int, int] | None

CodeFiles = Annotated[
    list[Path] | None,
    Parameter(
        help="Instead of --seed: a file of latents, or photographs and folders of them, which are inverted first.",
        negative=(),
    ),
]
Json = Annotated[bool, switch("Print one JSON object on stdout, everything else on stderr.", name="--json")]
OutFile = Annotated[Path, out_path("File to write; its ending chooses an image or latents (.latents).")]
OutFolder = Annotated[Path, out_path("Folder to write.")]
Count = Annotated[int, Parameter(name=["-n"]), within(1, parsing.MOST)]
"""Rows that are written as they are made."""
CountInMemory = Annotated[int, Parameter(name=["-n"]), within(1, 1_000_000)]
Small = Annotated[int, within(1, 10_000)]
"""Images, walks or repetitions: as many as a recipe holds."""
Repetitions = Annotated[int, within(0, 10_000)]
SmallOrNone = Annotated[int | None, within(1, 10_000)]
Seed = Annotated[int, Parameter(help="Seed of the random latents: the same on every machine.")]
SeedList = Annotated[tuple[int, ...], parsed(parsing.seed_list, "SEEDS")]
NameList = Annotated[Names, parsed(parsing.name_list, "NAMES")]
Seeds = Annotated[
    tuple[int, ...],
    parsed(parsing.seed_list, "SEEDS", "Latents by their seeds, one each, such as 3,5,9 or 0:8."),
]
Rows = Annotated[
    tuple[int, ...],
    parsed(
        parsing.seed_list,
        "ROWS",
        "Rows of a sheet that ganatomy wrote, or of a file of latents, such as 3 or 0:4; by default all.",
    ),
]
SpaceName = Annotated[
    Literal["z", "w", "w+", "s"] | None,
    Parameter(help="Space of the latents; by default w where the model has it, else z."),
]
TruncationPsi = Annotated[float, Parameter(help="Truncation psi: 1 = none, 0 = mean w.")]
Layers = Annotated[
    LayerRange,
    parsed(parsing.layer_range, "FIRST:END", "Layers to change, END not included; all by default."),
]
HOLD = 'Directions of the same file whose scores are kept fixed, such as Male,Eyeglasses, or "all" others.'
Hold = Annotated[Names, parsed(parsing.name_list, "NAMES", HOLD)]
Attributes = Annotated[
    Names,
    parsed(
        parsing.name_list,
        "NAMES",
        "Attributes to use, such as Smiling,Male; all by default. With --scorer clip, or for a model without a scorer, "
        'attributes in words: smiling "wearing glasses|without glasses".',
        several=True,
    ),
]
Method = Annotated[str, Parameter(help="Method that finds the directions of the attributes.")]
TargetChange = Annotated[
    float, Parameter(help="Mean change of the target attribute's probability at which edits are compared.")
]
CorrelationsFile = Annotated[
    Path | None,
    Parameter(
        help="Label correlations of the training data: a matrix (.csv) or a table of labels. Known for faces."
    ),
]
Units = Annotated[
    Literal["sigma", "step", "distance", "logit"],
    Parameter(
        help="Unit of strengths: standard deviations of latents, steps of the studio's slider, distance, or the change "
        "of the logit that the linear model promises. By default steps for directions from the studio, else sigma."
    ),
]
ScorerName = Annotated[
    str | None,
    Parameter(
        help="Attribute classifier (scorer): a bundled name, a folder of `ganatomy train attributes`, an ONNX file, a "
        "table of labels, FILE.py:FUNCTION, or for words clip:ViT-B-32/openai, clip:hf://org/name, clip:FOLDER, or a "
        "file that `ganatomy words` wrote. What an ONNX file or a function takes and gives can follow: "
        "'FILE.onnx?colour=BGR&value_range=0:255&output=logits', or size, layout, mean, std, head, names; or stand in "
        "FILE.json. By default the one that is bundled with the model."
    ),
]
JudgeName = Annotated[
    str | None,
    Parameter(
        help="Classifier that takes no part in finding, optimising or stopping: it reads the edited images as well "
        "and confirms them or not. Takes what --scorer takes; by default the one that is bundled; none goes without."
    ),
]
TargetNames = Annotated[
    Names,
    parsed(
        parsing.name_list,
        "CLASSIFIERS",
        "Other classifiers that guided edits follow beside the scorer, separated by commas: those that were trained "
        "apart, or students of it (`ganatomy train student`). Each takes what --scorer takes; by default those that "
        "are bundled with the scorer.",
    ),
]
AnyGenerator = Annotated[bool, switch("Use directions that were found on another generator.")]
Device = Annotated[
    str, Parameter(help='Device: cpu, cuda, cuda:1, mps; "auto" takes a GPU where there is one.')
]
Scale = Annotated[
    int | None,
    within(1, 64),
    Parameter(help="Whole number by which images are enlarged; by default until they are readable."),
]
Absent = Annotated[Any, Parameter(parse=False)]
"""An option of a group that one command does not have."""
