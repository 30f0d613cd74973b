"""The settings behind the bundled models, and `train`, which makes generator, scorer and their cards in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.critics import MultiscaleCritic, critic, save_critic
from ganatomy.datasets import ATTRIBUTES, FACTORS, read_labels, sample_faces
from ganatomy.datasets.folders import folder_images
from ganatomy.datasets.idx import idx_images, read_idx
from ganatomy.devices import usable_device
from ganatomy.errors import MissingFileError, SettingError, UnknownNameError
from ganatomy.generators import load, save_generator
from ganatomy.generators.base import Generator
from ganatomy.images import Pixels
from ganatomy.perception import scorer as read_scorer
from ganatomy.perception.attribute_model import AttributeModel
from ganatomy.perception.features import Features, features_of
from ganatomy.perception.network import AttributeConfig, AttributeNetwork, NetworkScorer
from ganatomy.progress import Progress
from ganatomy.training.calibration import fit_temperatures
from ganatomy.training.data import drawn_faces
from ganatomy.training.images import array_images
from ganatomy.training.inversions import prepare_bundled
from ganatomy.training.loop import train_gan
from ganatomy.training.records import Say
from ganatomy.training.scorers import ScorerEvaluation, ScorerSettings, train_scorer
from ganatomy.training.settings import GanSettings, TrainingStage
from ganatomy.training.starting import Start, settings_from
from ganatomy.zoo import BundledModel, read_metadata

BUNDLED_BITS = 7
"""Of the large matrices of networks in the package, which must stay below 10 MB."""

GENERATOR_BITS = 8
"""Of a bundled generator, whose images are looked at: 46 dB from those of the weights as trained, 39 dB with 7."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """A generator and the classifiers that belong to it.

    Args:
        bundle: the name under which the package ships them.
        about: one line for a person.
        scorer: finds directions.
        judge: takes no part in anything that it judges: trained apart, on other images where these are drawn.
        companions: trained apart as well; optimisers follow the mean of scorer and companions.
        drawn: how many drawn faces are the data where none are given; 0 where data must be given.
    """

    bundle: str
    about: str
    gan: GanSettings
    scorer: ScorerSettings
    judge: ScorerSettings
    companions: tuple[ScorerSettings, ...] = ()
    drawn: int = 0


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Images, with the labels and factors of each where these are known."""

    pixels: Pixels
    attributes: tuple[str, ...] = ()
    labels: Bool[Tensor, "n a"] | None = None
    factors: Float[Tensor, "n f"] | None = None


def apart(scorer: ScorerSettings, *, seed: int, strength: float = 1.0, **network: Any) -> ScorerSettings:
    """The same training with another seed, other widths, and other augmentation."""
    augmentation = replace(scorer.augmentation, strength=strength)
    return replace(scorer, seed=seed, augmentation=augmentation, network=replace(scorer.network, **network))


_FACES = GanSettings(
    architecture="stylegan2",
    widths=(256, 256, 128, 96, 48),
    stages=(
        TrainingStage(resolution=16, images=24_000, batch=64),
        TrainingStage(resolution=32, images=80_000, batch=64),
        # Strokes need many steps more than large ones.
        TrainingStage(resolution=64, images=480_000, batch=16),
    ),
    z_dim=128,
    w_dim=128,
    # With so strong a penalty to the end, what is rare and fine stays unseen: recall .03 instead of .15.
    settling=0.5,
    loss="relativistic",
    r1_gamma=2.0,
    r2_gamma=2.0,
    noise="none",
    precision="bfloat16",
    ema_images=20_000,
)
_FACE_SCORER = ScorerSettings(
    network=AttributeConfig(attributes=ATTRIBUTES, factors=tuple(factor.name for factor in FACTORS)),
    images=160_000,
)
_FACE_JUDGE = apart(_FACE_SCORER, seed=2077, widths=(16, 44, 80, 136), hidden_dim=208, strength=1.1)
_FACE_COMPANIONS = (
    apart(_FACE_SCORER, seed=311, widths=(16, 48, 80, 128)),
    apart(_FACE_SCORER, seed=727, widths=(16, 40, 88, 128)),
)
_DIGITS = tuple("0123456789")
_DIGIT_SCORER = ScorerSettings(
    network=AttributeConfig(attributes=_DIGITS, activation="softmax", channels=1, resolution=32),
    images=100_000,
    held_out=1_000,
)

