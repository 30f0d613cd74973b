"""`ganatomy export`: any model as one safe file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import expect_file, expect_folder
from ganatomy.cli.parameters import Json, NameList, out_path
from ganatomy.cli.subject import WholeModel


def export(
    subject: WholeModel,
    *,
    out: Annotated[
        Path,
        out_path(
            "A file that ends in .safetensors, or a folder for model.safetensors with a card, README.md."
        ),
    ],
    bits: int = 32,
    licence: str | None = None,
    class_names: NameList = (),
    json: Json = False,
) -> None:
    """Write any model as safetensors with a card and its fingerprint: the generator alone, and no code.

    Args:
        bits: Bits of the numbers of large weights: 32, 16 (half the size) or 8 (a quarter); fewer than 32 round them,
            with another fingerprint.
        licence: Licence of the weights, such as Apache-2.0, if it is not known.
        class_names: Names of the classes of a conditional model, in their order; --label then takes them.

    Example:
        ganatomy export faces -o faces.safetensors
        ganatomy export stylegan2-ada-afhqcat --bits 16 -o cats/
    """
    from ganatomy.generators.exports import export as export_generator

    if out.suffix and not out.is_dir():
        expect_file(out, [".safetensors"])
    else:
        expect_folder(out)
    generator = subject.generator.with_class_names(class_names) if class_names else subject.generator
    written = export_generator(generator, out, bits=bits, licence=licence)
    size = written.path.stat().st_size
    data = {
        "model": subject.model,
        "out": str(written.path),
        "size": size,
        "fingerprint": written.fingerprint,
        "card": written.card,
    }
    licence, short = written.card["licence"], written.fingerprint[:12]
    line = f"{written.path}: {size / 1e6:.1f} MB · licence {licence} · sha256 {short}"
    answer(line, data, as_json=json)
