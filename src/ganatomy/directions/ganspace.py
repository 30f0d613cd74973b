"""Principal components of codes, or of a layer's activations, as directions of codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ganatomy.directions.principal import principal
from ganatomy.directions.unsupervised import Ranked, check_count, deviations
from ganatomy.errors import SettingError, SpaceError, UnknownNameError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.geometry import upright
from ganatomy.latents import Direction, Latents, Space
from ganatomy.progress import Advance, watched

DRAWN = 4096
"""Codes that are drawn at once."""

IMAGES = "images"
"""The last layer of all: what a generator without others, such as an ONNX file, still has."""

SMALL = 64
"""Pixels a side up to which images are decomposed; larger ones are averaged."""

WRAPPERS = ("synthesis.", "model.")
"""Modules that contain a generator's layers; they may be left out of a layer's name."""


@watched("drawing")
@torch.no_grad()
def ganspace(
    generator: Generator,
    *,
    layer: str | None = None,
    n: int = 10_000,
    num_components: int = 10,
    space: str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    progress: Advance | None = None,
) -> Ranked:
    """GANSpace (Härkönen et al. 2020): principal components of codes in w, or of a layer's activations.

    Activations y of codes z are projected to the components V of Cov(y), `x = Vᵀ(y - mean)`; least squares from x to z
    (section 3.1) gives the direction of component k, `Cov(z, y) v_k` brought to norm 1. This needs only second moments,
    which are streamed in one pass, see `principal`. The figure of a direction is its share of the variance (of codes,
    or of activations), its sigma the standard deviation of codes along it.

    Args:
        layer: a module by its name, such as "b8.conv0" or "layers.0", or "images" for what it makes, which any
            generator has; `layer_names` lists them. By default the codes themselves, without making an image.
        space: of the codes, by default w where there is one, else z.
        batch_size: images at a time; by default as many as suit their size and the device. The generator is run up to
            the layer only.

    Returns:
        Directions "PC 1", "PC 2", ... with their shares of the variance.

    Raises:
        UnknownNameError: for a layer that does not exist.
        SpaceError: for a space that the generator does not have, and for w+, whose mapped codes are those of w.
        SettingError: for numbers outside their range, for components that do not exist, and for the codes of a prior
            whose covariance is isotropic.

    Example::

        found = ga.ganspace(ga.load("faces"), layer="b8.conv0", n=2_000)
        print(found["PC 1"].sigma, found.values[0])
    """
    space = Space.parse(space or ("w" if Space.W in generator.signature.spaces else "z"))
    _check(generator, space, layer, n=n, num_components=num_components)
    module = None if layer is None else _module(generator, space, layer)
    pairs = _rows_and_codes(
        generator, space, module, n=n, seed=seed, batch_size=batch_size, progress=progress
    )
    found = principal(pairs, num_axes=num_components, seed=seed)
    check_count(num_components, len(found.variances), f"{n} {'codes' if layer is None else 'activations'}")

    # The covariance of codes with one of their own components is along that component.
    vectors = found.axes.T if layer is None else upright(_unit(found.codes, layer))
    sigmas = found.variances.sqrt() if layer is None else deviations(generator, vectors, space, seed=seed)
    return Ranked(
        (
            Direction(
                name=f"PC {k + 1}",
                vector=vectors[k].float(),
                space=space,
                sigma=float(sigmas[k]),
                method="ganspace" if layer is None else f"ganspace, {layer}",
                seed=seed,
                fingerprint=generator.fingerprint,
            )
            for k in range(num_components)
        ),
        figure="share of variance" if layer is None else f"share of the variance of {layer}",
        values=found.captured.tolist(),
    )


def layer_names(generator: Generator, *, space: str | None = None) -> dict[str, tuple[int, ...]]:
    """The layers that run when codes of this space become images, each with the shape of its activations.

    Args:
        space: of the codes, by default w where there is one, else z.

    Returns:
        Shapes without the batch axis, by name, in the order of running.

    Raises:
        SpaceError: for a space that the generator does not have.

    Example::

        print(ga.layer_names(ga.load("digits")))
    """
    space = Space.parse(space or ("w" if Space.W in generator.signature.spaces else "z"))
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, _: nn.Module, __: Any, output: Any) -> None:
        activations = _first_tensor(output)
        if activations is not None and len(activations) == 2:
            shapes.setdefault(name, tuple(activations.shape[1:]))

    with ExitStack() as hooks, torch.no_grad():
        codes = generator.sample(2, space=space)
        for name, module in _modules(generator).items():
            hooks.enter_context(module.register_forward_hook(partial(note, name)))
        shapes[IMAGES] = tuple(generator(codes).shape[1:])
    return shapes


class _Reached(Exception):  # noqa: N818 (no error: the rest of the generator need not run)
    """The layer has run."""


def _rows_and_codes(
    generator: Generator,
    space: Space,
    module: nn.Module | None,
    *,
    n: int,
    seed: int,
    batch_size: int | None,
    progress: Advance | None,
) -> Iterator[tuple[Float[Tensor, "b d"], Float[Tensor, "b k"]]]:
    """Activations of the module and their codes; without one the codes, and empty ones."""
    done = 0
    for start in range(0, n, DRAWN):
        drawn = generator.sample(min(DRAWN, n - start), seed=seed, start=start, space=space)
        for part in batches(generator, drawn, batch_size if module else DRAWN):
            codes = part.codes.cpu()
            if module:
                reached = _small(generator(part)) if module is generator else _run_to(generator, module, part)
                yield reached.flatten(1).float().cpu(), codes
            else:
                yield codes, codes[:, :0]
            done += len(part)
            if progress:
                progress(done, n)


def _run_to(generator: Generator, module: nn.Module, latents: Latents) -> Float[Tensor, "b *shape"]:
    """The activations of the module; modules after it do not run."""
    seen: list[Tensor | None] = []

    def keep(_: nn.Module, __: Any, output: Any) -> None:
        seen.append(_first_tensor(output))
        raise _Reached

    with module.register_forward_hook(keep), suppress(_Reached):
        generator(latents)
    activations = seen[0]
    assert activations is not None
    return activations


def _small(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c p q"]:
    """Images of at most `SMALL` pixels a side, as means of their pixels."""
    height, width = (min(side, SMALL) for side in images.shape[2:])
    return F.adaptive_avg_pool2d(images.float(), (height, width))


def _first_tensor(output: Any) -> Tensor | None:
    """The activations in a module's output; a block of StyleGAN2 returns an image beside them."""
    first = output[0] if isinstance(output, tuple | list) and output else output
    return first if isinstance(first, Tensor) and first.ndim > 1 else None


