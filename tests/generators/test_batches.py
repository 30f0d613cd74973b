"""How many images are made at a time, where nobody says it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import SettingError
from ganatomy.generators import batches
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import images_at_once
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.perception import FunctionScorer


def stylegan2(resolution: int) -> StyleGAN2:
    torch.manual_seed(0)
    widths = (4,) * (resolution.bit_length() - 2)
    return StyleGAN2(StyleGAN2Config(widths=widths, z_dim=4, w_dim=4, mapping_layers=1))


@pytest.mark.parametrize(
    ("resolution", "expected"), [(16, 64), (64, 32), (128, 8), (256, 2), (512, 1), (1024, 1)]
)
def test_large_images_are_made_few_at_a_time(resolution: int, expected: int):
    assert images_at_once(stylegan2(resolution)) == expected
    assert images_at_once(stylegan2(resolution), most=8) == min(expected, 8)
    assert images_at_once(stylegan2(resolution), 5) == 5, "who says how many gets as many"


@pytest.mark.parametrize(
    ("free", "resolution", "expected"), [(8, 64, 128), (8, 1024, 1), (128, 64, 256), (128, 1024, 8)]
)
def test_on_a_gpu_its_free_memory_says_how_many(
    free: int, resolution: int, expected: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(StyleGAN2, "device", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free * 2**30, 2 * free * 2**30))
    assert images_at_once(stylegan2(resolution)) == expected


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_batch_size_is_above_0(wrong: int):
    with pytest.raises(SettingError, match="give 1 or more"):
        images_at_once(stylegan2(16), wrong)


def test_nothing_that_a_report_needs_is_made_in_larger_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sizes: list[int] = []
    forward = Generator.forward

    def counted(self: Generator, latents: ga.Latents, **kwargs: object) -> torch.Tensor:
        sizes.append(len(latents))
        return forward(self, latents, **kwargs)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Generator, "forward", counted)
    monkeypatch.setattr(batches, "PIXELS", 2 * 32**2)
    generator = stylegan2(32)
    scorer = FunctionScorer(lambda images: 20 * images.mean((2, 3))[:, :2], ("red", "green"), output="logits")
    experiment = ga.Experiment(generator, scorer)
    found = ga.explore(experiment, n=120, methods=["linear"], measured=2)
    ga.write_document(ga.document(found, experiment), tmp_path)
    ga.guided(generator, scorer, generator.sample(3, seed=5, space="w"), {"red": "+0.01"})
    ga.invert(
        generator, batches.draw_images(generator, generator.sample(3, seed=7)), budget=2, perceptual=None
    )
    assert max(sizes) == 2
