"""`ganatomy train transfer`: a network that transfers attributes in one pass."""

from __future__ import annotations

from typing import Any, Literal

from ganatomy.cli.console import answer, stages
from ganatomy.cli.outputs import expect_new_folder
from ganatomy.cli.parameters import Json, OutFolder, options
from ganatomy.cli.subject import ScorerAlone, Study


@options
class TransferSubject(ScorerAlone, Study):
    """Training is tested with the scorer that it learns from."""


def train_transfer(
    subject: TransferSubject,
    *,
    out: OutFolder,
    inputs: Literal["scores", "features", "code"] = "scores",
    steps: int = 800,
    pool: int = 2_000,
    json: Json = False,
) -> None:
    """Train a network that gives images the attributes of other images, for `ganatomy transfer --transfer-network`.

    Needs a differentiable scorer. A run that was stopped goes on where it was. The folder receives
    transfer.safetensors and a checkpoint; at the end the network is tested on new pairs.

    Args:
        inputs: Inputs of the network, of source and target: all scores, the scorer's features, or the code alone, for
            which no image is made.
        steps: Training steps, of 16 pairs each.
        pool: Number of codes that pairs are drawn from.

    Example:
        ganatomy train transfer faces --attributes Smiling -o smile-run/
    """
    from ganatomy.training import TransferSettings, judge_transfer
    from ganatomy.training import train_transfer as train_network
    from ganatomy.transfers.network import NETWORK_FILE

    expect_new_folder(out)
    experiment = subject.experiment()
    generator, scorer = experiment.generator, experiment.image_scorer
    settings = TransferSettings(
        attributes=subject.chosen(scorer),
        inputs=inputs,
        space=subject.space,
        steps=steps,
        pool=pool,
        seed=subject.seed,
    )
    with stages() as advance:
        network = train_network(generator, scorer, settings, folder=out, progress=advance)
        results = judge_transfer(network, generator, scorer, seed=subject.seed + 1, progress=advance)
    path = network.save(out / NETWORK_FILE)
    data: dict[str, Any] = {
        name: {
            "reached": float(result.reached.float().mean()),
            "missing": float(result.missing.abs().mean()),
            "drift": float(result.drift.abs().mean()) if result.held else 0.0,
        }
        for name, result in results.items()
    }
    lines = [f"  {result}" for result in results.values()]
    answer("\n".join([f"{path}: on new pairs", *lines]), {"out": str(path), "attributes": data}, as_json=json)
