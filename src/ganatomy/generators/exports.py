"""Any generator that can be loaded, as one safe file, or as a folder that can be pushed to the hub as it is."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.errors import OutputError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.cards import make_card, write_page
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.generators.checkpoints.native import save_generator
from ganatomy.zoo.hub import STANDARD


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written."""

    path: Path
    card: dict[str, Any]
    fingerprint: str


def export(
    generator: Generator, out: str | os.PathLike[str], *, bits: int = 32, licence: str | None = None
) -> Exported:
    """Write a generator as safetensors with a card and its fingerprint; nothing of another format's code is left.

    Args:
        out: a file that ends in .safetensors, or a folder, which receives model.safetensors and README.md.
        bits: of the numbers of matrices, as `save_generator` takes them; fewer than 32 make another fingerprint.
        licence: of the weights, where it is not known or to be corrected.

    Raises:
        SettingError: for a wrapped module or function, whose code cannot be stored, and for another ending.
        OutputError: when the place cannot be written.

    Example::

        ga.export(ga.load("network-snapshot.pkl"), "model.safetensors")
    """
    out = Path(out)
    if out.suffix not in ("", ".safetensors") and not out.is_dir():
        raise SettingError(
            f"{out.name!r} is neither a folder nor a file that ends in .safetensors; name it so"
        )
    folder = out if out.suffix != ".safetensors" else None
    card = make_card(generator, licence=licence)
    path = save_generator(generator, out / STANDARD if folder else out, card=card, bits=bits)
    fingerprint = read_checkpoint(path).metadata["fingerprint"]
    if folder:
        it = generator.signature
        z = f"from z of {it.z_dim} numbers, {it.prior}" + (
            f", {it.num_classes} classes" if it.num_classes else ""
        )
        page = write_page(folder.resolve().name, card, fingerprint=fingerprint, z=z)
        try:
            (folder / "README.md").write_text(page)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink()
            raise OutputError(
                f"{folder / 'README.md'} cannot be written: {error.strerror or error}"
            ) from None
    return Exported(path=path, card=card, fingerprint=fingerprint)
