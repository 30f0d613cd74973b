"""Models that others have published: their names here, where they lie, and under which licence. None is bundled.

The table holds what their authors' pages say and nothing else. None of these pages gives a SHA-256, so the first
download is recorded, and every later use is held against it (`downloads`).
"""

from __future__ import annotations

from dataclasses import dataclass

NVIDIA = "Nvidia Source Code License (non-commercial)"
ADA = "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained"
NGC = "https://api.ngc.nvidia.com/v2/models/nvidia/research"


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A generator on its authors' server.

    Args:
        draws: what its images show.
        page: where its authors describe it.
        size: bytes, and sha256: of the file, where its authors say so.
    """

    name: str
    architecture: str
    resolution: int
    draws: str
    url: str
    page: str
    licence: str
    size: int | None = None
    sha256: str | None = None

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]


def _ada(name: str, resolution: int, draws: str) -> PublishedModel:
    return PublishedModel(
        name=f"stylegan2-ada-{name}",
        architecture="StyleGAN2",
        resolution=resolution,
        draws=draws,
        url=f"{ADA}/{name}.pkl",
        page="https://github.com/NVlabs/stylegan2-ada-pytorch",
        licence=NVIDIA,
    )


def _ngc(name: str, draws: str) -> PublishedModel:
    """A model of the StyleGAN3 release, whose file name says everything."""
    family = name.partition("-")[0]
    return PublishedModel(
        name=name,
        architecture=family.replace("stylegan", "StyleGAN"),
        resolution=int(name.rpartition("x")[2]),
        draws=draws,
        url=f"{NGC}/{family}/versions/1/files/{name}.pkl",
        page="https://github.com/NVlabs/stylegan3",
        licence=NVIDIA,
    )


FACES, UNALIGNED = "faces, photographs (FFHQ)", "faces, photographs, not aligned (FFHQ-U)"
PAINTED, PAINTED_UNALIGNED = "faces in art (MetFaces)", "faces in art, not aligned (MetFaces-U)"
ANIMALS = "faces of cats, dogs and wild animals (AFHQv2)"
TISSUE = "breast tissue under the microscope (BreCaHAD)"

PUBLISHED = {
    model.name: model
    for model in (
        _ada("ffhq", 1024, FACES),
        _ada("metfaces", 1024, PAINTED),
        _ada("afhqcat", 512, "faces of cats (AFHQ)"),
        _ada("afhqdog", 512, "faces of dogs (AFHQ)"),
        _ada("afhqwild", 512, "faces of wild animals (AFHQ)"),
        _ada("cifar10", 32, "ten classes of things (CIFAR-10)"),
        _ada("brecahad", 512, TISSUE),
        _ngc("stylegan2-ffhq-1024x1024", FACES),
        _ngc("stylegan2-ffhq-512x512", FACES),
        _ngc("stylegan2-ffhq-256x256", FACES),
        _ngc("stylegan2-ffhqu-1024x1024", UNALIGNED),
        _ngc("stylegan2-ffhqu-256x256", UNALIGNED),
        _ngc("stylegan2-metfaces-1024x1024", PAINTED),
        _ngc("stylegan2-metfacesu-1024x1024", PAINTED_UNALIGNED),
        _ngc("stylegan2-afhqv2-512x512", ANIMALS),
        _ngc("stylegan2-celebahq-256x256", "faces of celebrities (CelebA-HQ)"),
        _ngc("stylegan2-lsundog-256x256", "dogs (LSUN)"),
        _ngc("stylegan3-t-ffhq-1024x1024", FACES),
        _ngc("stylegan3-t-ffhqu-1024x1024", UNALIGNED),
        _ngc("stylegan3-t-ffhqu-256x256", UNALIGNED),
        _ngc("stylegan3-t-metfaces-1024x1024", PAINTED),
        _ngc("stylegan3-t-metfacesu-1024x1024", PAINTED_UNALIGNED),
        _ngc("stylegan3-t-afhqv2-512x512", ANIMALS),
        _ngc("stylegan3-r-ffhq-1024x1024", FACES),
        _ngc("stylegan3-r-ffhqu-1024x1024", UNALIGNED),
        _ngc("stylegan3-r-ffhqu-256x256", UNALIGNED),
        _ngc("stylegan3-r-metfaces-1024x1024", PAINTED),
        _ngc("stylegan3-r-metfacesu-1024x1024", PAINTED_UNALIGNED),
        _ngc("stylegan3-r-afhqv2-512x512", ANIMALS),
    )
}