TRAININGS: dict[str, TrainingSettings] = {
    "faces": TrainingSettings(
        bundle="faces",
        about="StyleGAN2 of drawn faces, 64 px; about seven hours of a core",
        gan=_FACES,
        scorer=_FACE_SCORER,
        judge=_FACE_JUDGE,
        companions=_FACE_COMPANIONS,
        drawn=60_000,
    ),
    "faces-large": TrainingSettings(
        bundle="faces",
        about="StyleGAN2 of drawn faces, 128 px, for a GPU",
        gan=replace(
            _FACES,
            widths=(512, 512, 512, 256, 128, 64),
            z_dim=512,
            w_dim=512,
            mapping_layers=8,
            stages=tuple(
                TrainingStage(resolution=r, images=n, batch=32)
                for r, n in ((32, 400_000), (64, 800_000), (128, 2_000_000))
            ),
        ),
        scorer=replace(_FACE_SCORER, images=600_000),
        judge=replace(_FACE_JUDGE, images=600_000),
        companions=tuple(replace(companion, images=600_000) for companion in _FACE_COMPANIONS),
        drawn=200_000,
    ),
    "digits": TrainingSettings(
        bundle="digits",
        about="DCGAN of MNIST digits, 32 px; give the idx file of the images, with that of the labels beside it",
        gan=GanSettings(
            architecture="dcgan-r1",
            widths=(128, 96, 64, 32),
            channels=1,
            stages=(TrainingStage(resolution=32, images=150_000, batch=32),),
            z_dim=64,
            learning_rate=0.001,
            r1_gamma=1.0,
            sheet_images=10_000,
        ),
        scorer=_DIGIT_SCORER,
        judge=apart(_DIGIT_SCORER, seed=2077, widths=(12, 32, 64, 96), blocks=(1, 1, 0, 0), strength=1.5),
    ),
}


