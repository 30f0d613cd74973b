"""Quantities of images: exact answers on drawn ones, and how they become logits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ganatomy.errors import ScoreError, SettingError
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import OracleScorer, TableScorer
from ganatomy.perception.quantities import brightness, slant, with_quantities


@pytest.mark.parametrize("lean", [-0.5, 0.0, 0.4])
def test_slant_is_the_shear_of_what_is_drawn(lean: float) -> None:
    image = torch.full((1, 1, 41, 41), -1.0)
    for row in range(5, 36):
        middle = 20 + lean * (20 - row)
        for column in range(41):
            image[0, 0, row, column] += 2 * max(0.0, 1 - abs(column - middle) / 2)
    assert float(slant(image)) == pytest.approx(lean, abs=0.02)
    assert float(slant(-image)) == pytest.approx(lean, abs=0.02)


def test_light_is_the_mean_grey() -> None:
    assert brightness(torch.full((2, 3, 4, 4), 0.5)).tolist() == pytest.approx([0.5, 0.5])
    assert brightness(torch.full((1, 1, 4, 4), -0.5)).tolist() == [-0.5]


def test_quantities_stand_behind_the_attributes_and_are_counted_from_the_median_image() -> None:
    toy = ToyGenerator()
    images = toy(toy.sample(300))
    raw = with_quantities(OracleScorer(toy), channels=3)
    assert raw.names == (*toy.attributes, "light")
    scores, scorer = raw.centred(raw.score(images))
    assert torch.allclose(scores.logits, scorer.score(images).logits, atol=1e-4)
    assert torch.equal(scores.logits[:, :-1], OracleScorer(toy).score(images).logits)
    light = scores.column("light")
    low, middle, high = torch.quantile(light, torch.tensor([0.25, 0.5, 0.75])).tolist()
    assert middle == pytest.approx(0, abs=0.05)
    assert high - low == pytest.approx(4, rel=1e-3)
    assert scorer.quantity("light") is scorer.quantities[0]
    assert scorer.quantity("red") is None


def test_grey_images_have_a_slant_and_a_quantity_that_never_varies_is_left_out() -> None:
    raw = with_quantities(None, channels=1)
    assert raw.names == ("slant", "light")
    images = torch.full((20, 1, 4, 4), -1.0)
    with pytest.raises(SettingError, match="all images are the same"):
        raw.centred(raw.score(images))
    images[:, :, 1] = torch.linspace(-1, 1, 20)[:, None, None]
    scores, _ = raw.centred(raw.score(images))
    assert "light" in scores.names


def test_a_table_of_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("red\n" + "1\n" * 200)
    with pytest.raises(ScoreError, match="cannot score new images"):
        with_quantities(TableScorer(tmp_path / "labels.csv"), channels=3)
