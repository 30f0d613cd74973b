"""`ganatomy train encoder`: a network that finds the latents of images in a few passes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Json, OutFolder, Seed
from ganatomy.cli.subject import ModelOptions


def train_encoder(
    subject: ModelOptions,
    data: Annotated[
        Path | None,
        Parameter(help="Folder of images of the training domain; by default the model's own images."),
    ] = None,
    /,
    *,
    out: OutFolder,
    steps: int = 4_000,
    width: int = 64,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Train an encoder for `ganatomy invert --encoder`: latents in three passes, from which a search may go on.

    A run that was stopped goes on where it was. The folder receives encoder.safetensors and a checkpoint; at the end
    the network is tested on new images of the model, and on those of DATA that it did not learn from.

    Args:
        steps: Training steps, of 8 images each.
        width: Channels of the network's first layer.

    Example:
        ganatomy train encoder faces -o encoder-run/
        ganatomy train encoder my-generator.pt aligned/ -o encoder-run/
        ganatomy invert my-generator.pt me.jpg --encoder encoder-run/ -o me.latents
    """
    import torch

    from ganatomy.datasets.references import folder_reference
    from ganatomy.generators.batches import draw_images
    from ganatomy.inversion import invert
    from ganatomy.inversion.encoder import ENCODER_FILE
    from ganatomy.training import EncoderSettings
    from ganatomy.training import train_encoder as train

    expect_new_folder(out)
    generator = subject.generator
    given = kept = None
    if data is not None:
        found = folder_reference(
            data, resolution=generator.signature.size, channels=generator.signature.channels
        )
        every = found.read(torch.arange(len(found)))
        kept, given = every[: max(len(every) // 10, 1)], every[max(len(every) // 10, 1) :]
    with stages() as advance:
        network = train(
            generator,
            EncoderSettings(steps=steps, width=width, seed=seed),
            images=given if given is not None and len(given) else None,
            folder=out,
            progress=advance,
        )
    path = network.save(out / ENCODER_FILE)
    own = draw_images(generator, generator.sample(16, seed=seed + 1)).to(generator.device).clamp(-1, 1)
    tested = {"own images": own} | ({} if kept is None else {"held-out images": kept[:64]})
    results = {
        name: invert(generator, images, method=network, budget="quick") for name, images in tested.items()
    }
    lines = [f"  {name}: {result.headline}" for name, result in results.items()]
    figures = {name: {"psnr": float(result.psnr.mean())} for name, result in results.items()}
    answer(
        "\n".join([f"{path}: its passes alone, on new images", *lines]),
        {"out": str(path), **figures},
        as_json=json,
    )
