"""The recipe of an attribute network for anyone's labelled images, and of a judge beside it.

Pham Van et al. 2020: a ResNet that was trained on ImageNet, two poolings, two dense blocks, one cycle, lower rates for
earlier layers, warps and rotations without crops, 128 and then 256 pixels.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np

from ganatomy.datasets.labelled_images import LabelledImages, Rows
from ganatomy.devices import usable_device
from ganatomy.errors import OutputError, SettingError
from ganatomy.generators.precision import Precision, quick_precision
from ganatomy.images import Pixels
from ganatomy.perception.backbones import BackboneConfig, expected_pixels
from ganatomy.perception.network import AttributeConfig
from ganatomy.perception.networks import JUDGE_FILE, SCORER_FILE, NetworkConfig
from ganatomy.progress import Progress, watched
from ganatomy.training.records import Say
from ganatomy.training.scorers.augmentation import Augmentation
from ganatomy.training.scorers.data import TrainingRows
from ganatomy.training.scorers.epochs import Epoch
from ganatomy.training.scorers.loop import train_network
from ganatomy.training.scorers.settings import ScorerSettings
from ganatomy.training.scorers.splits import halves, split

SMALL = "small"
"""The backbone of the bundled scorers, which needs no extra and is quick on one processor."""

JUDGES = {"resnet34": "resnet50", SMALL: SMALL}
"""What judges a backbone by default; others are judged by a ResNet-34."""

MOST_KEPT = 1 << 30
"""Bytes of decoded images that are kept in memory; more are read from their files each time."""

DEPTHWISE = ("efficientnet", "mobile", "convnext", "ghost", "mnas", "fbnet", "regnety")
"""Parts of the names of backbones whose convolutions processors compute slower in bfloat16."""


@dataclass(frozen=True, kw_only=True)
class AttributeRecipe:
    """How attribute networks are trained on labelled images.

    Args:
        backbone: "small", or the name of one in timm, such as resnet34.
        weights: what it starts from: a file, "imagenet", or nothing.
        stages: resolutions, one after the other, with equally many images.
        epochs: passes over the images.
        batch: images of one step.
        learning_rate: at the top of the cycle; by default one that suits the backbone.
        layer_decay: rate of each layer as a share of the next one's; by default .75 for a backbone that starts from
            weights, else 1.
        frozen: share of the images for which such a backbone stays as it is.
        loss: "cross-entropy" or "focal".
        balanced: whether rare attributes weigh as much as frequent ones.
        augmentation: how images are changed before they are shown.
        patience: epochs without improvement after which a stage ends; 0 for never.
        held_out: share of the people to validate by, and of those to test on, where the data name no parts.
        folds: 2 trains a judge on the other half of the people as well.
        judge_backbone: of the judge; by default another one than the scorer's.
        precision: "auto", "float32" or "bfloat16".
        seed: of everything.

    Example::

        recipe = ga.AttributeRecipe(backbone="resnet34", stages=(128, 256), folds=2)
    """

    backbone: str = SMALL
    weights: str = ""
    stages: tuple[int, ...] = (64,)
    epochs: float = 10.0
    batch: int = 64
    learning_rate: float | None = None
    layer_decay: float | None = None
    frozen: float = 0.1
    loss: str = "cross-entropy"
    balanced: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    patience: int = 0
    held_out: float = 0.1
    folds: int = 1
    judge_backbone: str = ""
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds not in (1, 2):
            raise SettingError(f"{self.folds} folds cannot be; 1 trains a scorer, 2 a scorer and its judge")
        if not self.stages or not self.epochs > 0:
            raise SettingError(
                f"stages {self.stages} and {self.epochs:g} epochs train nothing; give one or more"
            )
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise SettingError(
                f"{self.precision!r} is no precision of training; choose auto, float32 or bfloat16"
            )

    def judge(self) -> AttributeRecipe:
        """The recipe of the judge: another backbone, another seed, stronger augmentation."""
        backbone = self.judge_backbone or JUDGES.get(self.backbone, "resnet34")
        own = self.weights if self.weights == "imagenet" or backbone == self.backbone else ""
        return replace(
            self,
            backbone=backbone,
            weights=own,
            seed=self.seed + 2077,
            augmentation=replace(self.augmentation, strength=1.25 * self.augmentation.strength),
        )

    def settings(
        self, images: LabelledImages, count: int, *, device: str = "cpu", wide: bool = False
    ) -> ScorerSettings:
        """The settings of a training on so many of these images.

        Args:
            images: that are learnt from.
            count: of those that are shown.
            device: where.
            wide: whether the small network has other widths, as its judge has.
        """
        starts = bool(self.weights)
        rate = self.learning_rate or (3e-3 if self.backbone == SMALL else 1e-3)
        decay = self.layer_decay or (0.75 if starts else 1.0)
        return ScorerSettings(
            network=self._network(images, wide=wide),
            images=max(2, round(self.epochs * count)),
            resolutions=self.stages,
            weights=self.weights,
            frozen=self.frozen if starts else 0.0,
            batch=self.batch,
            learning_rate=rate,
            layer_decay=decay,
            weight_decay=1e-3 if self.backbone == SMALL else 1e-2,
            loss=self.loss,
            balanced=self.balanced,
            augmentation=self.augmentation,
            patience=self.patience,
            precision=self._precision(device),
            seed=self.seed,
        )

    def _precision(self, device: str) -> Precision:
        if self.precision != "auto":
            return cast("Precision", self.precision)
        slow = device == "cpu" and any(part in self.backbone for part in DEPTHWISE)
        return "float32" if slow else quick_precision(device)

    def _network(self, images: LabelledImages, *, wide: bool) -> NetworkConfig:
        activation = "softmax" if images.exclusive else "sigmoid"
        if self.backbone == SMALL:
            widths, blocks = _small(min(self.stages), self.stages[-1])
            if wide:
                widths = tuple(width + 4 * (-1) ** place for place, width in enumerate(widths))
            return AttributeConfig(
                attributes=images.names,
                factors=images.factor_names,
                activation=activation,
                channels=images.channels,
                resolution=self.stages[-1],
                widths=widths,
                blocks=blocks,
            )
        mean, std = expected_pixels(self.backbone, images.channels)
        return BackboneConfig(
            backbone=self.backbone,
            attributes=images.names,
            factors=images.factor_names,
            activation=activation,
            channels=images.channels,
            resolution=self.stages[-1],
            mean=mean,
            std=std,
        )


@dataclass(frozen=True, kw_only=True)
class TrainedAttributes:
    """What came out of a training, all of it in the folder.

    Args:
        folder: where it lies.
        scorer: file of the attribute network.
        judge: file of the network that judges what the first one finds; None with one fold.
        epochs: table of each network, by its name.
        parts: rows of the images that each part holds.

    Example::

        made = ga.train_attributes(images, "scorer")
        print(made.scorer, made.parts["test"])
    """

    folder: Path
    scorer: Path
    judge: Path | None
    epochs: dict[str, tuple[Epoch, ...]]
    parts: dict[str, Rows]


@watched()
def train_attributes(
    images: LabelledImages,
    folder: str | os.PathLike[str],
    recipe: AttributeRecipe | None = None,
    *,
    device: str = "auto",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> TrainedAttributes:
    """Train an attribute network on labelled images, or go on where the run in `folder` stopped.

    Args:
        images: with labels, see `open_labelled`.
        folder: receives `scorer.safetensors`, the table of epochs and a checkpoint; with two folds `judge.safetensors`
            as well, which has seen none of the scorer's people.
        recipe: how; by default a small network at 64 pixels.
        device: where.
        progress: called with the stage, images shown in it, and its images.
        say: called with lines of the table, and what should be known before the end.

    Returns:
        The files, the tables of epochs, and which rows were held out: `parts["test"]` no network has seen.

    Raises:
        SettingError: for a recipe that does not fit the images, or needs a library that is not installed.
        ScoreError: when an attribute has one class only.
        CheckpointError: when the folder holds a run with other settings.
        OutputError: when the folder cannot be written.

    Example::

        images = ga.open_labelled("celeba/")
        made = ga.train_attributes(images, "scorer", ga.AttributeRecipe(backbone="resnet34", stages=(128, 256)))
        scorer = ga.scorer("scorer")
        print(ga.study_attributes(scorer, images.select(made.parts["test"])))
    """
    recipe, folder, device = recipe or AttributeRecipe(), Path(folder), usable_device(device)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
    for note in images.notes:
        say(note)
    parts = split(images, held_out=recipe.held_out, seed=recipe.seed)
    rows = {"scorer": (parts["train"], parts["validation"])}
    recipes = {"scorer": recipe}
    if recipe.folds == 2:
        learnt, validated = (
            halves(images, parts[part], seed=recipe.seed) for part in ("train", "validation")
        )
        rows = {"scorer": (learnt[0], validated[0]), "judge": (learnt[1], validated[1])}
        recipes["judge"] = recipe.judge()
    reader = keeping(images, max(max(own.stages) for own in recipes.values()))
    files, epochs = {"scorer": folder / SCORER_FILE, "judge": folder / JUDGE_FILE}, {}
    for kind, (learnt_rows, validated_rows) in rows.items():
        settings = recipes[kind].settings(images, len(learnt_rows), device=device, wide=kind == "judge")
        data = TrainingRows(
            read=reader,
            labels=images.labels,
            factors=images.factors,
            learnt=learnt_rows,
            validated=validated_rows,
        )
        made = train_network(
            settings, data, folder=folder, stem=kind, device=device, progress=progress, say=say
        )
        made.network.save(files[kind])
        epochs[kind] = made.epochs
    judge = files["judge"] if "judge" in rows else None
    return TrainedAttributes(folder=folder, scorer=files["scorer"], judge=judge, epochs=epochs, parts=parts)


def keeping(images: LabelledImages, largest: int) -> Callable[[Rows, int], Pixels]:
    """A reader that keeps what it has read, where all images fit into memory."""
    if len(images) * largest**2 * images.channels > MOST_KEPT:
        return images.read
    kept: dict[int, tuple[Pixels, np.ndarray]] = {}

    def read(rows: Rows, resolution: int) -> Pixels:
        if resolution not in kept:
            kept.clear()
            shape = (len(images), resolution, resolution, images.channels)
            kept[resolution] = np.empty(shape, np.uint8), np.zeros(len(images), bool)
        pixels, here = kept[resolution]
        lacking = rows[~here[rows]]
        if len(lacking):
            pixels[lacking] = images.read(lacking, resolution)
            here[lacking] = True
        return pixels[rows]

    return read


def _small(least: int, most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths and blocks of the small network for images of these sizes."""
    if least < 32:
        return (24, 48, 96), (1, 1, 0)
    return ((16, 32, 64, 112, 160), (0, 1, 1, 1, 1)) if most >= 96 else ((16, 40, 80, 128), (0, 1, 1, 1))
