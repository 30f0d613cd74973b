"""A user's own module or function as a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.arguments import tensor, whole
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator, Prior, Signature, draw_rows, parse_prior
from ganatomy.images import MODES
from ganatomy.latents import Latents, Space

PROBE = 4
"""Codes that are tried to learn what a generator makes."""


class WrappedGenerator(Generator):
    """Calls a module or function of the user's; `wrap` makes one and finds out what it gives."""

    def __init__(
        self,
        model: Callable[..., Tensor],
        mapping: Callable[[Tensor], Tensor] | None,
        signature: Signature,
        *,
        value_range: tuple[float, float],
        form: CallForm,
    ) -> None:
        super().__init__(signature)
        # Modules are registered by torch, and move to another device with the generator; functions stay as they are.
        self.model = model
        self.mapping = mapping
        self.value_range = value_range
        self.form = form

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        """What the user's model makes of these codes, brought to [-1, 1]."""
        codes = latents.codes
        if self.mapping is not None and latents.space is Space.Z:
            codes = self.mapping(codes)
        if self.signature.num_classes and latents.labels is None:
            raise SettingError(
                f"this generator has {self.signature.num_classes} classes; its codes need labels, as sample() draws"
            )
        images = self.form.call(self.model, codes, latents.labels)
        expected = (len(codes), self.signature.channels, *self.signature.size)
        if images.shape != expected:
            raise SettingError(
                f"{self.signature.architecture} made a tensor of shape {list(images.shape)} "
                f"from {len(codes)} codes, and of shape {list(expected)} when it was wrapped"
            )
        low, high = self.value_range
        return images if (low, high) == (-1, 1) else (images - low) * (2 / (high - low)) - 1

    def map_codes(
        self, latents: Latents, to: Space, *, truncation_psi: float, truncation_cutoff: int | None
    ) -> Latents:
        if truncation_psi != 1 or truncation_cutoff is not None:
            raise SettingError(
                "a wrapped mapping has no mean w to truncate towards; leave out truncation_psi"
            )
        assert self.mapping is not None
        return replace(latents, codes=self.mapping(latents.codes), space=to)

    def _digest(self, state: dict[str, Tensor]) -> str:
        """Weights tell who a module is; a function is known by its name and by what it makes."""
        digest = hashlib.sha256(super()._digest(state).encode())
        for part in (self.model, self.mapping):
            if part is not None and not (isinstance(part, nn.Module) and part.state_dict()):
                codes = probe_codes(self.signature.z_dim, self.signature.prior).to(self.device, self.dtype)
                labels = probe_labels(self.signature.num_classes)
                with torch.no_grad():
                    images = self.synthesize(Latents(codes=codes, space=Space.Z, labels=labels))
                digest.update((images.double().cpu() * 64).round().numpy().tobytes())
                break
        return digest.hexdigest()


def wrap(
    model: Callable[..., Tensor],
    *,
    z_dim: int,
    prior: str = "normal",
    mapping: Callable[[Tensor], Tensor] | None = None,
    value_range: tuple[float, float] | None = None,
    num_classes: int = 0,
    class_names: Sequence[str] = (),
) -> Generator:
    """Your own module or function as a generator, with all that ganatomy can do with one.

    It is tried on a few codes to learn the size and the channels of its images. A module is put into eval mode.

    Args:
        model: codes `[n, z_dim]` (or `[n, z_dim, 1, 1]`, as a stack of convolutions wants them) to images
            `[n, channels, height, width]`, of 1 to 4 channels; a tuple counts by its first entry.
        prior: what z is drawn from: "normal", "uniform" in (-1, 1) or "uniform01" in (0, 1).
        mapping: z to w, where the model takes w; the generator then has both spaces.
        value_range: what black and white are in the images; [-1, 1] is assumed, and checked.
        num_classes: of a conditional model, which is called with codes and classes: numbers `[n]`, or one-hot
            `[n, num_classes]` where it takes those.
        class_names: one for each class.

    Raises:
        SettingError: when the model fails on codes of that length, or gives something else than such images.

    Example::

        decoder = torch.nn.Sequential(torch.nn.Linear(16, 768), torch.nn.Tanh(), torch.nn.Unflatten(1, (3, 16, 16)))
        G = ga.wrap(decoder, z_dim=16)
    """
    prior = parse_prior(prior)
    z_dim = whole("z_dim", z_dim, least=1)
    if not callable(model):
        raise SettingError(
            f"{type(model).__name__} is no generator; give a module or function from codes to images"
        )
    name = (
        type(model).__name__
        if isinstance(model, nn.Module)
        else getattr(model, "__name__", type(model).__name__)
    )
    for part in (model, mapping):
        if isinstance(part, nn.Module):
            part.eval()
    num_classes = num_classes or len(class_names)
    if value_range is not None:
        ends = tensor("value_range", value_range)
        if ends.shape != (2,) or not ends.isreal().all():
            raise SettingError(f"value_range is {value_range!r:.60}, not two numbers such as (0, 255)")
        value_range = (float(ends[0]), float(ends[1]))
    if value_range is not None and not value_range[0] < value_range[1]:
        raise SettingError(f"value_range={value_range} must name a lower and a higher value")
    with torch.no_grad():
        codes = _like_weights_of(model, probe_codes(z_dim, prior))
        w = codes if mapping is None else _call_mapping(mapping, codes)
        images, form = _try(model, w, probe_labels(num_classes), name)
    _check_images(images, name, checked_range=value_range is None)
    return WrappedGenerator(
        model,
        mapping,
        Signature(
            architecture=name,
            z_dim=z_dim,
            w_dim=None if mapping is None else w.shape[1],
            resolution=images.shape[2],
            width=images.shape[3],
            channels=images.shape[1],
            num_classes=num_classes,
            class_names=tuple(class_names),
            prior=prior,
            spaces=(Space.Z,) if mapping is None else (Space.Z, Space.W),
        ),
        value_range=value_range or (-1.0, 1.0),
        form=form,
    )


