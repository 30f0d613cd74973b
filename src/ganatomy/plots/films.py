"""Walks as moving images: GIF and MP4."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ganatomy.arguments import instance
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches, draw_images
from ganatomy.images import to_pil
from ganatomy.latents import Latents
from ganatomy.plots.grids import enlarge, enlargement, refuse_codes
from ganatomy.writing import atomic_write


@dataclass(frozen=True, kw_only=True)
class FilmSettings:
    """How a film is written, whatever its format."""

    fps: float
    loop: bool
    text: str | None


def film(
    images: Float[Tensor, "n c h w"] | Iterable[Float[Tensor, "*n c h w"]] | Generator,
    path: str | os.PathLike[str],
    latents: Latents | None = None,
    *,
    fps: float = 25.0,
    loop: bool = True,
    scale: int | None = None,
    pixels: bool = False,
    text: str | None = None,
) -> Path:
    """Write images as a film, whole or not at all; the ending of the name chooses GIF or MP4 (H.264).

    Args:
        images: all frames in one tensor, or any iterable of single frames or batches: a long film needs no memory; or
            the generator that makes them.
        path: of the film, ending in .gif or .mp4.
        latents: codes of the frames, where a generator is given.
        fps: frames per second; GIF counts in hundredths of a second and shows at most 50.
        loop: whether a GIF starts again at its end; an MP4 leaves that to its player.
        scale: whole number by which each frame is enlarged; by default until it is readable.
        pixels: enlarge by whole pixels; by default smoothly.
        text: what the film carries: a GIF as its comment, an MP4 in its metadata.

    Returns:
        The path of the film.

    Raises:
        SettingError: for an ending that is neither, no frames, or no frames per second.
        OutputError: when the file cannot be written.

    Example:
        ::

            walked = ga.walk(codes[:1], found["Smiling"], strengths=[k / 10 for k in range(-30, 31)])
            ga.film(G, "smile.mp4", latents=walked)
    """
    path = Path(path)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise SettingError(f"{path.name!r} does not end like a film; use {' or '.join(WRITERS)}")
    if not fps > 0:
        raise SettingError(f"a film of {fps} frames per second does not move; fps must be above 0")
    frames = _frames(moving(images, latents), scale, pixels=pixels)
    first = next(frames, None)
    if first is None:
        raise SettingError("there is no image to show; a film needs at least one")
    with atomic_write(path) as part:
        write(first, frames, part, FilmSettings(fps=fps, loop=loop, text=text))
    return path


def read_film_text(path: str | os.PathLike[str]) -> str | None:
    """The text that an MP4 carries, None where it carries none; its frames are not read.

    Raises:
        CheckpointError: when it is no MP4 that can be read.
    """
    import av
    from av.error import FFmpegError

    try:
        with av.open(os.fspath(path), format="mp4") as container:
            return container.metadata.get("comment")
    except (FFmpegError, UnicodeError) as error:
        raise CheckpointError(f"{path} cannot be read as a film: {error}") from None


def moving(
    images: Float[Tensor, "n c h w"] | Iterable[Float[Tensor, "*n c h w"]] | Generator,
    latents: Latents | None,
) -> Iterable[Float[Tensor, "*n c h w"]]:
    """The frames themselves, or those that a generator makes of codes, batch after batch.

    Raises:
        SettingError: for codes without a generator, and for a generator without codes.
    """
    if isinstance(images, Generator):
        codes = instance("latents", latents, Latents, "give latents= the codes of the frames")
        return (draw_images(images, part) for part in batches(images, codes))
    refuse_codes(latents)
    return images


def _frames(images: Iterable[Tensor], scale: int | None, *, pixels: bool) -> Iterator[Image.Image]:
    for item in images:
        for image in item if item.ndim == 4 else item[None]:
            factor = scale if scale is not None else enlargement(image.shape[-2:])
            yield enlarge(to_pil(image), factor, pixels=pixels)


PALETTE_SIDE = 64
"""Pixels a side of what the colours of a frame of a GIF are chosen by."""


def _write_gif(first: Image.Image, rest: Iterator[Image.Image], path: Path, settings: FilmSettings) -> None:
    def few_colours(frame: Image.Image) -> Image.Image:
        # Colours of a smaller frame, improved by k-means, are closer than by median cut of the whole one (37.2 and
        # 36.5 dB on faces) in a quarter of the time. An octree is quicker, but shows bands and specks on smooth images.
        small = frame.resize((PALETTE_SIDE, PALETTE_SIDE), Image.Resampling.NEAREST)
        palette = small.quantize(method=Image.Quantize.MEDIANCUT, kmeans=2)
        return frame.quantize(palette=palette, dither=Image.Dither.NONE)

    # Players take a pause below 20 ms for a mistake and slow down to 100 ms.
    pause = max(20, round(100 / settings.fps) * 10)
    extra: dict[str, Any] = {"loop": 0} if settings.loop else {}
    if settings.text is not None:
        extra["comment"] = settings.text.encode()
    with path.open("wb") as file:  # opened here, because Pillow leaves it open when a frame cannot be made
        few_colours(first).save(
            file,
            "GIF",
            save_all=True,
            append_images=map(few_colours, rest),
            duration=pause,
            disposal=1,
            **extra,
        )


def _write_mp4(first: Image.Image, rest: Iterator[Image.Image], path: Path, settings: FilmSettings) -> None:
    import av  # here, because images and GIFs need none of it

    # Half-resolution colour (yuv420p, the only kind that every player shows) needs even sides.
    width, height = (side + side % 2 for side in first.size)
    with av.open(str(path), "w", format="mp4") as container:
        if settings.text is not None:
            container.metadata["comment"] = settings.text
        stream = container.add_stream("libx264", rate=Fraction(settings.fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "18"}
        for frame in chain([first], rest):
            if frame.size != (width, height):
                frame = frame.resize((width, height), Image.Resampling.LANCZOS)
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())


Writer = Callable[[Image.Image, Iterator[Image.Image], Path, FilmSettings], None]

WRITERS: dict[str, Writer] = {".gif": _write_gif, ".mp4": _write_mp4}
