"""The recipes behind the bundled models, and `train`, which makes generator, scorer and their cards in one call."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ganatomy.datasets import ATTRIBUTES, FACTORS, read_labels, sample_faces
from ganatomy.datasets.folders import folder_images
from ganatomy.datasets.idx import idx_images, read_idx
from ganatomy.errors import MissingFileError, SettingError, UnknownNameError
from ganatomy.generators import save_generator
from ganatomy.images import Pixels
from ganatomy.perception.network import AttributeConfig, AttributeNetwork
from ganatomy.progress import Progress
from ganatomy.training.data import drawn_faces
from ganatomy.training.gan import GanRecipe, Stage, train_gan
from ganatomy.training.scorers import ScorerAccount, ScorerRecipe, train_scorer
from ganatomy.zoo import BundledModel


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A generator and the scorer that belongs to it.

    `bundle` is the name under which the package ships them. `drawn` is how many drawn faces are the data when none are
    given, 0 where data must be given.
    """

    bundle: str
    about: str
    gan: GanRecipe
    scorer: ScorerRecipe
    drawn: int = 0


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Images, and what they show where that is known."""

    pixels: Pixels
    attributes: tuple[str, ...] = ()
    labels: Bool[Tensor, "n a"] | None = None
    factors: Float[Tensor, "n f"] | None = None


_FACES = GanRecipe(
    architecture="stylegan2",
    widths=(128, 128, 64, 40, 20),
    stages=(
        Stage(resolution=8, images=20_000),
        Stage(resolution=16, images=50_000),
        Stage(resolution=32, images=60_000),
        Stage(resolution=64, images=150_000),
    ),
    z_dim=64,
    w_dim=64,
    r1_gamma=1.0,
    noise="none",
    feature_weight=1.0,
)
_FACE_SCORER = ScorerRecipe(
    network=AttributeConfig(attributes=ATTRIBUTES, factors=tuple(factor.name for factor in FACTORS)),
    images=160_000,
)
_DIGITS = tuple("0123456789")

RECIPES: dict[str, Recipe] = {
    "faces": Recipe(
        bundle="faces",
        about="StyleGAN2 of drawn faces, 64 px, narrow enough for two cores and an hour or two",
        gan=_FACES,
        scorer=_FACE_SCORER,
        drawn=40_000,
    ),
    "faces-large": Recipe(
        bundle="faces",
        about="StyleGAN2 of drawn faces, 128 px, for a GPU",
        gan=replace(
            _FACES,
            widths=(512, 512, 512, 256, 128, 64),
            z_dim=512,
            w_dim=512,
            mapping_layers=8,
            stages=tuple(
                Stage(resolution=r, images=n, batch=32)
                for r, n in ((32, 400_000), (64, 800_000), (128, 2_000_000))
            ),
        ),
        scorer=replace(_FACE_SCORER, images=600_000),
        drawn=200_000,
    ),
    "digits": Recipe(
        bundle="digits",
        about="DCGAN of MNIST digits, 32 px; give the idx file of the images, with that of the labels beside it",
        gan=GanRecipe(
            architecture="dcgan",
            widths=(128, 96, 64, 32),
            channels=1,
            stages=(Stage(resolution=32, images=150_000, batch=32),),
            z_dim=64,
            learning_rate=0.001,
            r1_gamma=1.0,
            sheet_images=10_000,
        ),
        scorer=ScorerRecipe(
            network=AttributeConfig(attributes=_DIGITS, activation="softmax", channels=1, resolution=32),
            images=100_000,
            held_out=1_000,
        ),
    ),
}


def train(
    name: str,
    data: Path | None,
    folder: Path,
    *,
    device: str = "cpu",
    bundle: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Train the recipe of this name on `data` and write what comes out; a killed run goes on where it was.

    `folder` receives `generator.safetensors` and, where labels are known, `scorer.safetensors` with `scorer.txt`, its
    account on held-out images; beside them the checkpoint and sheets of samples.

    Args:
        data: a folder of images (with `labels.csv` for a scorer), an idx file as MNIST's, or None for drawn faces.
        bundle: also replace the files that the package ships under the recipe's name.

    Raises:
        UnknownNameError: for a recipe that does not exist.
        SettingError, MissingFileError, CheckpointError, OutputError: as `train_gan` and `train_scorer` say.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    recipe = RECIPES[name]
    pixels = _images(recipe, data, folder, progress)
    labelled = _labelled(recipe, data, pixels, folder, progress)
    scorer = _fitting(recipe, labelled)
    made: dict[str, Path] = {}

    # A network to see with comes first; it is another one than the scorer, which must judge without having taken part.
    gan, network = recipe.gan, None
    if scorer is None:
        gan = replace(gan, feature_weight=0.0)
    elif gan.feature_weight:
        eyes = folder / "critic-features.safetensors"
        if not eyes.exists():
            _train_scorer(replace(scorer, seed=scorer.seed + 1), labelled, device, progress)[0].save(eyes)
        network = AttributeNetwork.load(eyes)
    generator = train_gan(gan, pixels, folder, network=network, device=device, progress=progress)
    card = {
        "name": name,
        "about": recipe.about,
        "licence": "Apache-2.0",
        "data": "drawn faces of ganatomy, entangled population" if data is None else data.name,
        "images": sum(stage.images for stage in gan.stages),
        "command": f"ganatomy train {name}{' DATA' if data else ''} -o run/",
    }
    made["generator"] = save_generator(generator, folder / "generator.safetensors", card=card, half=True)
    if scorer is not None:
        judge, account = _train_scorer(scorer, labelled, device, progress)
        made["scorer"] = judge.save(folder / "scorer.safetensors")
        (folder / "scorer.txt").write_text(f"{account}\n", encoding="utf-8")
    if bundle:
        target = BundledModel(name=recipe.bundle)
        for kind, path in made.items():
            shutil.copyfile(path, getattr(target, kind))
    return list(made.values())


def _fitting(recipe: Recipe, labelled: Labelled) -> ScorerRecipe | None:
    """The recipe's scorer, made to fit the labels of the data; None where there are none."""
    scorer = recipe.scorer
    if labelled.labels is None:
        return None
    if labelled.attributes == scorer.network.attributes:
        return scorer
    network = replace(
        scorer.network,
        attributes=labelled.attributes,
        factors=(),
        channels=recipe.gan.channels,
        activation="sigmoid",
    )
    return replace(scorer, network=network, held_out=max(1, len(labelled.pixels) // 10))


def _train_scorer(
    recipe: ScorerRecipe, data: Labelled, device: str, progress: Progress | None
) -> tuple[AttributeNetwork, ScorerAccount]:
    assert data.labels is not None
    return train_scorer(recipe, data.pixels, data.labels, data.factors, device=device, progress=progress)


def _images(recipe: Recipe, data: Path | None, folder: Path, progress: Progress | None) -> Pixels:
    """What the generator learns from: of drawn faces the entangled population, as CelebA's labels are."""
    gan = recipe.gan
    if data is None:
        if not recipe.drawn:
            raise SettingError(f"this recipe needs data: {recipe.about}")
        folder.mkdir(parents=True, exist_ok=True)
        return drawn_faces(folder, recipe.drawn, resolution=gan.resolution, seed=gan.seed, progress=progress)
    if not data.exists():
        raise MissingFileError(f"{data} does not exist")
    if data.is_file():
        return idx_images(data, resolution=gan.resolution)
    return folder_images(data, resolution=gan.resolution, channels=gan.channels)


def _labelled(
    recipe: Recipe, data: Path | None, pixels: Pixels, folder: Path, progress: Progress | None
) -> Labelled:
    """What the scorer learns from: of drawn faces both populations, so that it reads attributes, not their company.

    Given data serve both networks, so their `images` are taken as they were read.
    """
    size = recipe.gan.resolution
    if data is None:
        half, seed = recipe.drawn // 2, recipe.gan.seed + 1
        drawn, faces = [], []
        for entangled in (True, False):
            drawn.append(
                drawn_faces(folder, half, resolution=size, seed=seed, entangled=entangled, progress=progress)
            )
            faces.append(sample_faces(half, seed=seed, entangled=entangled))
        mixed = np.random.default_rng(seed).permutation(2 * half)  # so that the held-out rows are of both
        return Labelled(
            pixels=np.concatenate(drawn)[mixed],
            attributes=ATTRIBUTES,
            labels=torch.cat([f.labels for f in faces])[mixed],
            factors=torch.cat([f.factors for f in faces])[mixed],
        )
    if data.is_file():
        table = data.with_name(data.name.replace("images-idx3", "labels-idx1"))
        if table == data or not table.exists():
            return Labelled(pixels=pixels)
        classes = torch.from_numpy(read_idx(table).astype(np.int64))
        return Labelled(
            pixels=pixels, attributes=_DIGITS, labels=torch.nn.functional.one_hot(classes, 10).bool()
        )
    if not (data / "labels.csv").exists():
        return Labelled(pixels=pixels)
    table = read_labels(data / "labels.csv")
    if len(table) != len(pixels):
        raise SettingError(f"{data / 'labels.csv'} has {len(table)} rows for {len(pixels)} images")
    return Labelled(pixels=pixels, attributes=table.names, labels=table.values > 0.5)
