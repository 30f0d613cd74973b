"""Files that commands write: refused before the work starts, not after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ganatomy.errors import OutputError, SettingError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ganatomy.cli.console import Advance
    from ganatomy.generators.base import Generator
    from ganatomy.latents import Latents

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FILMS = (".gif", ".mp4")
CODES = (".latents", ".safetensors")


def expect_file(path: Path, endings: Iterable[str] = ()) -> Path:
    """The path, if a file can be written there, and its name ends as it should.

    Raises:
        SettingError: for another ending. OutputError: when the folder cannot be written.
    """
    endings = tuple(endings)
    if endings and path.suffix.lower() not in endings:
        known = " or ".join(part for part in (", ".join(endings[:-1]), endings[-1]) if part)
        raise SettingError(f"{path.name!r} does not end in {known}; name the file so")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give -o a file")
    expect_folder(path.parent)
    return path


def expect_folder(path: Path) -> Path:
    """The folder, made if need be, if files can be written in it.

    Raises:
        OutputError: when they cannot.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}; choose another -o") from None
    return path


def make_pictures(
    generator: Generator, codes: Latents, *, batch_size: int, advance: Advance
) -> Float[Tensor, "n c h w"]:
    """The images of many codes, on the CPU, with progress."""
    import torch

    from ganatomy.generators.base import batches

    made: list[Tensor] = []
    with torch.inference_mode():
        for part in batches(codes, batch_size):
            made.append(generator(part).float().cpu())
            advance(sum(map(len, made)), len(codes))
    return torch.cat(made)
