from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from photographs.files import FACE, celeba_points, finds, gradient
from PIL import Image

from ganatomy.errors import SettingError
from ganatomy.photographs import CARRY, CELEBA, Crops, align, open_photograph, paste
from ganatomy.photographs.pasting import soft_mask
from ganatomy.photographs.sampling import locate


def noise(width: int = 160, height: int = 120) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def turned_crops(resolution: int = 24, **settings) -> tuple:
    """A photograph of noise, and a crop of it that stands askew."""
    photograph = open_photograph(noise())
    points = FACE + torch.linspace(0, 6, 5).double()[:, None]
    crops = align(photograph, layout=CELEBA, resolution=resolution, detector=finds(points), **settings)
    return photograph, crops


def inside(crops: Crops, row: int = 0) -> np.ndarray:
    """Which pixels of the photograph have their middle in the crop."""
    width, height = crops.size
    across, down = (torch.arange(n, dtype=torch.float64) + 0.5 for n in (width, height))
    unit = locate(crops.quads[row], torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1))
    return ((unit > 0) & (unit < 1)).all(-1).numpy()


@pytest.mark.parametrize("carry", CARRY)
@pytest.mark.parametrize("resolution", [8, 24, 150], ids=["shrunk", "about as large", "enlarged"])
def test_outside_of_the_crop_not_one_pixel_changes(carry: str, resolution: int) -> None:
    photograph, crops = turned_crops(resolution)
    edited = torch.rand_like(crops.images) * 2 - 1
    was, now = (np.asarray(image) for image in (
        photograph.image, paste(photograph, crops, edited, reconstructed=-crops.images, carry=carry)
    ))  # fmt: skip
    changed = (was != now).any(-1)
    assert not (changed & ~inside(crops)).any()
    assert changed[inside(crops)].mean() > 0.5


@pytest.mark.parametrize("carry", ["all", "fitting"])
def test_an_edit_that_changes_nothing_leaves_the_photograph_as_it_is(carry: str) -> None:
    photograph, crops = turned_crops()
    reconstructed = crops.images * 0.5 + 0.2  # a poor one
    now = paste(photograph, crops, reconstructed, reconstructed=reconstructed, carry=carry)
    assert np.array_equal(np.asarray(now), np.asarray(photograph.image))


def test_a_change_of_colour_is_the_same_everywhere_in_the_middle() -> None:
    photograph = open_photograph(gradient())
    crops = align(photograph, layout="crop", resolution=20)
    for carry in CARRY:
        now = paste(photograph, crops, crops.images + 0.2, reconstructed=crops.images, carry=carry, seam=0.1)
        middle = (
            np.asarray(now, dtype=float)[10:30, 20:40] - np.asarray(gradient(), dtype=float)[10:30, 20:40]
        )
        assert np.abs(middle - 0.2 * 127.5).max() < 3, carry


def test_colours_that_the_generator_misses_are_carried_over() -> None:
    photograph = open_photograph(gradient())
    crops = align(photograph, layout="crop", resolution=20)
    darker = crops.images - 0.3
    for carry in ("fitting", "colours", "all"):
        now = np.asarray(paste(photograph, crops, darker, reconstructed=darker, carry=carry), dtype=float)
        assert np.abs(now - np.asarray(gradient())).max() < 6, carry
    alone = np.asarray(paste(photograph, crops, darker), dtype=float)
    assert (np.asarray(gradient())[20, 30] - alone[20, 30]).mean() == pytest.approx(0.3 * 127.5, abs=2)


def test_details_stay_only_where_the_edit_changes_little() -> None:
    """An edit without details makes the left half lighter, and one with stripes changes the right half."""
    photograph = open_photograph(noise(100, 100))
    crops = align(photograph, layout="crop", resolution=50)
    flat = torch.zeros_like(crops.images)
    edited = flat.clone()
    edited[..., :25] = 0.2
    edited[..., 25::2], edited[..., 26::2] = 0.8, -0.8
    now = np.asarray(paste(photograph, crops, edited, reconstructed=flat, carry="fitting"), dtype=float)
    # Down the columns, so that the stripes do not count.
    left, right = now[30:70, 20:40].std(0).mean(), now[30:70, 62:80].std(0).mean()
    assert left > 60
    assert right < 15


def test_every_face_is_pasted() -> None:
    photograph = open_photograph(noise(300, 120))
    detector = finds(celeba_points(60) + 20, celeba_points(60) + torch.tensor([200.0, 30.0]).double())
    crops = align(photograph, layout=CELEBA, resolution=16, faces="all", detector=detector)
    now = np.asarray(paste(photograph, crops, torch.ones_like(crops.images)))
    assert [(now[50, x] == 255).all() for x in (50, 150, 230)] == [True, False, True]


def test_a_crop_that_reaches_beyond_the_photograph_is_pasted_as_far_as_it_goes() -> None:
    photograph = open_photograph(noise())
    crops = align(photograph, layout="ffhq", resolution=16, detector=finds(FACE - 30))
    now = np.asarray(paste(photograph, crops, torch.ones_like(crops.images)))
    assert now.shape == (120, 160, 3)
    assert (now[5, 15] == 255).all()
    far = replace(crops, quads=crops.quads + 10_000)
    assert np.array_equal(np.asarray(paste(photograph, far, crops.images)), np.asarray(photograph.image))


def test_grey_crops_go_back_in_grey() -> None:
    photograph = open_photograph(gradient())
    crops = align(photograph, layout="crop", resolution=20, channels=1)
    now = np.asarray(paste(photograph, crops, torch.zeros_like(crops.images), seam=0.1))
    assert (now[20, 30] == 128).all()


def test_a_grey_photograph_stays_grey() -> None:
    photograph = open_photograph(gradient().convert("L"))
    crops = align(photograph, layout="crop", resolution=20)
    bluish = crops.images + torch.tensor([-0.2, 0.0, 0.3])[:, None, None]
    now = np.asarray(paste(photograph, crops, bluish, reconstructed=crops.images))
    assert (now == now[..., :1]).all()


def test_the_mask_rises_from_the_border_inwards_and_never_falls() -> None:
    across = torch.linspace(-0.2, 0.5, 50, dtype=torch.float64)
    mask = soft_mask(torch.stack([across, torch.full_like(across, 0.5)], -1)[None], 0.2)[0]
    assert bool((mask.diff() >= 0).all())
    assert (float(mask[0]), float(mask[-1])) == (0, 1)


def test_what_does_not_go_together_is_refused() -> None:
    photograph, crops = turned_crops()
    with pytest.raises(
        SettingError, match="the crops are of a photograph of 160 x 120 px, and the photograph has 60"
    ):
        paste(open_photograph(gradient()), crops, crops.images)
    with pytest.raises(SettingError, match="edited images of shape .1, 3, 9, 9. do not go with crops of"):
        paste(photograph, crops, torch.zeros(1, 3, 9, 9))
    with pytest.raises(SettingError, match="carry='details' is not known; use one of fitting"):
        paste(photograph, crops, crops.images, carry="details")
    with pytest.raises(SettingError, match=r"a seam of 0.7 sides"):
        paste(photograph, crops, crops.images, seam=0.7)
