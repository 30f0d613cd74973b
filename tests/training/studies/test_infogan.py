"""InfoGAN's study: codes of which the truth is known, and the whole of it at a budget of seconds."""

import json
import struct
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float
from torch import Tensor

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.generators.base import Generator, Signature
from ganatomy.images import to_uint8
from ganatomy.latents import Latents
from ganatomy.training.studies.infogan.codes import edit_codes, read_purity, variety_within

SHADES = torch.tensor([-0.9, -0.9, 0.0, 0.9])
"""Brightness of the images of each category: two of them share one."""


class ShadedCategories(Generator):
    """Images of one brightness for each category; the first number of z is their redness."""

    def __init__(self) -> None:
        super().__init__(
            Signature(
                architecture="Shaded", z_dim=3, resolution=8, channels=3, num_classes=4, prior="uniform"
            )
        )

    def synthesize(self, latents: Latents) -> Float[Tensor, "n c h w"]:
        assert latents.labels is not None
        images = (latents.labels @ SHADES)[:, None, None, None].expand(-1, 3, 8, 8).clone()
        images[:, 0] = latents.codes[:, 0, None, None]
        return images


def shades(images: torch.Tensor) -> torch.Tensor:
    """The class that the brightness of blue is nearest to, as probabilities."""
    distance = (images[:, 2].mean(dim=(1, 2))[:, None] - torch.tensor([-0.9, 0.0, 0.9])).abs()
    return torch.softmax(-20 * distance, dim=1)


def features(images: torch.Tensor) -> torch.Tensor:
    return (images[:, [0, 2]].mean(dim=(2, 3)) + 1) / 2


def test_the_purity_is_that_of_the_commonest_class() -> None:
    found = read_purity(ShadedCategories(), ga.scorer(shades, names=["dark", "grey", "bright"]), n=30)
    assert found is not None
    assert found.value.value == 1.0
    assert found.shown == ["dark", "dark", "grey", "bright"]


def test_a_category_of_one_image_has_no_variety() -> None:
    generator = ShadedCategories()
    real = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    assert variety_within(generator, real, n=20) > 0.1
    generator.synthesize = lambda latents: torch.zeros(len(latents), 3, 8, 8)
    assert variety_within(generator, real, n=20) == 0


def test_attributes_that_do_not_exclude_each_other_have_no_purity() -> None:
    assert read_purity(ShadedCategories(), ga.scorer(features, names=["red", "blue"]), n=30) is None


def test_codes_are_named_by_what_they_move() -> None:
    generator, scorer = ShadedCategories(), ga.scorer(features, names=["red", "blue"])
    judge = ga.judge(ga.scorer(lambda images: features(images).sqrt(), names=["red", "blue"]))
    found = edit_codes(generator, scorer, judge, continuous=1, n=40, target_change=0.25)
    assert found.codes["red"] == "continuous code 1"
    assert found.codes["blue"].startswith("category")
    torch.testing.assert_close(
        found.changes["continuous code 1"], torch.tensor([1.0, 0.0]), rtol=0, atol=1e-5
    )
    assert found.movable == ("red", "blue")
    assert found.edits is not None
    assert found.edits.judged is not None
    assert found.edits.selectivities()[0] > 100


def test_the_command_writes_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits = ga.load("digits")
    images = to_uint8(digits(digits.sample(64, seed=0)))[..., 0]
    data = tmp_path / "images-idx3-ubyte"
    data.write_bytes(
        b"\x00\x00\x08\x03" + struct.pack(">3i", *images.shape) + np.ascontiguousarray(images).tobytes()
    )
    out = tmp_path / "out"
    options = {
        "--images": "32",
        "--seeds": "1",
        "--width": "8",
        "-n": "120",
        "--edited": "20",
        "--categories": "3",
        "--device": "cpu",
    }
    assert (
        main(["study", "infogan", str(data), "-o", str(out), *chain.from_iterable(options.items())]) == 0
    ), capsys.readouterr().err
    summary = json.loads((out / "summary.json").read_text())
    assert summary["judged"]
    assert len(summary["pairs"][0]["shown"]) == 3
    assert {"categories.png", "continuous.png"} == {path.name for path in (out / "figures").iterdir()}
    assert main(["study", "infogan", str(tmp_path), "-o", str(out)]) == 2
    assert "give one with --scorer" in capsys.readouterr().err