def probe_codes(z_dim: int, prior: Prior) -> Float[Tensor, "4 z"]:
    return torch.from_numpy(draw_rows(PROBE, z_dim, seed=0, prior=prior))


def probe_labels(num_classes: int) -> Float[Tensor, "4 classes"] | None:
    """Classes for the codes that are tried."""
    if not num_classes:
        return None
    return F.one_hot(torch.arange(PROBE) % num_classes, num_classes).float()


@dataclass(frozen=True, kw_only=True)
class CallForm:
    """How a model is called.

    Args:
        spatial: with codes as single pixels, as a model wants them that is convolutional from the first layer on.
        one_hot: with classes one-hot, not as numbers.
    """

    spatial: bool = False
    one_hot: bool = False

    def call(
        self,
        model: Callable[..., Tensor],
        codes: Float[Tensor, "n d"],
        labels: Float[Tensor, "n classes"] | None,
    ) -> Any:
        """What the model makes of codes and classes; the first of several results."""
        given: list[Tensor] = [codes[:, :, None, None] if self.spatial else codes]
        if labels is not None:
            given.append(labels.to(codes) if self.one_hot else labels.argmax(1).to(codes.device))
        images = model(*given)
        return images[0] if isinstance(images, tuple | list) else images


def _try(
    model: Callable[..., Tensor], codes: Tensor, labels: Tensor | None, name: str
) -> tuple[Any, CallForm]:
    """What the model makes, and how it wants to be called."""
    forms = [CallForm(spatial=spatial) for spatial in (False, True)]
    if labels is not None:
        forms += [replace(form, one_hot=True) for form in forms]
    failures = []
    for form in forms:
        try:
            return form.call(model, codes, labels), form
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises is told to the user
            failures.append(f"{type(error).__name__}: {error}".splitlines()[0])
    shape, classes = list(codes.shape), ""
    if labels is not None:
        classes = f", with classes as numbers, and one-hot ({failures[2]})"
    raise SettingError(
        f"{name} fails on codes of shape {shape} ({failures[0]}) and of shape {[*shape, 1, 1]} ({failures[1]})"
        f"{classes}; check z_dim, or wrap a function that takes codes [n, z_dim]"
    )


def _call_mapping(mapping: Callable[[Tensor], Tensor], codes: Tensor) -> Tensor:
    w = mapping(codes)
    if not isinstance(w, Tensor) or w.ndim != 2 or len(w) != len(codes):
        shape = list(w.shape) if isinstance(w, Tensor) else type(w).__name__
        raise SettingError(f"the mapping must give w codes [n, d], got {shape} from {len(codes)} codes")
    return w


def _check_images(images: Any, name: str, *, checked_range: bool) -> None:
    if not isinstance(images, Tensor):
        raise SettingError(f"{name} gives a {type(images).__name__}, not a tensor of images")
    shape = list(images.shape)
    if images.ndim != 4 or shape[0] != PROBE or shape[1] not in MODES:
        raise SettingError(
            f"{name} gives a tensor of shape {shape} for {PROBE} codes, not images [{PROBE}, 1 to 4, height, width]"
        )
    if not images.is_floating_point() or not images.isfinite().all():
        raise SettingError(f"{name} gives images that are not finite floating point numbers ({images.dtype})")
    low, high = float(images.min()), float(images.max())
    if checked_range and (low >= 0 or high > 2 or low < -2):
        guess = (0, 255) if high > 2 else (0, 1)
        raise SettingError(
            f"{name} gives values from {low:.3g} to {high:.3g}, where [-1, 1] is expected; "
            f"say what black and white are, such as value_range={guess}"
        )


def _like_weights_of(model: Callable[..., Tensor], codes: Tensor) -> Tensor:
    """The codes on the device, and of the precision, of the model's weights."""
    if isinstance(model, nn.Module):
        for weight in model.parameters():
            if weight.is_floating_point():
                return codes.to(weight)
    return codes
