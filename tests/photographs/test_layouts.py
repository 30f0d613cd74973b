from __future__ import annotations

import json
import math
from collections.abc import Sequence

import pytest
import torch
from photographs.files import FACE, finds, gradient

from ganatomy.errors import CheckpointError, MissingFileError, PhotographError, SettingError
from ganatomy.photographs import (
    CELEBA,
    LAYOUTS,
    Face,
    Photograph,
    TemplateLayout,
    align,
    ffhq,
    find_layout,
    load_layout,
    measure_layout,
    open_photograph,
    save_layout,
)


def similar(
    points: torch.Tensor, *, degrees: float, scale: float, shift: tuple[float, float]
) -> torch.Tensor:
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]).double()
    return points @ turn * scale + torch.tensor(shift).double()


def test_the_crop_of_ffhq_for_a_face_that_can_be_worked_out_by_hand() -> None:
    # Eyes 20 apart at height 40, the mouth 20 below: half a side is 2 · 20, the middle 2 below the eyes.
    assert ffhq(FACE).tolist() == [[10, 2], [10, 82], [90, 82], [90, 2]]
    longer = FACE.clone()
    longer[3:, 1] += 20  # the mouth 40 below: half a side is 1.8 · 40
    assert ffhq(longer)[0].tolist() == [50 - 72, 44 - 72]


@pytest.mark.parametrize("layout", [ffhq, CELEBA], ids=["ffhq", "a template"])
def test_a_crop_turns_grows_and_moves_with_the_face(layout) -> None:
    change = {"degrees": 25.0, "scale": 1.7, "shift": (13.0, -6.0)}
    torch.testing.assert_close(layout(similar(FACE, **change)), similar(layout(FACE), **change))


def test_a_template_is_fitted_by_least_squares() -> None:
    quad, rng = CELEBA(FACE), torch.Generator().manual_seed(0)
    fitted = CELEBA.error(FACE)

    def error(quad: torch.Tensor) -> float:
        axes = torch.stack([quad[3] - quad[0], quad[1] - quad[0]])
        # In pixels of the photograph, where least squares are taken.
        return float((quad[0] + CELEBA.points @ axes - FACE).square().sum())

    least = error(quad)
    assert 0 < fitted < 0.1
    for _ in range(20):
        change = torch.randn(4, generator=rng).double() * 0.01
        middle = quad.mean(0)
        other = similar(
            quad - middle, degrees=float(change[0]) * 50, scale=1 + float(change[1]), shift=(0, 0)
        )
        assert error(other + middle + change[2:] * 10) >= least


def test_a_face_that_fits_a_template_has_no_error() -> None:
    assert CELEBA.error(similar(CELEBA.points, degrees=40, scale=90, shift=(7, 3))) == pytest.approx(
        0, abs=1e-12
    )


def test_points_that_fall_together_are_refused_by_ffhq() -> None:
    with pytest.raises(PhotographError, match="fall together"):
        ffhq(torch.ones(5, 2, dtype=torch.float64))


def test_a_layout_is_the_median_of_points_in_the_unit_square() -> None:
    images, seen = torch.zeros(3, 3, 20, 40), iter([0.0, 1.0, 50.0])
    told: list[tuple[int, int]] = []

    def detect(photograph: Photograph) -> Sequence[Face]:
        return finds(FACE / 4 + next(seen))(photograph)

    layout = measure_layout(images, detect, progress=lambda *done: told.append(done))
    torch.testing.assert_close(layout.points, (FACE / 4 + 1) / torch.tensor([40.0, 20.0]).double())
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert layout.spread > 1


def test_images_without_faces_have_no_layout() -> None:
    with pytest.raises(PhotographError, match="a face was found in 0 of 2 images"):
        measure_layout(torch.zeros(2, 1, 8, 8), finds())


def test_a_layout_is_written_and_read(tmp_path) -> None:
    for layout in (CELEBA, TemplateLayout(points=FACE / 100, spread=0.02)):
        found = load_layout(save_layout(layout, tmp_path / "my.json"))
        assert torch.equal(found.points, layout.points)
        assert found.spread == pytest.approx(layout.spread, nan_ok=True)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"points": [[1, 2]]}', '{"points": "five"}', json.dumps({"points": [[0.5, 0.5]] * 5})],
)
def test_a_file_that_is_no_layout_is_refused(tmp_path, text: str) -> None:
    (tmp_path / "my.json").write_text(text)
    with pytest.raises(CheckpointError, match="is no layout"):
        load_layout(tmp_path / "my.json")
    with pytest.raises(MissingFileError):
        load_layout(tmp_path / "gone.json")


def test_layouts_by_name() -> None:
    assert [find_layout(name) for name in (*LAYOUTS, "crop")] == [ffhq, CELEBA, None]
    with pytest.raises(SettingError, match='there is no layout "fhq"; use ffhq, celeba, crop'):
        find_layout("fhq")


def test_a_function_of_ones_own_is_a_layout() -> None:
    def whole(points: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[0, 0], [0, 40], [40, 40], [40, 0]], dtype=torch.float64)

    crops = align(open_photograph(gradient()), layout=whole, resolution=40, detector=finds(FACE))
    assert crops.quads[0].tolist() == [[0, 0], [0, 40], [40, 40], [40, 0]]
