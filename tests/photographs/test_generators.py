"""Faces that generators make: their layout is that of the images that they were trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from photographs.files import utkface

import ganatomy as ga
from ganatomy.images import from_pil
from ganatomy.photographs import YuNet, align, measure_layout, open_photograph, paste

UTKFACE = "utkface64-stylegan2.safetensors"


@pytest.fixture(scope="module")
def yunet(shared: Path) -> YuNet:
    return YuNet(shared / "models" / "yunet-n-dynamic.onnx")


def samples(model: str | Path, n: int) -> torch.Tensor:
    generator = ga.load(model)
    with torch.no_grad():
        return generator(generator.sample(n, seed=0))


@pytest.mark.slow
def test_samples_of_a_gan_of_photographs_are_laid_out_as_its_photographs(shared: Path, yunet: YuNet) -> None:
    photographs = torch.cat([from_pil(image) for image in utkface(shared, *range(40))])
    own, trained_on = (
        measure_layout(samples(shared / "models" / UTKFACE, 40), yunet),
        measure_layout(photographs, yunet),
    )
    assert float((own.points - trained_on.points).norm(dim=1).max()) < 0.03


@pytest.mark.slow
def test_drawn_faces_are_found_too(yunet: YuNet) -> None:
    layout = measure_layout(samples("faces", 24), yunet)
    eyes, mouth = layout.points[:2].mean(0), layout.points[3:].mean(0)
    assert 0.35 < float(eyes[1]) < 0.5 < float(mouth[1]) < 0.75


@pytest.mark.slow
def test_an_aligned_photograph_is_inverted_and_pasted_back(
    shared: Path, yunet: YuNet, tmp_path: Path
) -> None:
    """The whole way on a GAN of photographs; the photograph is twice as large as its face, and turned."""
    from ganatomy.inversion.prepare import PreparationSize

    (face,) = utkface(shared, 3185)
    canvas = face.resize((256, 256)).rotate(-15).crop((20, 20, 236, 236))
    photograph, generator = open_photograph(canvas), ga.load(shared / "models" / UTKFACE)
    layout = measure_layout(samples(shared / "models" / UTKFACE, 24), yunet)
    crops = align(photograph, layout=layout, resolution=64, detector=yunet)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PreparationSize, "of", lambda _: PreparationSize(images=400, products=64, own=8))
        preparation = ga.prepare_inversion(generator, path=tmp_path / "utkface.preparation")
    found = ga.invert(generator, crops.images, preparation=preparation)
    assert float(found.psnr) > 20
    whole = paste(photograph, crops, found.images, reconstructed=found.images)
    assert whole.tobytes() == photograph.image.tobytes(), "an edit of nothing changes nothing"
