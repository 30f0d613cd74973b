"""Perceptual distance: how different two images look, as a squared distance between features of networks.

Every distance here is `|embed(a) - embed(b)|²`, so that images of a walk are looked at once, and a small step counts
with its square.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import CheckpointError, SettingError, UnknownNameError
from ganatomy.extras import install_line
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.images import opaque
from ganatomy.perception.base import Scorer, fit_images
from ganatomy.perception.features import features_of, image_scorer, network_of, scores_images
from ganatomy.perception.imagenet import imagenet_maps, imagenet_network
from ganatomy.perception.network import NetworkScorer
from ganatomy.perception.published import VGG16

AT_ONCE = 8
"""Images that are embedded at once: VGG makes 32 MB of one."""
LEAST_SIZE = 32
"""Pixels a side that VGG's five scales need; smaller images are enlarged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PerceptualDistance:
    """How different images look.

    Args:
        name: as in `DISTANCES`.
        description: which network exactly; figures compare only within the same.
        embed: from images in [-1, 1] to vectors `[n, f]` whose squared distances are perceptual.
    """

    name: str
    description: str
    embed: Callable[[Tensor], Tensor]

    def __call__(self, a: Float[Tensor, "n c h w"], b: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
        """The distance of each image of `a` to the one of the same row in `b`."""
        pairs = zip(a.split(AT_ONCE), b.split(AT_ONCE), strict=True)
        steps = [(self.embed(x) - self.embed(y)).norm(dim=1).double() for x, y in pairs]
        return torch.cat(steps).square().float()


def perceptual_distance(name: str = "auto", scorer: Scorer | None = None) -> PerceptualDistance:
    """The distance of that name.

    Args:
        name: "lpips", with its published weights, as path lengths are defined by; "scorer" for the model's own;
            "imagenet" for a network that comes as a package; "pixels" for mean squared error; and "auto" for the first
            of lpips, scorer and pixels that can be had without a download.
        scorer: the model's own.

    Raises:
        UnknownNameError: for another name. SettingError: where there is no scorer, or a library is missing.
        DownloadError: without a network.

    Example::

        distance = ga.perceptual_distance("scorer", ga.scorer("faces"))
        print(distance(images, edited))  # [n], squared distances
    """
    if name == "auto":
        name = "lpips" if lpips_is_here() else "scorer" if scores_images(scorer) else "pixels"
    if name not in DISTANCES:
        raise UnknownNameError("perceptual distance", name, DISTANCES)
    return DISTANCES[name](scorer)


def scorer_distance(scorer: Scorer | None) -> PerceptualDistance:
    """Distance of the feature maps of an attribute network (`look`); of any other scorer, of its logits.

    An oracle of codes does not look at images; with it, it is the distance of pixels.

    Raises:
        SettingError: without a scorer that can score images.
    """
    scorer = image_scorer(scorer)
    if scorer.reads_codes:
        return pixel_distance()
    network = network_of(scorer)
    if network is not None:
        return PerceptualDistance(
            name="scorer",
            description=f"feature maps of the {network.description}",
            embed=partial(look, network),
        )
    return PerceptualDistance(
        name="scorer",
        description=f"the {len(scorer.names)} logits of {scorer.description}",
        embed=features_of("scorer", scorer),
    )


def imagenet_distance(scorer: Scorer | None = None) -> PerceptualDistance:
    """Distance of the feature maps of EfficientNet-Lite0, trained on ImageNet, as `unit_maps`, the mean of its stages.

    Raises:
        SettingError: without the extra that brings it. CheckpointError: for damaged weights.
    """
    network = imagenet_network()

    def embed(images: Tensor) -> Tensor:
        maps = imagenet_maps(network, images)
        return unit_maps(maps) / len(maps) ** 0.5

    return PerceptualDistance(
        name="imagenet", description="feature maps of EfficientNet-Lite0, ImageNet", embed=embed
    )


def pixel_distance(scorer: Scorer | None = None) -> PerceptualDistance:
    """Mean squared error of pixels in [-1, 1], which is not what people see, and needs nothing."""
    return PerceptualDistance(
        name="pixels",
        description="mean squared error of pixels",
        embed=_pixels,
    )


def _pixels(images: Tensor) -> Tensor:
    return images.flatten(1) / images[0].numel() ** 0.5


def lpips_distance(scorer: Scorer | None = None) -> PerceptualDistance:
    """LPIPS 0.1 on VGG16 (Zhang et al. 2018), with the linear heads and the trunk that were published.

    Raises:
        SettingError: without lpips. DownloadError: without a network. CheckpointError: for a damaged file.
    """
    network = _published_lpips(_build_lpips())
    return PerceptualDistance(
        name="lpips",
        description="LPIPS 0.1, VGG16, published weights",
        embed=partial(embed_lpips, network),
    )


def lpips_is_here() -> bool:
    """Whether LPIPS can be had without a download."""
    return VGG16.is_here and find_spec("lpips") is not None


DISTANCES: dict[str, Callable[[Scorer | None], PerceptualDistance]] = {
    "lpips": lpips_distance,
    "scorer": scorer_distance,
    "imagenet": imagenet_distance,
    "pixels": pixel_distance,
}


def look(scorer: NetworkScorer, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n p"]:
    """Feature maps of all stages of the scorer's own network, as `unit_maps`."""
    config = scorer.network.config
    fitted = fit_images(
        images.to(scorer.network.temperature.device),
        size=(config.resolution, config.resolution),
        channels=config.channels,
    )
    return unit_maps(scorer.network.maps(fitted))


def unit_maps(maps: Sequence[Float[Tensor, "n _ _ _"]]) -> Float[Tensor, "n p"]:
    """Feature maps of all stages, so that squared distance is perceptual distance (Zhang et al. 2018, equation 1).

    At each place the channels of a stage are brought to norm 1; places of a stage are averaged, stages are added, and
    all channels count alike.
    """
    return torch.cat(
        [(F.normalize(x, dim=1) / (x.shape[2] * x.shape[3]) ** 0.5).flatten(1) for x in maps], dim=1
    )


def embed_lpips(network: Any, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n p"]:
    """What an LPIPS network compares, each channel multiplied by the root of its weight (equation 1)."""
    images = opaque(images).to(network.scaling_layer.shift.device).expand(-1, 3, -1, -1)
    if min(images.shape[2:]) < LEAST_SIZE:
        images = F.interpolate(images, LEAST_SIZE, mode="bilinear", align_corners=False)
    rows = []
    for x, head in zip(network.net(network.scaling_layer(images)), network.lins, strict=True):
        weight = head.model[-1].weight.clamp(min=0).sqrt()
        # Where all channels are 0 there is no direction; the library's own small number keeps it 0.
        unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
        rows.append((unit * weight / (x.shape[2] * x.shape[3]) ** 0.5).flatten(1))
    return torch.cat(rows, dim=1)


def _build_lpips() -> Any:
    """The library's network with its own linear heads, and a trunk that is not trained yet."""
    import_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torchvision's old names, which the library uses
            import lpips  # pyright: ignore[reportMissingImports]

            return lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False).requires_grad_(False)
    except ImportError:
        raise SettingError(
            f"this distance needs lpips; {install_line('measures')}, or take the scorer's own"
        ) from None


def _published_lpips(network: Any) -> Any:
    """The network with the trunk's published weights."""
    path = VGG16.fetch()
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        for name, parameter in network.net.named_parameters():
            _, layer, kind = name.split(".")
            parameter.copy_(state[f"features.{layer}.{kind}"])
    except Exception as error:  # noqa: BLE001 (a damaged pickle may raise anything)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be read as weights of VGG16 ({reason}); delete it") from None
    return network
