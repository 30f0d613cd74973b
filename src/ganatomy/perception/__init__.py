"""Perception: what is to be seen in an image, as one logit for each named attribute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganatomy.errors import CheckpointError, MissingFileError, SettingError, UnknownNameError
from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.perception.base import Scorer, Scores, check_names
from ganatomy.perception.calibrated import CalibratedScorer, read_calibration
from ganatomy.perception.clip import is_clip
from ganatomy.perception.convention import SILENT, Convention, beside, doubts, split_spec
from ganatomy.perception.ensemble import EnsembleScorer, following
from ganatomy.perception.function import FunctionScorer
from ganatomy.perception.judging import Judge, confirmed
from ganatomy.perception.network import (
    AttributeConfig,
    AttributeNetwork,
    FactorScorer,
    NetworkScorer,
    fold_norms,
)
from ganatomy.perception.networks import JUDGE_FILE, SCORER_FILE, load_network, network_file
from ganatomy.perception.onnx import OnnxScorer
from ganatomy.perception.onnx_input import OnnxInput
from ganatomy.perception.oracle import (
    CodeOracle,
    FactorOracle,
    KnowsItsCodes,
    KnowsItsImages,
    OracleScorer,
    TruthScorer,
)
from ganatomy.perception.own_file import load_function
from ganatomy.perception.table import TableScorer
from ganatomy.perception.text import Contrast, TextScorer, load_words, words

if TYPE_CHECKING:
    from ganatomy.zoo import BundledModel

__all__ = [
    "AttributeConfig",
    "AttributeModel",
    "AttributeNetwork",
    "CalibratedScorer",
    "CodeOracle",
    "Contrast",
    "Convention",
    "EnsembleScorer",
    "FactorOracle",
    "FactorScorer",
    "FunctionScorer",
    "Judge",
    "NetworkScorer",
    "OnnxInput",
    "OnnxScorer",
    "OracleScorer",
    "Scorer",
    "Scores",
    "TableScorer",
    "TextScorer",
    "TruthScorer",
    "confirmed",
    "doubts",
    "fold_norms",
    "following",
    "is_clip",
    "judge",
    "load_network",
    "scorer",
    "words",
]

Names = Iterable[str] | None


def _network(path: Path, names: Names) -> Scorer:
    found = NetworkScorer(load_network(path), description=path.stem)
    return found if names is None else found.select(names)


def _onnx(path: Path, names: Names, convention: Convention = SILENT) -> Scorer:
    return OnnxScorer(path, names=names, convention=convention)


def _table(path: Path, names: Names) -> Scorer:
    return TableScorer(path, names=names)


def _words(path: Path, names: Names) -> Scorer:
    found = load_words(path)
    return found if names is None else found.select(names)


def _calibrated(path: Path, names: Names) -> Scorer:
    spec, sources, temperatures = read_calibration(path)
    found = scorer(spec)
    if found.sources != sources:
        raise CheckpointError(
            f"{path} was written for another scorer than {spec} is now; write it again with `ganatomy calibrate`"
        )
    try:
        calibrated = CalibratedScorer(found.select(temperatures), list(temperatures.values()))
    except (SettingError, UnknownNameError) as error:
        raise CheckpointError(f"{path}: {error}") from None
    return calibrated if names is None else calibrated.select(names)


def _bundled(model: BundledModel, names: Names) -> Scorer:
    """The scorer of a bundled model, with the networks that optimisers follow beside it."""
    found = NetworkScorer(AttributeNetwork.load(model.scorer), description=model.scorer.stem)
    if model.companions:
        found = following(found, [NetworkScorer(AttributeNetwork.load(path)) for path in model.companions])
    return found if names is None else found.select(names)


KINDS: dict[str, Callable[..., Scorer]] = {
    ".safetensors": _network,
    ".onnx": _onnx,
    ".csv": _table,
    ".parquet": _table,
    ".words": _words,
    ".calibrated": _calibrated,
}
"""Which file is which scorer, by the ending of its name."""


def scorer(
    spec: str | Path | Callable[..., Any],
    *,
    names: Names = None,
    size: int | tuple[int, int] | None = None,
    colour: str | None = None,
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    output: str | None = None,
    head: str | None = None,
) -> Scorer:
    """A scorer by what it is called, where it lies, or what it does.

    ```
    scorer("faces")                                   # bundled with the generator of that name
    scorer("drawn")                                   # the exact oracle of that generator's codes
    scorer("scorer/")                                 # what `ganatomy train attributes` wrote
    scorer("classifier.onnx")                         # any ONNX classifier
    scorer("classifier.onnx", colour="BGR", value_range=(0, 255), output="logits")
    scorer("classifier.onnx?colour=BGR&value_range=0:255&output=logits")  # the same as one text
    scorer("faces-scorer.safetensors")                # an attribute network of ours
    scorer("labels.csv")                              # labels of the images that `ganatomy sample` wrote
    scorer("clip:ViT-B-32/openai", names=["smiling"]) # these words, by a text-image model; see `words`
    scorer("my.calibrated")                           # a scorer that `ganatomy calibrate` calibrated on a generator
    scorer("my.words")                                # words that `ganatomy words` centred on a generator
    scorer("mine.py:brightness", names=["Bright"])    # a function in a file, which is run
    scorer(lambda images: images.mean((1, 2, 3)) / 2 + 0.5, names=["Bright"])
    ```

    What an ONNX file or a function expects and gives can be said here, behind a `?` in the text, in metadata, or in a
    JSON file of the same name beside it; `assumed` of the scorer says what is not.

    Args:
        spec: the scorer.
        names: the attributes to use, in this order; for a scorer that names none itself, what its outputs are called,
            and for a text-image model, the words to look for.
        size: height and width of its images; for a function by default those of the generator.
        colour: "RGB", "BGR" or "grey".
        layout: "NCHW" or "NHWC".
        value_range: what black and white go in as, by default (-1, 1).
        mean: of pixels in [0, 1], instead of `value_range`; with `std`, a pixel p goes in as (p - mean) / std.
        std: of pixels in [0, 1].
        output: "probabilities", "logits" (a sigmoid for each) or "class logits" (one softmax over all).
        head: which output of an ONNX file holds the scores, where there are several.

    Returns:
        The scorer.

    Raises:
        UnknownNameError: for a bundled scorer, an attribute, a function or an output that does not exist.
        MissingFileError, CheckpointError, SettingError: as the kind of scorer says.

    Example:
        >>> import torch
        >>> bytes_ = scorer(lambda images: images.mean((1, 2, 3)) / 255, names="Bright", value_range=(0, 255))
        >>> float(bytes_(torch.zeros(1, 3, 4, 4)).probabilities)
        0.5
    """
    convention = Convention(
        size=size, colour=colour, layout=layout, value_range=value_range, mean=mean, std=std, output=output, head=head
    )  # fmt: skip
    if isinstance(spec, str | Path):
        return _of_text(str(spec), names, convention)
    if convention != SILENT and (isinstance(spec, Scorer | AttributeModel | KnowsItsCodes | KnowsItsImages)):
        raise SettingError(
            f"{type(spec).__name__} knows what it takes; leave out {', '.join(convention.said)}"
        )
    if isinstance(spec, Scorer):
        found = spec
    elif isinstance(spec, AttributeModel):
        found = NetworkScorer(spec)
    elif isinstance(spec, KnowsItsCodes):
        found = CodeOracle(spec)
    elif isinstance(spec, KnowsItsImages):
        found = OracleScorer(spec)
    elif getattr(spec, "names", None) is not None:
        found = FunctionScorer(spec, convention=convention)
    else:
        return FunctionScorer(spec, names, convention=convention)
    return found if names is None else found.select(names)


def judge(spec: str | Path | Callable[..., Any], *, names: Names = None) -> Judge:
    """A judge by what it is called, where it lies, or what it does.

    Args:
        spec: the name of a bundled model, for the judge that is bundled with it (of `drawn`, exact truth itself); a
            folder of `ganatomy train attributes --folds 2`, for the judge in it; or whatever `scorer` takes.
        names: the attributes to use, in this order, as for `scorer`.

    Returns:
        The judge. A network that learnt from a scorer's readings says so in its file, and is a student.

    Raises:
        UnknownNameError, MissingFileError, CheckpointError, SettingError: as `scorer` says.
        MissingFileError: for a folder without a judge.
        ScoreError: for a table of labels.

    Example:
        >>> import ganatomy as ga
        >>> ga.judge("faces").is_student
        False
    """
    from ganatomy.zoo import find_bundled

    if isinstance(spec, Judge):
        return spec if names is None else spec.select(names)
    bundled = find_bundled(spec) if isinstance(spec, str) else None
    if bundled is None and isinstance(spec, str | Path) and os.path.isdir(spec):  # noqa: PTH112
        return Judge(_network(network_file(Path(spec), JUDGE_FILE), names))
    return Judge(scorer(spec if bundled is None else bundled.judge or spec, names=names))


def _of_text(text: str, names: Names, convention: Convention) -> Scorer:
    """A scorer whose name may be followed by what it expects."""
    spec, own, noted = split_spec(text)
    convention = convention.over(noted)
    if ".py:" in spec:
        file = Path(spec.rpartition(":")[0])
        beside_it, beside_says = beside(file)
        function = load_function(spec)
        own = own or beside_it or getattr(function, "names", None)
        found = FunctionScorer(function, own or names, convention=convention.over(beside_says))
        return found if own is None or names is None else found.select(check_names(names))
    if Path(spec).suffix.lower() == ".onnx":
        found = OnnxScorer(spec, names=own or names, convention=convention)
        return found if own is None or names is None else found.select(check_names(names))
    if convention != SILENT or own is not None:
        said = ", ".join([*convention.said, *(["names"] if own else [])])
        raise SettingError(f"{spec} knows what it takes; only ONNX files and functions are told {said}")
    return _named(spec, names)


def _named(spec: str, names: Names) -> Scorer:
    if is_clip(spec):
        names = tuple(names or ())
        if not names:
            raise SettingError(
                f"{spec} looks for words, and none are given; name attributes, such as smiling, "
                "or give a file that `ganatomy words` wrote"
            )
        return words(names, model=spec)
    from ganatomy.zoo import MODELS, find_bundled

    bundled = find_bundled(spec)  # as with models, whatever else is called so here
    if bundled is not None and bundled.table:
        from ganatomy.generators import load

        return scorer(load(spec), names=names)
    if bundled is not None:
        return _bundled(bundled, names)
    path = Path(spec)
    if path.suffix.lower() in KINDS:
        return KINDS[path.suffix.lower()](path, names)
    if os.path.isdir(path):  # noqa: PTH112 (bears names that are too long)
        return _network(network_file(path, SCORER_FILE), names)
    if os.path.exists(path):  # noqa: PTH110
        raise CheckpointError(f"{path} is no scorer; its name must end in {', '.join(KINDS)}")
    if path.suffix or path.parent != Path():
        raise MissingFileError(
            f"{path} does not exist; give a bundled scorer ({', '.join(MODELS)}) or a file"
        )
    raise UnknownNameError("scorer", spec, MODELS)
