"""`ganatomy train transfer`: a network that transfers attributes in one pass."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ganatomy.cli.console import answer, stages
from ganatomy.cli.inputs import name_as, open_model, open_scorer
from ganatomy.cli.outputs import expect_folder
from ganatomy.cli.parameters import (
    MODEL,
    Attributes,
    Json,
    Model,
    ModelOptions,
    OutFolder,
    ScorerName,
    Seed,
    SpaceName,
)


def train_transfer(
    model: Model,
    /,
    *,
    out: OutFolder,
    attributes: Attributes = (),
    scorer: ScorerName = None,
    space: SpaceName = None,
    sees: Annotated[
        Literal["scores", "features", "code"],
        Parameter(
            help="What the network knows of source and target: all scores, the scorer's features, or the code alone, "
            "for which no image is made."
        ),
    ] = "scores",
    steps: Annotated[int, Parameter(help="Steps of training, of 16 pairs each.")] = 800,
    pool: Annotated[int, Parameter(help="Codes that pairs are drawn of.")] = 2_000,
    seed: Seed = 0,
    options: ModelOptions = MODEL,
    json: Json = False,
) -> None:
    """Train a network that gives images the attributes of other ones, for `ganatomy transfer --network`.

    Needs a scorer that gradients flow through. A run that was stopped goes on where it was. The folder receives
    transfer.safetensors and a checkpoint; at the end new pairs tell how well it does.

    Example:
        ganatomy train transfer faces --attributes Smiling -o smile-run/
    """
    from ganatomy.training import TransferRecipe, judge_transfer
    from ganatomy.training import train_transfer as train_network
    from ganatomy.transfers.network import NETWORK_FILE

    expect_folder(out)
    generator = open_model(model, options)
    eye = open_scorer(scorer, model, words=attributes, device=options.device)
    recipe = TransferRecipe(
        attributes=tuple(name_as(eye, said) for said in attributes) or None,
        sees=sees,
        space=space,
        steps=steps,
        pool=pool,
        seed=seed,
    )
    with stages() as advance:
        network = train_network(generator, eye, recipe, folder=out, progress=advance)
        results = judge_transfer(network, generator, eye, seed=seed + 1, progress=advance)
    path = network.save(out / NETWORK_FILE)
    told: dict[str, Any] = {
        name: {
            "reached": float(result.reached.float().mean()),
            "missing": float(result.missing.abs().mean()),
            "drift": float(result.drift.abs().mean()) if result.held else 0.0,
        }
        for name, result in results.items()
    }
    lines = [f"  {result}" for result in results.values()]
    answer("\n".join([f"{path}: on new pairs", *lines]), {"out": str(path), "attributes": told}, as_json=json)
