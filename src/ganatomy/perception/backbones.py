"""Attribute networks on the backbones of timm: concatenated pooling and two dense blocks.

Pham Van et al. 2020 (ResNet with concatenated average and maximum pooling, two dense blocks); Howard and Gugger 2020
(fastai, where that head comes from).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ganatomy.errors import CheckpointError, DownloadError, SettingError, UnknownNameError
from ganatomy.extras import install_line
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.perception.attribute_model import AttributeModel, check_reading
from ganatomy.reading import parse_json

USUAL = ("resnet34", "resnet50", "convnext_nano", "efficientnet_lite0")
"""Backbones that a message names; timm has hundreds."""

IMAGENET = "imagenet"
"""The weights that timm downloads for a backbone."""

WRAPPERS = ("module.", "model.", "backbone.", "encoder.", "net.")
"""What training scripts put in front of the names of a backbone's weights."""


@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """What an attribute network on a backbone is built from; it travels in the metadata of the weights.

    Args:
        backbone: its name in timm, such as resnet34.
        attributes: names of the logits.
        factors: names of the continuous values beside them, perhaps none.
        activation: "sigmoid" for attributes that are present or not, "softmax" for classes that exclude each other.
        channels: 1 (grey) or 3 (RGB).
        resolution: height and width of the images that it was trained on.
        mean: of the pixels in [0, 1] that the backbone expects, by channel.
        std: their standard deviation.
        hidden: widths of the dense blocks.
        dropout: behind each dense block, only while training.
    """

    backbone: str
    attributes: tuple[str, ...]
    factors: tuple[str, ...] = ()
    activation: str = "sigmoid"
    channels: int = 3
    resolution: int = 128
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    hidden: tuple[int, ...] = (512, 256)
    dropout: float = 0.25

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", check_reading(self.attributes, self.activation, self.channels))
        for name in ("factors", "mean", "std", "hidden"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.hidden or min(self.hidden) < 1 or not 0 <= self.dropout < 1:
            raise SettingError(
                f"hidden={self.hidden} and dropout={self.dropout:g} make no dense blocks; give widths, and a share"
            )
        if {len(self.mean), len(self.std)} != {self.channels} or min(self.std) <= 0:
            raise SettingError(
                f"mean {self.mean} and std {self.std} do not go with {self.channels} channels; give one of each"
            )


class BackboneNetwork(AttributeModel):
    """A backbone of timm, pooled by average and by maximum side by side, and dense blocks before the heads.

    Args:
        config: what is built.

    Raises:
        SettingError: when timm is not installed.
        UnknownNameError: for a backbone that timm does not have.
    """

    ARCHITECTURE = "BackboneNetwork"
    mean: Tensor
    std: Tensor

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        self.backbone = create_backbone(config.backbone, channels=config.channels)
        self.backbone_width = _pooled_width(self.backbone, config)
        widths = (self.backbone_width, *config.hidden)
        blocks: list[nn.Module] = []
        for inputs, width in zip(widths, config.hidden, strict=False):
            blocks += [nn.Dropout(config.dropout)] if blocks else []
            blocks += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
        self.dense = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.add_heads(config.hidden[-1])
        for name in ("mean", "std"):
            values = torch.tensor(getattr(config, name)).view(1, -1, 1, 1)
            self.register_buffer(name, values, persistent=False)

    @property
    def trunk(self) -> nn.Module:
        return self.backbone

    @classmethod
    def from_config(cls, text: str) -> BackboneNetwork:
        settings = parse_json(text)
        lists = {key: tuple(value) for key, value in settings.items() if isinstance(value, list)}
        return cls(BackboneConfig(**(settings | lists)))

    def embed(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """What the heads read: the dense blocks on the pooled backbone."""
        return self.dense(self.backbone(self.normal(images)))

    def maps(self, images: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """Feature maps of the stages, the first first."""
        return self.backbone.forward_intermediates(self.normal(images), intermediates_only=True)  # pyright: ignore[reportCallIssue]  (timm's)

    def normal(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] as the backbone expects them."""
        return (((images + 1) / 2 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def import_timm() -> Any:
    """The library of backbones.

    Raises:
        SettingError: when it is not installed.
    """
    import_torchvision()
    try:
        import timm  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        raise SettingError(f"networks on a backbone need timm; {install_line('classifiers')}") from None
    return timm


def create_backbone(name: str, *, channels: int = 3, pretrained: bool = False) -> Any:
    """A backbone of timm with concatenated pooling and without its classifier.

    Args:
        name: of an architecture that timm has; nothing is looked up on a hub by it.
        channels: of the images.
        pretrained: download the weights of ImageNet, as timm does.

    Raises:
        SettingError: when timm is not installed, and for an architecture without that pooling.
        UnknownNameError: for a name that timm does not have.
        DownloadError: when the weights cannot be downloaded.
    """
    timm = _require(name)
    options = {"num_classes": 0, "global_pool": "catavgmax", "in_chans": channels}
    try:
        network = timm.create_model(name, pretrained=pretrained, **options)
    except (TypeError, AssertionError, NotImplementedError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if pretrained:
            raise DownloadError(
                f"the weights of {name} cannot be had: {reason}; give --weights FILE"
            ) from None
        raise SettingError(
            f"{name} cannot be pooled by average and maximum ({reason}); use a ResNet"
        ) from None
    except OSError as error:  # what a hub without a network raises
        raise DownloadError(
            f"the weights of {name} cannot be downloaded ({error}); give --weights FILE"
        ) from None
    return network


def expected_pixels(name: str, channels: int = 3) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of pixels that the published weights of a backbone expect; a half each for grey images.

    Raises:
        SettingError: when timm is not installed. UnknownNameError: for a name that it does not have.
    """
    timm = _require(name)
    found = timm.models.get_pretrained_cfg(name)
    if found is None or channels != 3:
        return (0.5,) * channels, (0.5,) * channels
    return tuple(found.mean), tuple(found.std)


def _require(name: str) -> Any:
    """The library, if it has this backbone."""
    timm = import_timm()
    if not timm.is_model(name.partition(".")[0]):
        near = difflib.get_close_matches(name, timm.list_models(), n=1, cutoff=0.5)
        raise UnknownNameError("backbone", name, near or USUAL)
    return timm


def read_backbone(network: BackboneNetwork, weights: str | Path) -> None:
    """Start a network's backbone from weights: those of ImageNet, or of a file in which nothing is run.

    Names in a file may be timm's, with what training scripts put before them, or anything else where the tensors have
    the same shapes in the same order, as those of other implementations of an architecture do.

    Args:
        network: whose backbone is filled.
        weights: "imagenet", or a file of PyTorch or safetensors.

    Raises:
        CheckpointError: when the weights are of another architecture.
        MissingFileError, DownloadError: when they cannot be had.
    """
    config = network.config
    if str(weights) == IMAGENET:
        own = create_backbone(config.backbone, channels=config.channels, pretrained=True)
        network.backbone.load_state_dict(own.state_dict())
        return
    fill_backbone(network.backbone, config.backbone, weights)


def fill_backbone(backbone: nn.Module, name: str, weights: str | Path) -> None:
    """Fill a backbone with the weights of a file, as `read_backbone` does; raises what it raises.

    Args:
        backbone: that is filled.
        name: of it, for errors.
        weights: a file of PyTorch or safetensors.
    """
    wanted = backbone.state_dict()
    given = {_bare(name): tensor for name, tensor in read_checkpoint(weights).state.items()}
    fitting = _by_name(wanted, given) or _by_order(wanted, given)
    if fitting is None:
        lacking = [own for own in wanted if own not in given]
        raise CheckpointError(
            f"{weights} does not hold the weights of {name}: {len(lacking)} of {len(wanted)} tensors have "
            f"another name or shape, {(lacking or list(wanted))[0]} for one; name the backbone that they were made with"
        )
    backbone.load_state_dict(fitting)


def _bare(name: str) -> str:
    """A name without what stands before it."""
    start = next((wrapper for wrapper in WRAPPERS if name.startswith(wrapper)), None)
    return name if start is None else _bare(name.removeprefix(start))


def _by_name(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    learnt = {name: tensor for name, tensor in wanted.items() if not name.endswith("num_batches_tracked")}
    if any(name not in given or given[name].shape != tensor.shape for name, tensor in learnt.items()):
        return None
    return dict(wanted) | {name: given[name].to(tensor.dtype) for name, tensor in learnt.items()}


def _by_order(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Tensors in their order, where all shapes agree; what is left over is the classifier at the end."""
    # What norms count is a single number, and not learnt.
    ours = [name for name, tensor in wanted.items() if tensor.ndim]
    theirs = [tensor for tensor in given.values() if tensor.ndim]
    rest = len(theirs) - len(ours)
    if not 0 <= rest <= 2 or any(
        wanted[name].shape != tensor.shape for name, tensor in zip(ours, theirs, strict=False)
    ):
        return None
    pairs = zip(ours, theirs, strict=False)
    return dict(wanted) | {name: tensor.to(wanted[name].dtype) for name, tensor in pairs}


@torch.no_grad()
def _pooled_width(backbone: nn.Module, config: BackboneConfig) -> int:
    """Numbers that come out of the pooled backbone: twice what timm says where it pools twice."""
    was = backbone.training
    side = max(32, min(config.resolution, 64))
    try:
        width = backbone.eval()(torch.zeros(1, config.channels, side, side)).shape[1]
    except (RuntimeError, AssertionError) as error:  # such as transformers of one fixed size
        reason = str(error).splitlines()[0]
        raise SettingError(f"{config.backbone} does not read images of {side} px: {reason}") from None
    backbone.train(was)
    return int(width)