def train(
    name: str,
    data: Path | None,
    folder: Path,
    *,
    device: str = "cpu",
    bundle: bool = False,
    start: Start | None = None,
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> list[Path]:
    """Train the models of this name on `data` and write what comes out; a killed run goes on where it was.

    `folder` receives `generator.safetensors` and, where labels are known, `scorer.safetensors`, `judge.safetensors` and
    companions of the scorer, each with how it does on held-out images (`scorer.txt`); beside them the checkpoint and
    sheets of samples.

    Args:
        name: one of `TRAININGS`.
        data: a folder of images (with `labels.csv` for a scorer), an idx file as MNIST's, or None for drawn faces.
        folder: where everything is written.
        device: where to train, such as "cuda".
        bundle: also replace the files that the package ships under the settings' name.
        start: a generator of the same kind to start from, such as the bundled one.
        progress: called with the stage, what is done of it, and how much it is.
        say: called with one line where something should be known before the end.

    Raises:
        UnknownNameError: for a name that does not exist.
        SettingError, MissingFileError, CheckpointError, OutputError: as `train_gan` and `train_scorer` say.
    """
    if name not in TRAININGS:
        raise UnknownNameError("model to train", name, TRAININGS)
    settings, device = TRAININGS[name], usable_device(device)
    if start is not None:
        settings = replace(settings, gan=settings_from(start, settings.gan))
    pixels, labelled = _read(settings, data, folder, progress)
    scorer = _fitting(settings.scorer, labelled)
    made: dict[str, Path] = {}

    images = array_images(pixels, description="drawn faces" if data is None else data.name)
    generator = train_gan(
        settings.gan,
        images,
        folder,
        device=device,
        start=start,
        features=_observer(settings),
        progress=progress,
        say=say,
    )
    card = {
        "name": name,
        "about": settings.about,
        "licence": "Apache-2.0",
        "data": "drawn faces of ganatomy, entangled population" if data is None else data.name,
        "images": sum(stage.images for stage in settings.gan.stages),
        "command": f"ganatomy train {name}{' DATA' if data else ''} -o run/",
    }
    made["generator"] = save_generator(generator, folder / "generator.safetensors", card=card, bits=16)
    if scorer is not None:
        made |= _train_classifiers(settings, generator, labelled, folder, device=device, progress=progress)
    if bundle:
        target = BundledModel(name=settings.bundle)
        judged_by = critic(folder / "checkpoint.pt")
        if target.critic.exists() and isinstance(judged_by, MultiscaleCritic):
            made["critic"] = save_critic(judged_by, folder / "critic.safetensors")
        ship(made, target)
        prepare_bundled(target, drawn=bool(settings.drawn), progress=progress)
    return list(made.values())


def ship(made: Mapping[str, Path], model: BundledModel) -> None:
    """Put the networks of a model into the package, in as few bits as its size allows.

    Args:
        made: files of this project by kind: "generator", "critic", "scorer", "judge", "companion-1" ...
        model: whose files they become.

    Raises:
        MissingFileError, CheckpointError: for what is no such file. OutputError: when the package cannot be written.
    """
    for kind, path in made.items():
        card = json.loads(read_metadata(path).get("card", "{}"))
        if kind == "generator":
            save_generator(load(path), model.file(kind), card=card, bits=GENERATOR_BITS)
        elif kind == "critic":
            judged_by = critic(path)
            assert isinstance(judged_by, MultiscaleCritic)
            save_critic(judged_by, model.file(kind), card=card, bits=BUNDLED_BITS)
        else:
            AttributeNetwork.load(path).save(model.file(kind), bits=BUNDLED_BITS)


def _observer(settings: TrainingSettings) -> Features:
    """Features of a bundled network that neither finds directions nor judges; coarse colours where there is none."""
    path = BundledModel(name=settings.bundle).file("companion-1")
    return features_of("scorer", read_scorer(path)) if path.exists() else features_of("pixels")


def _train_classifiers(
    settings: TrainingSettings,
    generator: Generator,
    given: TrainingData,
    folder: Path,
    *,
    device: str,
    progress: Progress | None,
) -> dict[str, Path]:
    """Scorer, judge and companions, each trained on images of its own where they are drawn, unless it lies there.

    Scorer and companions are calibrated on generated images, by each other; the judge stays as it was trained, because
    a judge that these had calibrated would owe them something.
    """
    wanted = {"scorer": settings.scorer, "judge": settings.judge}
    wanted |= {f"companion-{k + 1}": own for k, own in enumerate(settings.companions)}
    made: dict[str, Path] = {}
    for kind, own in wanted.items():
        made[kind] = folder / f"{kind}.safetensors"
        if not made[kind].exists():
            fitting = _fitting(own, given)
            assert fitting is not None
            data = _drawn_labels(settings, own.seed + 1, folder, progress) if settings.drawn else given
            network, evaluation = _train_scorer(fitting, data, device, progress)
            (folder / f"{kind}.txt").write_text(f"{evaluation}\n", encoding="utf-8")
            network.save(made[kind])
    if settings.companions:
        calibrate(generator, [path for kind, path in made.items() if kind != "judge"])
    return made


def calibrate(generator: Generator, paths: Sequence[Path]) -> None:
    """Fit the temperatures of attribute networks on a generator's images, by each other, and write the files anew.

    Args:
        generator: whose images are read.
        paths: of two or more networks of the same attributes.
    """
    networks = [AttributeNetwork.load(path) for path in paths]
    for network in networks:
        network.temperature.fill_(1.0)
    fitted = fit_temperatures(generator.to("cpu"), [NetworkScorer(network) for network in networks])
    for network, temperatures, path in zip(networks, fitted, paths, strict=True):
        network.temperature.copy_(temperatures)
        network.save(path)


def _fitting(scorer: ScorerSettings, labelled: TrainingData) -> ScorerSettings | None:
    """The settings of a classifier, made to fit the labels of the data; None where there are none."""
    if labelled.labels is None:
        return None
    if labelled.attributes == scorer.network.attributes:
        return scorer
    network = replace(
        scorer.network,
        attributes=labelled.attributes,
        factors=(),
        channels=labelled.pixels.shape[3],
        activation="sigmoid",
    )
    return replace(scorer, network=network, held_out=max(1, len(labelled.pixels) // 10))


def _train_scorer(
    settings: ScorerSettings, data: TrainingData, device: str, progress: Progress | None
) -> tuple[AttributeModel, ScorerEvaluation]:
    assert data.labels is not None
    return train_scorer(settings, data.pixels, data.labels, data.factors, device=device, progress=progress)


def _read(
    settings: TrainingSettings, data: Path | None, folder: Path, progress: Progress | None
) -> tuple[Pixels, TrainingData]:
    """What the generator learns from, and what the scorer learns from; given data serve both."""
    if data is None:
        return _drawn(settings, folder, progress)
    if not data.exists():
        raise MissingFileError(f"{data} does not exist")
    given = _of_idx(data, settings.gan.resolution) if data.is_file() else _of_folder(data, settings.gan)
    return given.pixels, given


def _drawn(
    settings: TrainingSettings, folder: Path, progress: Progress | None
) -> tuple[Pixels, TrainingData]:
    """Drawn faces: the entangled population for the generator, as CelebA's labels are; both for the scorer.

    A scorer of one population would learn which attributes go together, and take one for the other.
    """
    size, seed = settings.gan.resolution, settings.gan.seed
    if not settings.drawn:
        raise SettingError(f"this training needs data: {settings.about}")
    folder.mkdir(parents=True, exist_ok=True)
    pixels = drawn_faces(folder, settings.drawn, resolution=size, seed=seed, progress=progress)
    return pixels, _drawn_labels(settings, seed + 1, folder, progress)


def _drawn_labels(
    settings: TrainingSettings, seed: int, folder: Path, progress: Progress | None
) -> TrainingData:
    """Drawn faces of this seed with their labels, half of them of each population."""
    size, half = settings.gan.resolution, settings.drawn // 2
    both, faces = [], []
    for entangled in (True, False):
        both.append(
            drawn_faces(folder, half, resolution=size, seed=seed, entangled=entangled, progress=progress)
        )
        faces.append(sample_faces(half, seed=seed, entangled=entangled))
    mixed = np.random.default_rng(seed).permutation(2 * half)  # so that the held-out rows are of both
    return TrainingData(
        pixels=np.concatenate(both)[mixed],
        attributes=ATTRIBUTES,
        labels=torch.cat([f.labels for f in faces])[mixed],
        factors=torch.cat([f.factors for f in faces])[mixed],
    )


def _of_idx(path: Path, resolution: int) -> TrainingData:
    """An idx file, with the file of labels that MNIST has beside it."""
    pixels = idx_images(path, resolution=resolution)
    table = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    if table == path or not table.exists():
        return TrainingData(pixels=pixels)
    classes = torch.from_numpy(read_idx(table).astype(np.int64))
    labels = torch.nn.functional.one_hot(classes, 10).bool()
    return TrainingData(pixels=pixels, attributes=_DIGITS, labels=labels)


def _of_folder(folder: Path, gan: GanSettings) -> TrainingData:
    """A folder of images, with the table of labels in it."""
    pixels = folder_images(folder, resolution=gan.resolution, channels=gan.channels)
    if not (folder / "labels.csv").exists():
        return TrainingData(pixels=pixels)
    table = read_labels(folder / "labels.csv")
    if len(table) != len(pixels):
        raise SettingError(f"{folder / 'labels.csv'} has {len(table)} rows for {len(pixels)} images")
    return TrainingData(pixels=pixels, attributes=table.names, labels=table.values > 0.5)
