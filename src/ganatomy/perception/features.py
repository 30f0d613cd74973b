"""Features of images: one vector for each, in which images that look alike are near."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.extras import install_line
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.images import opaque, to_uint8
from ganatomy.perception.base import Scorer, SelectedScorer
from ganatomy.perception.calibrated import CalibratedScorer
from ganatomy.perception.judging import Judge
from ganatomy.perception.network import NetworkScorer
from ganatomy.perception.published import INCEPTION

GRID = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """Images as feature vectors.

    Args:
        name: as in `FEATURES`.
        description: which network exactly; figures compare only within the same.
        extract: from images in [-1, 1] to `[n, f]`.
    """

    name: str
    description: str
    extract: Callable[[Tensor], Tensor]

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
        return self.extract(images).flatten(1).float()


def features_of(name: str = "auto", scorer: Scorer | None = None) -> Features:
    """The features of that name.

    Args:
        name: "inception" as FID is defined by; "scorer" for the model's own scorer; "pixels" for coarse colours; and
            "auto" for the first of these that can be had without a download.
        scorer: the model's own.

    Raises:
        UnknownNameError: for another name. SettingError: where there is no scorer, or a library is missing.
        DownloadError: without a network.

    Example::

        features = ga.features_of("scorer", ga.scorer("faces"))
        rows = features(images)  # [n, f]
    """
    if name == "auto":
        name = "inception" if inception_is_here() else "scorer" if scores_images(scorer) else "pixels"
    if name not in FEATURES:
        raise UnknownNameError("kind of features", name, FEATURES)
    return FEATURES[name](scorer)


def scorer_features(scorer: Scorer | None) -> Features:
    """Features of the trunk of an attribute network; of any other scorer, its logits; colours for an oracle of codes.

    Raises:
        SettingError: without a scorer that can score images.
    """
    scorer = image_scorer(scorer)
    if scorer.reads_codes:
        return coarse_pixels()
    network = network_of(scorer)
    if network is not None:
        return Features(
            name="scorer", description=f"the trunk of the {network.description}", extract=network.features
        )
    return Features(
        name="scorer",
        description=f"the {len(scorer.names)} logits of {scorer.description}",
        extract=partial(_logits, scorer),
    )


def coarse_pixels(scorer: Scorer | None = None) -> Features:
    """The image in 8 x 8 patches: light, colours, what stands where."""
    return Features(
        name="pixels",
        description=f"colours of {GRID} x {GRID} patches",
        extract=_patches,
    )


def _logits(scorer: Scorer, images: Tensor) -> Tensor:
    return scorer.score(images).logits


def _patches(images: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(opaque(images), GRID).flatten(1)


def inception_features(scorer: Scorer | None = None) -> Features:
    """The 2,048 pooled features of TensorFlow's Inception of 2015, which FID and KID are defined by.

    Raises:
        SettingError: without torch-fidelity. DownloadError: without a network. CheckpointError: for a damaged file.
    """
    import_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from torch_fidelity.feature_extractor_inceptionv3 import (  # pyright: ignore[reportMissingImports]
                FeatureExtractorInceptionV3,
            )
    except ImportError:
        raise SettingError(
            f"features of Inception need torch-fidelity; {install_line('measures')}, or take the scorer's own"
        ) from None
    path = INCEPTION.fetch()
    try:
        # The library unpickles whatever the file holds, so it is first read by what runs nothing.
        torch.load(path, weights_only=True, map_location="cpu")
        network = FeatureExtractorInceptionV3("ganatomy", ["2048"], feature_extractor_weights_path=str(path))
    except Exception as error:  # noqa: BLE001 (a damaged pickle may raise anything)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{path} cannot be read as weights of Inception ({reason}); delete it"
        ) from None
    return Features(
        name="inception",
        description="Inception of 2015, by torch-fidelity",
        extract=partial(_inception, network),
    )


def _inception(network: nn.Module, images: Tensor) -> Tensor:
    pixels = torch.from_numpy(to_uint8(opaque(images).expand(-1, 3, -1, -1))).permute(0, 3, 1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return network(pixels)[0]


def inception_is_here() -> bool:
    """Whether Inception can be had without a download."""
    return INCEPTION.is_here and find_spec("torch_fidelity") is not None


FEATURES: dict[str, Callable[[Scorer | None], Features]] = {
    "inception": inception_features,
    "scorer": scorer_features,
    "pixels": coarse_pixels,
}


def scores_images(scorer: Scorer | None) -> bool:
    """Whether there is a scorer that can score new images."""
    return scorer is not None and scorer.num_rows is None


def image_scorer(scorer: Scorer | None) -> Scorer:
    """The scorer, if it can score new images; raises SettingError where there is none, or it is a table."""
    if scorer is None or not scores_images(scorer):
        what = "there is no scorer" if scorer is None else f"{scorer.description} cannot score images"
        raise SettingError(f"{what}, so it has no features; give a classifier, or take pixels")
    return scorer


def network_of(scorer: Scorer) -> NetworkScorer | None:
    """The attribute network behind a scorer, if there is one."""
    while isinstance(scorer, SelectedScorer | Judge | CalibratedScorer):
        scorer = scorer.scorer
    return scorer if isinstance(scorer, NetworkScorer) else None
