"""Generators of families that are known and not read: the reason is the true one, and what to do is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ganatomy as ga

Shapes = dict[str, tuple[int, ...]]

LUCIDRAINS: Shapes = {
    "S.net.0.weight": (16, 16), "S.net.0.bias": (16,), "G.initial_block": (1, 8, 4, 4),
    "G.initial_conv.weight": (8, 8, 3, 3), "G.initial_conv.bias": (8,), "G.blocks.0.to_style1.weight": (8, 16),
    "G.blocks.0.to_noise1.weight": (8, 1), "G.blocks.0.conv1.weight": (8, 8, 3, 3),
    "D.blocks.0.conv_res.weight": (8, 3, 1, 1),
}  # fmt: skip
BIGGAN: Shapes = {
    "shared.weight": (10, 16), "linear.weight": (128, 20), "linear.bias": (128,),
    "blocks.0.0.conv1.weight": (8, 8, 3, 3), "blocks.0.0.conv_sc.weight": (8, 8, 1, 1),
    "blocks.0.0.bn1.gain.weight": (8, 36), "blocks.0.0.bn1.bias.weight": (8, 36), "output_layer.1.weight": (3, 8, 3, 3),
}  # fmt: skip
BIGGAN_DEEP: Shapes = {
    "embeddings.weight": (128, 1000), "generator.gen_z.weight_orig": (64, 256), "generator.gen_z.bias": (64,),
    "generator.layers.0.bn_0.running_means": (51, 8), "generator.conv_to_rgb.weight_orig": (8, 8, 3, 3),
}  # fmt: skip
SNGAN: Shapes = {
    "l1.weight": (256, 128), "l1.bias": (256,), "block2.c1.weight": (16, 16, 3, 3), "block2.c2.weight": (16, 16, 3, 3),
    "block2.b1.weight": (16,), "block2.c_sc.weight": (16, 16, 1, 1), "c5.weight": (3, 16, 3, 3), "c5.bias": (3,),
}  # fmt: skip
FAMILIES = {
    "lucidrains": (LUCIDRAINS, "StyleGAN2 of lucidrains.*styles that are added to 1"),
    "BigGAN": (BIGGAN, "BigGAN, which normalises by the class"),
    "BigGAN-deep": (BIGGAN_DEEP, "BigGAN-deep of Hugging Face, which normalises by the class"),
    "SNGAN": (SNGAN, "residual generator, such as SNGAN's, which adds branches"),
}


@pytest.mark.parametrize("nest", [lambda s: s, lambda s: {"state_dict": s, "step": 3}, lambda s: {"GAN": s}])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_reason_is_told(family: str, nest, tmp_path: Path):
    shapes, reason = FAMILIES[family]
    torch.save(nest({name: torch.ones(shape) for name, shape in shapes.items()}), tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=f"{reason}.*ganatomy.wrap"):
        ga.load(tmp_path / "net.pt")
