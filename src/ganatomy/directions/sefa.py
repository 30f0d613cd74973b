"""Directions that change the output of a generator's first layers most, from their weights."""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.directions.moments import gram, leading
from ganatomy.directions.unsupervised import Ranked, check_count, deviations
from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.progan import ProGAN
from ganatomy.generators.stacks import StackLayer
from ganatomy.generators.style_based import StyleBasedGenerator
from ganatomy.latents import Direction, Space


@torch.no_grad()
def sefa(
    generator: Generator,
    *,
    layers: tuple[int, int] | None = None,
    num_components: int = 10,
    normalize: bool = True,
    seed: int = 0,
) -> Ranked:
    """SeFa (Shen and Zhou 2021): the unit vectors n that maximise `|A n|²`, which are the eigenvectors of AᵀA, sorted.

    A is the first linear map that is applied to a code. In style-based generators it is the affine layers of all rows
    of w+ side by side, and the directions live in w; where a torgb shares its row of w+ with a convolution, the
    convolution counts, as in the code of the authors and of rosinality. In ProGAN and DCGAN it is the first layer, and
    the directions live in z. No image is made. The figure of a direction is its share of the sum of all `|A n|²`.

    Args:
        layers: half-open range of rows of w+ whose styles count; the directions apply to these layers.
        normalize: whether the weights of each output of A are brought to norm 1, as in the authors' code; False leaves
            them, as in the paper's equation and in rosinality's code.
        seed: of the codes that sigma is estimated from.

    Returns:
        Directions "SeFa 1", "SeFa 2", ... with their shares.

    Raises:
        SettingError: for a generator whose first layer is unknown, and for layers or components that do not exist.

    Example::

        pose = ga.sefa(ga.load("faces"), layers=(0, 4))["SeFa 1"]
    """
    space = Space.W if isinstance(generator, StyleBasedGenerator) else Space.Z
    weights = first_weights(generator, layers).cpu()
    name = generator.signature.architecture
    check_count(num_components, weights.shape[1], f"the first layers of this {name}")
    if normalize:
        weights = weights / torch.linalg.vector_norm(weights, dim=1, keepdim=True).clamp(min=1e-12)
    products = gram(weights)
    found = leading(products, num_components)
    check_count(num_components, len(found.variances), f"the first layers of this {name}")
    vectors = found.axes.T.float()
    sigmas = deviations(generator, vectors, space, seed=seed)
    return Ranked(
        (
            Direction(
                name=f"SeFa {k + 1}",
                vector=vectors[k],
                space=space,
                sigma=float(sigmas[k]),
                layers=layers,
                method="sefa",
                seed=seed,
                fingerprint=generator.fingerprint,
            )
            for k in range(num_components)
        ),
        figure="share of the squared change of styles" if space is Space.W else "share of the squared change",
        values=(found.variances / products.trace()).tolist(),
    )


def first_weights(generator: Generator, layers: tuple[int, int] | None = None) -> Float[Tensor, "rows d"]:
    """The weights of the first linear map of a code, up to one factor; one row for each output."""
    name = generator.signature.architecture
    if isinstance(generator, StyleBasedGenerator):
        # The last layer of a row is its convolution, where it has one.
        styled = {row: layer.affine.weight for row, layer in generator.styled_layers()}
        first, last = layers or (0, len(styled))
        if not 0 <= first < last <= len(styled):
            raise SettingError(
                f"this {name} has layers 0:{len(styled)}, not {first}:{last}; choose a range of them"
            )
        return torch.cat([weight for row, weight in sorted(styled.items()) if first <= row < last]).detach()
    if layers is not None:
        raise SettingError(
            f"{name} has no styles, so layers {layers[0]}:{layers[1]} cannot be chosen; leave them out"
        )
    if not isinstance(generator, ProGAN | DCGAN):
        raise SettingError(
            f"SeFa uses the first layer of a generator, and ganatomy does not know that of {name}; "
            "use ganspace, which uses activations"
        )
    # The outputs of the layer for unit vectors, less its output for zeros, are its weights, however it is built.
    dim = generator.signature.z_dim
    codes = torch.eye(dim + generator.signature.num_classes).to(generator.device, generator.dtype)[:dim]
    if isinstance(generator, ProGAN):
        run = next(generator.blocks()).conv0
    else:
        run, codes = cast(StackLayer, generator.layers[0]).project, codes[:, :, None, None]
    return (run(codes) - run(0 * codes[:1])).flatten(1).T.detach()
