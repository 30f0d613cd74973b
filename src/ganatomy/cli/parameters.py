"""Arguments and options that several commands share, each explained once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli import parsing


def parsed(
    read: Callable[[str], Any],
    metavar: str,
    help: str,  # noqa: A002 (cyclopts' own word)
    *,
    several: bool = False,
) -> Parameter:
    """A parameter whose text `read` turns into a value; given more than once, the texts are joined by commas.

    Args:
        several: take all texts up to the next option.
    """
    return Parameter(
        converter=lambda _, tokens: read(",".join(token.value for token in tokens)),
        n_tokens=1,
        allow_repeating=True,
        consume_multiple=several,
        negative=(),
        show_default=False,
        metavar=metavar,
        help=help,
    )


Model = Annotated[
    str,
    Parameter(
        help="A name (faces, digits, or what `ganatomy models` lists), a file of weights, or org/name on Hugging Face."
    ),
]
CodesFile = Annotated[Path | None, Parameter(help="A file of latents, instead of --seed.")]
Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        show_default=False,
        help="Print one JSON object on stdout, everything else on stderr.",
    ),
]
OutFile = Annotated[
    Path,
    Parameter(name=["--out", "-o"], help="File to write; the ending chooses image or codes (.latents)."),
]
OutFolder = Annotated[Path, Parameter(name=["--out", "-o"], help="Folder to write.")]
Count = Annotated[int, Parameter(name=["-n"])]
Seed = Annotated[
    int, Parameter(help="The random stream to draw from: the same seed draws the same codes everywhere.")
]
Seeds = Annotated[
    tuple[int, ...],
    parsed(parsing.seed_list, "SEEDS", "Codes by their seeds, one code each, such as 3,5,9 or 0:8."),
]
SpaceName = Annotated[
    Literal["z", "w", "w+", "s"] | None,
    Parameter(help="The space that the codes live in; by default w where the model has one, else z."),
]
TruncationPsi = Annotated[
    float,
    Parameter(
        help="Closeness to the mean w: 1 draws all that the model knows, 0.7 likelier images, 0 the mean."
    ),
]
Layers = Annotated[
    tuple[int, int] | None,
    parsed(parsing.layer_range, "FIRST:END", "Layers to change, END not included; all by default."),
]
Hold = Annotated[
    tuple[str, ...],
    parsed(
        parsing.name_list,
        "NAMES",
        "Directions of the same file whose scores must stay, such as Male,Eyeglasses.",
    ),
]
Attributes = Annotated[
    tuple[str, ...],
    parsed(
        parsing.name_list,
        "NAMES",
        "Attributes to use, such as Smiling,Male; all by default. For --scorer clip, and for a model without a scorer, "
        'what to look for in words: smiling "wearing glasses|without glasses".',
        several=True,
    ),
]
CorrelationsFile = Annotated[
    Path | None,
    Parameter(
        help="How attributes go together in the data: a matrix (.csv) or a table of labels. For faces, it is known."
    ),
]
Units = Annotated[
    Literal["sigma", "distance", "logit"],
    Parameter(
        help="What a strength counts: standard deviations of codes, distance, or the change of the score in logits."
    ),
]
ScorerName = Annotated[
    str | None,
    Parameter(
        help="Who sees the attributes: a bundled name, an ONNX file, a table of labels, FILE.py:FUNCTION, or for words "
        "clip:ViT-B-32/openai, clip:hf://org/name, clip:FOLDER, or a file that `ganatomy words` wrote. "
        "By default the one that is bundled with the model."
    ),
]
AnyGenerator = Annotated[
    bool,
    Parameter(
        negative=(),
        show_default=False,
        help="Use directions on another generator than the one they were found on.",
    ),
]
Device = Annotated[
    str, Parameter(help='Where to compute: cpu, cuda, cuda:1, mps; "auto" takes a GPU where there is one.')
]
Scale = Annotated[
    int | None,
    Parameter(help="Whole number by which images are enlarged; by default until they are readable."),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How a model is read and run."""

    prior: Literal["normal", "uniform"] | None = None
    """What z was drawn from in training, where the weights do not say."""
    output: Literal["tanh", "sigmoid", "none"] | None = None
    """How a DCGAN's images come into their range; by default tanh."""
    hidden: Literal["relu", "leaky_relu"] | None = None
    """A DCGAN's hidden activations, where the weights do not say."""
    resolution: int | None = None
    """Pixels a side, where a DCGAN's layers fit several."""
    network: str | None = None
    """Which network of a file that holds several, such as G; by default the averaged generator."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """What images are computed in; the lower ones are quick on processors and GPUs that have them."""
    device: Device = "auto"
    batch_size: int = 32
    """Images to make at a time."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """How codes are drawn."""

    truncation_psi: TruncationPsi = 1.0
    label: int | None = None
    """The class to draw, for a conditional model."""


MODEL = ModelOptions()
SAMPLE = SampleOptions()
