"""Train an attribute network: one cycle of AdamW on images that are shifted, blurred, relit and noised a little.

Pham et al. 2020 (an attribute classifier pooled twice, one-cycle policy, no crop); Smith 2018 (one cycle); Guo et al.
2017 (temperature, one for each attribute here).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional as F

from ganatomy.errors import ScoreError, SettingError
from ganatomy.images import Pixels
from ganatomy.perception.network import AttributeConfig, AttributeNetwork
from ganatomy.progress import Progress
from ganatomy.training.data import torch_rng
from ganatomy.training.images import as_images


@dataclass(frozen=True, kw_only=True)
class ScorerSettings:
    """How an attribute network is trained.

    Args:
        network: what is trained.
        images: images shown, repeats counted.
        batch: images of one step.
        learning_rate: at the top of the cycle.
        weight_decay: of AdamW.
        held_out: rows at the end of the data that are never shown; temperatures and the evaluation come from them.
        factor_weight: weight of the squared error of the factors beside the cross-entropy of the attributes.
        strength: of the augmentation; 0 for none, 1 for shifts of 6 %, blur of up to a pixel, noise of 4 %.
        seed: of the weights, the order of the images and the augmentation.
    """

    network: AttributeConfig
    images: int
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    held_out: int = 2_000
    factor_weight: float = 0.5
    strength: float = 1.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class ScorerEvaluation:
    """How a trained attribute network does on held-out images.

    Args:
        auc: area under the ROC curve of each attribute.
        accuracy: of each attribute.
        r2: share of variance explained of each factor.
    """

    auc: dict[str, float]
    accuracy: dict[str, float]
    r2: dict[str, float]

    def __str__(self) -> str:
        rows = [
            f"{name:22} AUC {self.auc[name]:.3f}  accuracy {self.accuracy[name]:.3f}" for name in self.auc
        ]
        rows += [f"{name:22} R² {value:.3f}" for name, value in self.r2.items()]
        return "\n".join(rows)


def train_scorer(
    settings: ScorerSettings,
    pixels: Pixels,
    labels: Bool[Tensor, "rows a"] | Float[Tensor, "rows a"],
    factors: Float[Tensor, "rows f"] | None = None,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> tuple[AttributeNetwork, ScorerEvaluation]:
    """Train on all rows but the last `held_out`.

    Args:
        settings: how it is trained.
        pixels: the images.
        labels: whether each image has each attribute, or how probable that is; one-hot classes for a softmax network.
        factors: continuous values of each image; they are brought to mean 0 and deviation 1 over the rows.
        device: where to train.
        progress: called with ("scorer", steps done, steps).

    Returns:
        The network, and its evaluation on the held-out rows.

    Raises:
        ScoreError: when an attribute has one class only.
        SettingError: when the data do not fit the settings.
    """
    config, count = settings.network, len(pixels) - settings.held_out
    _check(settings, pixels, labels, factors)
    torch_rng(settings.seed, 0)
    network = AttributeNetwork(config).to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if factors is not None:
        network.factor_mean.copy_(factors.mean(dim=0))
        network.factor_std.copy_(factors.std(dim=0).clamp_min(1e-6))
        factors = (factors - network.factor_mean.cpu()) / network.factor_std.cpu()
    steps = max(1, settings.images // settings.batch)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=settings.learning_rate, total_steps=steps + 1
    )

    for step in range(steps):
        torch_rng(settings.seed, step + 1)
        rows = np.sort(np.random.default_rng((settings.seed, step)).integers(count, size=settings.batch))
        images = augment(
            as_images(pixels[rows], resolution=config.resolution, device=device), settings.strength
        )
        reading = network.train()(images)
        loss = attribute_loss(config, reading.attributes, labels[rows].to(device))
        if factors is not None:
            loss = loss + settings.factor_weight * F.mse_loss(reading.factors, factors[rows].to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        cycle.step()
        if progress:
            progress("scorer", step + 1, steps)

    network.eval().requires_grad_(False)
    rows = np.arange(count, len(pixels))
    readings = [
        network(as_images(pixels[part], resolution=config.resolution, device=device))
        for part in np.array_split(rows, 32)
        if len(part)
    ]
    attributes = torch.cat([r.attributes for r in readings]).cpu()
    network.temperature.copy_(fit_temperature(config, attributes, labels[count:]))
    predicted = torch.cat([r.factors for r in readings]).cpu() if factors is not None else None
    truth = factors[count:] if factors is not None else None
    return network, evaluate(
        config, network.calibrated(attributes.to(device)).cpu(), labels[count:], predicted, truth
    )


def attribute_loss(
    config: AttributeConfig, logits: Float[Tensor, "n a"], labels: Bool[Tensor, "n a"] | Float[Tensor, "n a"]
) -> Float[Tensor, ""]:
    """Cross-entropy: of classes for a softmax, else the mean over attributes."""
    if config.activation == "softmax":
        return F.cross_entropy(logits, labels.float().argmax(dim=1))
    return F.binary_cross_entropy_with_logits(logits, labels.float())


def augment(images: Float[Tensor, "n c h w"], strength: float) -> Float[Tensor, "n c h w"]:
    """Shift, scale, blur, relight and noise every image a little, so that blurred images are read as well."""
    if not strength:
        return images
    n, size = len(images), images.shape[-1]

    # Shift and scale.
    affine = torch.zeros(n, 2, 3, device=images.device)
    affine[:, [0, 1], [0, 1]] = 1 + (torch.rand(n, 1, device=images.device) - 0.5) * 0.12 * strength
    affine[:, :, 2] = (torch.rand(n, 2, device=images.device) - 0.5) * 0.12 * strength
    where = F.affine_grid(affine, list(images.shape), align_corners=False)
    images = F.grid_sample(images, where, padding_mode="border", align_corners=False)

    # Blur by a mixture with a three-pixel mean, and now and then by half the resolution.
    soft = F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    half = F.interpolate(F.avg_pool2d(images, 2), size=size, mode="bilinear", align_corners=False)
    share = torch.rand(n, 1, 1, 1, device=images.device)
    soft = torch.where(share < 0.25, half, soft)
    images = images.lerp(soft, torch.rand_like(share) * torch.rand_like(share) * strength)

    # Relight, and add noise.
    gain = 1 + (torch.rand_like(share) - 0.5) * 0.2 * strength
    shift = (torch.rand_like(share) - 0.5) * 0.1 * strength
    noise = torch.randn_like(images) * (torch.rand_like(share) * 0.08 * strength)
    return (images * gain + shift + noise).clamp(-1, 1)


def fit_temperature(
    config: AttributeConfig, logits: Float[Tensor, "n a"], labels: Bool[Tensor, "n a"] | Float[Tensor, "n a"]
) -> Float[Tensor, " a"]:
    """The temperatures, one for each attribute (one for all of a softmax), with the best held-out likelihood."""
    grid = torch.logspace(-0.7, 0.7, 113)
    if config.activation == "softmax":
        target = labels.float().argmax(dim=1)
        losses = torch.stack([F.cross_entropy(logits / t, target) for t in grid])
        return grid[losses.argmin()].expand(logits.shape[1]).clone()
    losses = torch.stack(
        [
            F.binary_cross_entropy_with_logits(logits / t, labels.float(), reduction="none").mean(dim=0)
            for t in grid
        ]
    )
    return grid[losses.argmin(dim=0)]


def evaluate(
    config: AttributeConfig,
    logits: Float[Tensor, "n a"],
    labels: Bool[Tensor, "n a"] | Float[Tensor, "n a"],
    predicted: Float[Tensor, "n f"] | None,
    factors: Float[Tensor, "n f"] | None,
) -> ScorerEvaluation:
    """Compare logits with labels, and factors with those of the data; a probable label counts as one."""
    names, labels = config.attributes, labels > 0.5
    auc = {
        name: float(roc_auc_score(labels[:, i], logits[:, i]))
        for i, name in enumerate(names)
        if 0 < labels[:, i].sum() < len(labels)
    }
    accuracy = ((logits > 0) == labels).float().mean(dim=0)
    r2 = {}
    if predicted is not None and factors is not None:
        explained = 1 - (predicted - factors).square().mean(dim=0) / factors.var(dim=0, correction=0)
        r2 = dict(zip(config.factors, explained.tolist(), strict=True))
    return ScorerEvaluation(
        auc=auc, accuracy={name: float(accuracy[i]) for i, name in enumerate(names) if name in auc}, r2=r2
    )


def _check(settings: ScorerSettings, pixels: Pixels, labels: Tensor, factors: Tensor | None) -> None:
    config = settings.network
    if len(labels) != len(pixels) or labels.shape[1] != len(config.attributes):
        raise SettingError(
            f"{len(pixels)} images with labels of shape {list(labels.shape)} do not fit "
            f"{len(config.attributes)} attributes"
        )
    if (factors is None) != (not config.factors) or (
        factors is not None and factors.shape[1] != len(config.factors)
    ):
        raise SettingError(f"the network reads {len(config.factors)} factors; the data must bring as many")
    if not 0 < settings.held_out < len(pixels):
        raise SettingError(
            f"held_out={settings.held_out} leaves nothing of {len(pixels)} images to learn from, or to test"
        )
    counts = (labels[: len(pixels) - settings.held_out] > 0.5).sum(dim=0)
    for name, positive in zip(config.attributes, counts.tolist(), strict=True):
        if positive in (0, len(pixels) - settings.held_out):
            raise ScoreError(
                f"attribute {name!r} has one class only ({positive} positive); leave it out, or add images"
            )
