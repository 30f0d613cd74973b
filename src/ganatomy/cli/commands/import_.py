"""`ganatomy import`: directions and codes that others found, measured on a model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from ganatomy.cli.console import answer
from ganatomy.cli.outputs import expect_file
from ganatomy.cli.parameters import Json, Seed, out_path
from ganatomy.cli.subject import Subject


def import_(
    file: Path,
    /,
    *,
    subject: Subject,
    out: Annotated[Path, out_path("A file for the directions, or for the codes.")],
    kind: Literal["directions", "latents"] | None = None,
    space: Literal["z", "w", "w+", "s"] | None = None,
    name: str | None = None,
    n: int = 500,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Bring in directions or codes of InterFaceGAN, GANSpace, SeFa, StyleCLIP, e4e, NVIDIA or any array.

    Files of others hold bare vectors. How far the model's codes spread along them (sigma) is measured, and where the
    scorer has the attribute of that name, how much it changes (slope).

    Args:
        file: The file: .npy, .npz or .pt.
        kind: What the file holds; by default latents where --out ends in .latents, else directions.
        space: Space of the vectors, if their shape fits several.
        name: Name of the direction, such as Smiling; several are numbered. By default that of the file.
        n: Images that are scored to measure the slope.

    Example:
        ganatomy import smile_w_boundary.npy --model faces --space w --name Smiling -o smile.directions
        ganatomy import projected_w.npz --model network.pkl -o photograph.latents
    """
    from ganatomy.directions import import_directions, import_latents
    from ganatomy.storage import save_directions, save_latents

    generator = subject.generator
    if kind == "latents" or (kind is None and out.suffix == ".latents"):
        expect_file(out, [".latents", ".safetensors"])
        latents = import_latents(generator, file, space=space)
        save_latents(latents, out)
        what: dict[str, Any] = {"space": str(latents.space), "n": len(latents)}
        answer(f"{out}: {len(latents)} codes in {latents.space}", {"out": str(out), **what}, as_json=json)
        return
    expect_file(out, [".directions", ".safetensors"])
    scorer = subject.find_scorer()
    found = import_directions(generator, file, space=space, name=name, scorer=scorer, n=n, seed=seed)
    save_directions(found, out)
    lines = [f"{out}: {len(found)} directions in {found.space}"]
    for each in found[:20]:
        slope = f", slope {each.slope:.3g} logits per unit" if math.isfinite(each.slope) else ""
        lines.append(f"{each.name}: sigma {each.sigma:.3g}{slope}")
    data = {
        "out": str(out),
        "space": str(found.space),
        "directions": [{"name": each.name, "sigma": each.sigma, "slope": each.slope} for each in found],
        "fingerprint": generator.fingerprint,
    }
    answer("\n".join(lines), data, as_json=json)