def _modules(generator: Generator) -> dict[str, nn.Module]:
    """Modules by name, without `WRAPPERS`."""
    named = {}
    for name, module in generator.named_modules():
        for wrapper in WRAPPERS:
            name = name.removeprefix(wrapper)
        if name and f"{name}." not in WRAPPERS:
            named[name] = module
    return named


def _module(generator: Generator, space: Space, layer: str) -> nn.Module:
    for wrapper in WRAPPERS:
        layer = layer.removeprefix(wrapper)
    if layer == IMAGES:
        return generator
    known = layer_names(generator, space=space)
    if layer not in known:
        raise UnknownNameError("layer", layer, known)
    return _modules(generator)[layer]


def _unit(covariances: Float[Tensor, "r k"], layer: str) -> Float[Tensor, "r k"]:
    """The covariances of codes with each component as unit vectors."""
    norms = torch.linalg.vector_norm(covariances, dim=1, keepdim=True)
    if not bool((norms > 0).all()):
        raise SettingError(f"a component of {layer} does not depend on codes; ask for fewer components")
    return covariances / norms


def _check(generator: Generator, space: Space, layer: str | None, *, n: int, num_components: int) -> None:
    name = generator.signature.architecture
    if space not in generator.signature.spaces:
        raise SpaceError(f"{name} has no space {space}, only {', '.join(generator.signature.spaces)}")
    if space is Space.W_PLUS:
        raise SpaceError(
            "codes that are mapped to w+ are those of w, once for each layer; use w, and move some layers"
        )
    if n < 2 or num_components < 1:
        raise SettingError(
            f"cannot find {num_components} components of {n} codes; give at least one component, and two codes"
        )
    if layer is None and space is Space.Z:
        known = ", ".join(layer_names(generator, space=space))
        raise SettingError(
            f"codes in z vary alike in all directions; name a layer, whose activations do not: {known}"
        )
