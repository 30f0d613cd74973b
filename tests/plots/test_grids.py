"""Sheets of images: every image stands where it should, large enough to see, and text fits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganatomy.errors import SettingError
from ganatomy.generators.base import Generator, Signature
from ganatomy.generators.batches import draw_images
from ganatomy.latents import Latents, Space
from ganatomy.plots import grid, strip
from ganatomy.plots.grids import MARK


class Plain(Generator):
    """Images of one even grey, the first number of the code."""

    def __init__(self) -> None:
        super().__init__(Signature(architecture="plain", z_dim=3, resolution=8, channels=1))

    def synthesize(self, latents: Latents) -> Tensor:
        return latents.codes[:, :1, None, None].expand(-1, 1, 8, 8)


def flat(*greys: float, side: int = 16, channels: int = 3) -> Tensor:
    return torch.tensor(greys).view(-1, 1, 1, 1).expand(-1, channels, side, side)


def centres(sheet: Image.Image, *, side: int, gap: int, columns: int, rows: int) -> np.ndarray:
    """The grey in the middle of each cell of a sheet without text."""
    middle = [gap + side // 2 + i * (side + gap) for i in range(max(columns, rows))]
    return np.asarray(sheet.convert("L"))[np.ix_(middle[:rows], middle[:columns])]


def test_marked_images_have_a_frame() -> None:
    sheet = np.asarray(grid(flat(0.0, 0.0), columns=2, scale=1, gap=2, marked=[False, True]))
    assert tuple(sheet[2, 2]) == tuple(sheet[10, 10])
    assert tuple(sheet[2, 20]) == MARK
    assert tuple(sheet[10, 28]) == tuple(sheet[10, 10])
    with pytest.raises(SettingError, match="1 marks for 2 images"):
        grid(flat(0.0, 0.0), marked=[True])


def test_images_stand_row_by_row_in_the_order_given() -> None:
    sheet = grid(flat(-1.0, -0.5, 0.0, 0.5, 1.0, -1.0), columns=3, scale=1, gap=2)
    assert sheet.size == (3 * 18 + 2, 2 * 18 + 2)
    assert centres(sheet, side=16, gap=2, columns=3, rows=2).tolist() == [[0, 64, 128], [191, 255, 0]]


def test_a_last_row_that_is_not_full_is_left_white() -> None:
    sheet = grid(flat(-1.0, -1.0, -1.0), columns=2, scale=1)
    assert centres(sheet, side=16, gap=2, columns=2, rows=2).tolist() == [[0, 0], [0, 255]]


@pytest.mark.parametrize(("side", "shown"), [(28, 140), (64, 128), (128, 128), (300, 300)])
def test_small_images_grow_by_a_whole_number_until_they_can_be_read(side: int, shown: int) -> None:
    assert grid(flat(0.0, side=side), gap=0).size == (shown, shown)


def test_without_a_number_of_columns_the_sheet_is_nearly_square() -> None:
    assert grid(flat(*[0.0] * 12), scale=1, gap=0).size == (4 * 16, 3 * 16)


def test_grey_images_and_colour_images_both_become_rgb() -> None:
    assert grid(flat(0.0, channels=1)).mode == grid(flat(0.0)).mode == "RGB"


def test_text_takes_room_beside_the_images_and_covers_none_of_them() -> None:
    black = flat(*[-1.0] * 4, side=64)
    plain = grid(black, columns=2)
    text = grid(
        black,
        columns=2,
        captions=["−1 σ", "+1 σ"],
        row_labels=["plain", "Male held"],
        labels=["a", "b", "c", "d"],
    )
    assert text.width > plain.width
    assert text.height > plain.height
    dark = [int((np.asarray(sheet.convert("L")) < 3).sum()) for sheet in (plain, text)]
    assert dark == [4 * 128 * 128] * 2


def test_a_caption_wider_than_its_column_is_cut_short_instead_of_running_into_the_next() -> None:
    sheet = grid(
        flat(1.0, 1.0, side=40), columns=2, scale=1, captions=["a very long caption indeed " * 3, ""]
    )
    ink = np.asarray(sheet.convert("L"))[:, 44:] < 200
    assert not ink.any()


@pytest.mark.parametrize(
    "settings",
    [
        {"columns": 0},
        {"scale": 0},
        {"gap": -1},
        {"labels": ["one"]},
        {"captions": ["a", "b", "c"]},
        {"row_labels": ["a"]},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_sheet_that_cannot_be_laid_out_is_refused(settings: dict) -> None:
    with pytest.raises(SettingError):
        grid(flat(0.0, 0.0, 0.0, 0.0), **{"columns": 2, **settings})


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(SettingError, match="no image"):
        grid(torch.empty(0, 3, 8, 8))


def codes(*greys: float) -> Latents:
    return Latents(codes=torch.tensor(greys, dtype=torch.float32)[:, None].expand(-1, 3), space=Space.Z)


def test_a_strip_has_one_row_for_each_code_and_its_stations_in_order() -> None:
    sheet = strip(Plain(), codes(-1, 0, 1, 0, 1, -1), columns=3, scale=2)
    assert centres(sheet, side=16, gap=2, columns=3, rows=2).tolist() == [[0, 128, 255], [128, 255, 0]]


def test_captions_tell_a_strip_how_many_stations_a_code_has() -> None:
    tall = strip(Plain(), codes(-1, 0, 1, 0), captions=["−1", "+1"], scale=8)
    wide = strip(Plain(), codes(-1, 0, 1, 0), scale=8)
    assert tall.height > tall.width
    assert wide.width > 3 * wide.height


def test_a_strip_that_does_not_fill_its_rows_is_refused() -> None:
    with pytest.raises(SettingError, match="4 images do not fill rows of 3"):
        strip(Plain(), codes(-1, 0, 1, 0), columns=3)


def test_grids_and_strips_take_images_or_a_generator_with_codes() -> None:
    walked = codes(-1, 0, 1, 0)
    images = draw_images(Plain(), walked)
    for made in (grid, strip):
        ours, theirs = made(Plain(), walked, labels=list("abcd")), made(images, labels=list("abcd"))
        assert ours.tobytes() == theirs.tobytes()
        with pytest.raises(SettingError, match="give the codes after the generator"):
            made(Plain())
        with pytest.raises(SettingError, match="either images, or a generator"):
            made(images, walked)
