"""The images of each step: which they are, how they are read, and whose part they are."""

import numpy as np
import pytest
import torch

from ganatomy.devices import usable_device
from ganatomy.errors import SettingError
from ganatomy.training.images import Batches, array_images, as_images
from ganatomy.training.ranks import Ranks

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


def batch(step: int, *, ranks: Ranks | None = None, mirrored: bool = False) -> torch.Tensor:
    images = array_images(PIXELS, mirrored=mirrored)
    with Batches(images, seed=3, batch=8, resolution=4, ranks=ranks) as batches:
        return batches(step)


def test_images_are_averaged_down() -> None:
    half = as_images(PIXELS[:1], resolution=4)
    assert half.shape == (1, 3, 4, 4)
    assert half[0, 0, 0, 0].item() == pytest.approx(PIXELS[0, :2, :2, 0].mean() / 127.5 - 1, abs=1e-5)


def test_a_step_shows_the_same_images_whatever_was_read_before() -> None:
    with Batches(array_images(PIXELS), seed=3, batch=8, resolution=4) as batches:
        steps = [batches(step) for step in (0, 1, 5, 6, 2)]
    for step, images in zip((0, 1, 5, 6, 2), steps, strict=True):
        assert torch.equal(images, batch(step))


def test_ranks_share_the_batch_that_one_would_have() -> None:
    parts = [batch(4, ranks=Ranks(index=index, count=2), mirrored=True) for index in (0, 1)]
    assert torch.equal(torch.cat(parts), batch(4, mirrored=True))


def test_half_of_the_images_are_mirrored() -> None:
    plain = torch.cat([batch(step) for step in range(20)])
    turned = torch.cat([batch(step, mirrored=True) for step in range(20)])
    same = (plain == turned).flatten(1).all(1)
    torch.testing.assert_close(turned[~same], plain[~same].flip(3))
    assert 40 < int(same.sum()) < 120


def test_a_batch_that_ranks_cannot_share_is_refused() -> None:
    with pytest.raises(SettingError, match="3 ranks cannot share a batch of 8"):
        batch(0, ranks=Ranks(index=0, count=3))


def test_images_that_are_not_square_are_refused() -> None:
    with pytest.raises(SettingError, match="8 x 4 pixels are not square"):
        array_images(PIXELS[:, :4])


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingError, match="device nowhere cannot be used: devices are cpu.*use cpu"):
        usable_device("nowhere")
    assert usable_device("cpu") == "cpu"
