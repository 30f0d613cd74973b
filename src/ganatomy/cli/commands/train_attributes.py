"""`ganatomy train attributes`: a classifier of your own labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, remark, row, stages
from ganatomy.cli.labelled import DataOptions
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import Device, Json, OutFolder, Seed, parsed, switch

if TYPE_CHECKING:
    from ganatomy.experiments.studies.attributes import AttributeStudy
    from ganatomy.perception import Scorer
    from ganatomy.training.scorers import TrainedAttributes


def whole_numbers(text: str) -> tuple[int, ...]:
    """Resolutions, separated by commas; raises SettingError for anything else.

    >>> whole_numbers("128,256")
    (128, 256)
    """
    from ganatomy.errors import SettingError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SettingError(f"{text!r} is no list of resolutions; write it like 128,256") from None


Stages = Annotated[tuple[int, ...], Parameter(name="--stages"), parsed(whole_numbers, "PIXELS")]


def train_attributes(
    data: Path,
    /,
    *,
    out: OutFolder,
    labels: DataOptions = DataOptions(),  # noqa: B008 (frozen)
    backbone: str = "small",
    weights: str = "",
    stages_: Stages = (64,),
    epochs: float = 10.0,
    batch: int = 64,
    learning_rate: float | None = None,
    layer_decay: float | None = None,
    frozen: float = 0.1,
    loss: Literal["cross-entropy", "focal"] = "cross-entropy",
    balanced: Annotated[bool, switch("Let rare attributes weigh as much as frequent ones.")] = False,
    flip: Annotated[bool, switch("Show a random half of the images mirrored.")] = False,
    rotation: float = 0.0,
    warp: float = 0.0,
    light: float = 0.0,
    strength: float = 1.0,
    patience: int = 0,
    held_out: float = 0.1,
    folds: int = 1,
    judge_backbone: str = "",
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Train a classifier of attributes on labelled images; the same command goes on with a run that was stopped.

    The folder is a scorer that every --scorer takes, and with --folds 2 a judge as well. It receives the networks,
    the table of epochs, report.html about the images that were held out, and an ONNX file where onnx is installed.

    Args:
        data: A folder or a zip with a table of labels or a folder for each class, CelebA's layout, a folder that
            Hugging Face's datasets wrote, or `faces` for drawn faces.
        backbone: small, or any network of timm: resnet34, resnet50, convnext_nano, efficientnet_lite0.
        weights: What a backbone starts from: imagenet, or a file.
        stages_: Resolutions, one after the other, with equally many images, such as 128,256.
        epochs: Passes over the images.
        batch: Images of one step.
        learning_rate: At the top of the cycle; by default .003 for the small network, .001 for a backbone.
        layer_decay: Learning rate of each layer as a share of the next one's; .75 by default with --weights.
        frozen: Share of the images for which a backbone with --weights stays as it is.
        loss: Focal weighs what is read well already less.
        rotation: Largest angle by which images are turned, in degrees.
        warp: How far corners move at most, as a share of the side.
        light: Largest change of brightness and contrast, as a share.
        strength: Of small shifts, scales, blur and noise; 0 for none.
        patience: Epochs without improvement after which a stage ends; 0 for never.
        held_out: Share of the people to validate by, and of those to test on, where the data name no parts.
        folds: 2 trains a judge on the other half of the people, with another network.
        judge_backbone: Of the judge; by default another one than the scorer's.
        precision: Of the training; auto is bfloat16 where it is quicker.

    Example:
        ganatomy train attributes celeba/ -o scorer/ --backbone resnet34 --weights imagenet --stages 128,256 --flip
        ganatomy train attributes photos.zip -o scorer/ --derive 'Young=age<35' --factors age --folds 2
    """
    import ganatomy as ga
    from ganatomy.training.scorers import AttributeRecipe, Augmentation, train_attributes

    recipe = AttributeRecipe(
        backbone=backbone,
        weights=weights,
        stages=stages_,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        layer_decay=layer_decay,
        frozen=frozen,
        loss=loss,
        balanced=balanced,
        augmentation=Augmentation(strength=strength, flip=flip, rotation=rotation, warp=warp, light=light),
        patience=patience,
        held_out=held_out,
        folds=folds,
        judge_backbone=judge_backbone,
        precision=precision,
        seed=seed,
    )
    images = labels.open(data)
    expect_folder(out)
    with stages() as advance:
        made = train_attributes(images, out, recipe, device=device, progress=advance, say=row)
        held = images.select(made.parts["test"])
        found = {
            kind: ga.study_attributes(_on(path, device), held, saliency=kind == "scorer", progress=advance)
            for kind, path in (("scorer", made.scorer), ("judge", made.judge))
            if path is not None
        }
        written = _write(made, found, name=str(data))
    text = "\n".join(
        [f"{kind}, on {len(held):,} images that were held out\n{study}" for kind, study in found.items()]
        + [str(path) for path in written]
    )
    figures = {
        kind: {
            "accuracy": study.readings.accuracy.value,
            "auc": {one.name: one.auc.value for one in study.readings.attributes},
        }
        for kind, study in found.items()
    }
    answer(text, {"made": [str(path) for path in written], **figures}, as_json=json)


def _on(path: Path, device: str) -> Scorer:
    """A trained network on a device."""
    import ganatomy as ga
    from ganatomy.devices import usable_device
    from ganatomy.perception import NetworkScorer

    scorer = ga.scorer(path)
    return scorer.to(usable_device(device)) if isinstance(scorer, NetworkScorer) else scorer


def _write(made: TrainedAttributes, found: dict[str, AttributeStudy], *, name: str) -> list[Path]:
    """The report and the ONNX file beside the networks."""
    from dataclasses import asdict

    from ganatomy.errors import SettingError
    from ganatomy.experiments.studies.attributes import attributes_document
    from ganatomy.perception import load_network
    from ganatomy.perception.onnx_export import export_onnx
    from ganatomy.report import write_document

    epochs = {kind: [asdict(epoch) for epoch in table] for kind, table in made.epochs.items()}
    page = write_document(
        attributes_document(found["scorer"], scorer=f"{name}, {made.folder}", epochs=epochs), made.folder
    )
    written = [made.scorer, *([made.judge] if made.judge else []), page]
    try:
        written.append(export_onnx(load_network(made.scorer), made.folder / "scorer.onnx"))
    except SettingError as error:
        remark(f"{error}; the scorer is whole without")
    return written
