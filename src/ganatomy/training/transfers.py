"""Train a transfer network: pairs of a pool of codes, one pass, the scores of its images; AdamW in one cycle.

The idea is older than this project; the losses are its own.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ganatomy.directions.moments import moments
from ganatomy.directions.regression import ridge_of
from ganatomy.errors import ScoreError, SettingError
from ganatomy.generators.base import Generator
from ganatomy.generators.batches import batches
from ganatomy.generators.latent_distribution import latent_distribution
from ganatomy.latents import Latents, Space
from ganatomy.perception.base import Scorer, Scores
from ganatomy.progress import Progress, watched
from ganatomy.surveys.jacobians import gradients_flow
from ganatomy.training.checkpoints import load_state, save_state
from ganatomy.training.data import torch_rng
from ganatomy.transfers import TransferConfig, TransferNetwork, Transferred, transfer
from ganatomy.transfers.linear import SLACK, steps_of
from ganatomy.transfers.network import INPUTS, LOGITS, image_features
from ganatomy.transfers.result import CLEAR, goal_logits
from ganatomy.transfers.steps import moved

LEAST = 0.02
"""An attribute that fewer images have, or lack, is not learnt unless it is named."""


@dataclass(frozen=True, kw_only=True)
class TransferSettings:
    """How a transfer network is trained.

    Args:
        attributes: that it learns to transfer; by default all that a fiftieth of the pool has, and a fiftieth lacks.
        inputs: of the network, from source and target, see `TransferConfig`.
        space: of the codes; by default w where there is one.
        hidden_dim: of the network, see `TransferConfig`.
        pool: codes whose images are scored once; pairs are drawn of them.
        steps: of training.
        batch: pairs in a step.
        learning_rate: at the top of the cycle.
        keep: weight of the mean |change| of the other attributes' probabilities beside the miss of those transferred.
        near: weight of the mean square of the step, in standard deviations.
        features: weight of the mean squared change of the scorer's features, in their standard deviations; for scorers
            that have features.
        checkpoint_seconds: how much work a killed run may lose.
        seed: of the pool, the weights and the pairs.

    Example::

        settings = ga.TransferSettings(attributes=("Smiling",), steps=2_000)
    """

    attributes: tuple[str, ...] | None = None
    inputs: str = "scores"
    space: str | None = None
    hidden_dim: int = 256
    pool: int = 2_000
    steps: int = 800
    batch: int = 16
    learning_rate: float = 4e-3
    keep: float = 2.0
    near: float = 0.01
    features: float = 0.0
    checkpoint_seconds: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.pool, self.steps, self.batch, self.hidden_dim) < 2 or not self.learning_rate > 0:
            raise SettingError(
                f"cannot train on {self.pool} codes in {self.steps} steps of {self.batch} pairs at learning rate "
                f"{self.learning_rate:g}; give 2 or more, and a rate above 0"
            )
        if min(self.keep, self.near, self.features) < 0:
            raise SettingError("a weight of the loss is below 0; give 0 or more")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Codes, with the scores and features of their images."""

    latents: Latents
    scores: Scores
    features: Float[Tensor, "n f"]


@watched()
def train_transfer(
    generator: Generator,
    scorer: Scorer,
    settings: TransferSettings | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> TransferNetwork:
    """Train a network that transfers attributes in one pass, or go on where the run in `folder` stopped.

    Each step shows pairs of the pool with one or more attributes to transfer, and goes down

        miss + keep * |change of the others| + near * |step|² (+ features * |change of features|²),

    `miss` the distance to the source's probability, and a little of that to its logit, which still has a gradient
    where a probability is flat.

    Args:
        generator: makes the images of the pairs.
        scorer: the attributes, by a network in PyTorch.
        settings: how it is trained; by default those of `TransferSettings()`.
        folder: receives `pool.pt` and `checkpoint.pt`, from which a killed run goes on as if it had not been.
        progress: called with the stage, what is done of it, and how much it is.

    Returns:
        The network, for `transfer(..., method=network)`.

    Raises:
        SettingError: where gradients do not flow through scorer and generator, or the scorer lacks features.
        ScoreError: for a table of labels, and where no attribute varies.
        UnknownNameError: for an attribute that the scorer does not have.
        CheckpointError: when the folder holds a run with other settings.
        OutputError: when the folder cannot be written.

    Example::

        network = ganatomy.train_transfer(generator, scorer, ganatomy.TransferSettings(attributes=("Smiling",)))
    """
    settings = settings or TransferSettings()
    scorer.require_images()
    scorer = scorer.differentiable()
    if settings.attributes is not None:
        scorer.select(settings.attributes)
    if settings.inputs not in INPUTS:
        raise SettingError(f"inputs of a transfer network are {', '.join(INPUTS)}, not {settings.inputs!r}")
    space = settings.space or ("w" if Space.W in generator.signature.spaces else "z")
    settings = replace(settings, space=space)
    if not gradients_flow(generator, scorer, generator.sample(1, space=space)):
        raise SettingError(
            f"gradients do not flow from {scorer.description} to codes; train with a scorer and a generator in PyTorch"
        )
    facts = asdict(replace(settings, checkpoint_seconds=0.0))
    facts |= {"generator": generator.fingerprint, "scorer": scorer.fingerprint}
    paths = [None if folder is None else Path(folder) / name for name in ("pool.pt", "checkpoint.pt")]
    pool = _pool(settings, generator, scorer, facts, path=paths[0], progress=progress)
    run = TransferRun(settings, generator, scorer, pool)
    checkpoint = paths[1]
    if checkpoint is not None and checkpoint.exists():
        run.resume(checkpoint, facts)
    saved = time.monotonic()
    try:
        while run.step < settings.steps:
            run.train_step()
            if progress:
                progress("transfer", run.step, settings.steps)
            if checkpoint is not None and time.monotonic() - saved > settings.checkpoint_seconds:
                run.save(checkpoint, facts)
                saved = time.monotonic()
    finally:
        if checkpoint is not None:
            run.save(checkpoint, facts)
    return run.network.eval().requires_grad_(False)


def judge_transfer(
    network: TransferNetwork,
    generator: Generator,
    scorer: Scorer,
    *,
    n: int = 64,
    seed: int = 1,
    progress: Progress | None = None,
) -> dict[str, Transferred]:
    """What a network does to pairs of new codes, for each attribute that it can transfer.

    Args:
        network: that is judged.
        generator: makes the images.
        scorer: the attributes.
        n: pairs.
        seed: of targets; sources are of the next. A network has learnt on the seed of its settings.
        progress: called with ("new pairs", attributes done, attributes).
    """
    config = network.config
    target, source = (generator.sample(n, seed=s, space=config.space) for s in (seed, seed + 1))
    found = {}
    for name in config.attributes:
        found[name] = transfer(generator, scorer, target, source, name, method=network)
        if progress:
            progress("new pairs", len(found), len(config.attributes))
    return found


class TransferRun:
    """The moving parts of a training run: what a checkpoint holds."""

    def __init__(self, settings: TransferSettings, generator: Generator, scorer: Scorer, pool: Pool) -> None:
        self.settings, self.generator, self.scorer, self.pool = settings, generator, scorer, pool
        self.step = 0
        self.network = self._untrained()
        self.distribution = self.network.distribution
        with torch.no_grad():
            self.u = self.network.coordinates(pool.latents)
        self.inputs = self._inputs(self.u)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=1e-2
        )
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=settings.learning_rate, total_steps=settings.steps + 1, pct_start=0.1
        )

    @torch.no_grad()
    def _untrained(self) -> TransferNetwork:
        """A network that moves codes by the linear model of the pool."""
        settings, scores = self.settings, self.pool.scores
        distribution = latent_distribution(self.generator, self.pool.latents.space)
        u = distribution.coordinates(self.pool.latents)
        attributes = settings.attributes or _varied(scores)
        config = TransferConfig(
            attributes=attributes,
            names=scores.names,
            inputs=settings.inputs,
            space=str(self.pool.latents.space),
            full_dim=len(distribution.mean),
            code_dim=distribution.factor.shape[1],
            feature_dim=max(1, self.pool.features.shape[1]),
            hidden_dim=settings.hidden_dim,
            bound=distribution.bound,
            box=distribution.box,
            generator=self.generator.fingerprint,
            scorer=self.scorer.fingerprint,
        )
        torch_rng(settings.seed, 0)
        network = TransferNetwork(config)
        for name in ("mean", "factor", "inverse"):
            getattr(network, name).copy_(getattr(distribution, name))
        seen = self._inputs(u.float())
        network.input_mean.copy_(seen.mean(0))
        network.input_std.copy_(seen.std(0).clamp(min=1e-3))
        columns = [scores.names.index(name) for name in attributes]
        known = ridge_of(moments(network.normal(seen), scores.logits[:, columns]))
        network.read.weight.copy_(known.weights)
        network.read.bias.copy_(known.intercepts)
        network.linear.weight.copy_(_linear_steps(u, scores, columns))
        return network

    def _inputs(self, u: Float[Tensor, "n r"]) -> Float[Tensor, "n k"]:
        """The network's inputs from the images of the pool."""
        pool = self.pool
        return {"scores": pool.scores.logits, "features": pool.features, "code": u}[self.settings.inputs]

    def train_step(self) -> None:
        """One step down the loss, on pairs that the seed and the number of the step choose."""
        settings, network = self.settings, self.network.train()
        rng = np.random.default_rng((settings.seed, 1, self.step))
        rows, givers = (torch.from_numpy(rng.integers(len(self.u), size=settings.batch)) for _ in range(2))
        chosen = torch.from_numpy(_choices(rng, settings.batch, len(network.config.attributes)))
        losses = self.losses(rows, givers, chosen)
        loss = losses["miss"] + settings.keep * losses["kept"] + settings.near * losses["step"]
        loss = loss + settings.features * losses["features"]
        parameters = [p for p in network.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimizer.step()
        self.cycle.step()
        self.step += 1

    def losses(self, rows: Tensor, givers: Tensor, chosen: Float[Tensor, "n t"]) -> dict[str, Tensor]:
        """The parts of the loss of the network's steps for these pairs."""
        pool, network = self.pool, self.network
        steps = network(self.u[rows], self.inputs[rows], self.inputs[givers], chosen)
        codes = moved(self.distribution, pool.latents[rows], steps)
        images = self.generator(codes)
        logits = self.scorer(images, latents=codes).logits.cpu()
        own, given = pool.scores.logits[rows], pool.scores.logits[givers]
        columns = [pool.scores.names.index(name) for name in network.config.attributes]
        goals = goal_logits(own[:, columns], given[:, columns])
        taken = torch.zeros_like(own)
        taken[:, columns] = chosen
        apart = logits.sigmoid()[:, columns] - goals.sigmoid()
        further = logits[:, columns].clamp(-CLEAR, CLEAR) - goals.clamp(-CLEAR, CLEAR)
        # The logit counts a little, for a probability may be flat.
        miss = (
            F.smooth_l1_loss(apart, torch.zeros_like(apart), beta=0.1, reduction="none")
            + 0.05 * further.abs()
        )
        changes = (logits.sigmoid() - own.sigmoid()).abs()
        parts = {
            "miss": (chosen * miss).sum() / chosen.sum(),
            "kept": ((1 - taken) * changes).sum() / (1 - taken).sum().clamp(min=1),
            "step": steps.square().mean(),
            "features": steps.new_zeros(()),
        }
        if self.settings.features:
            change = image_features(self.scorer, images).cpu() - pool.features[rows]
            parts["features"] = (change / pool.features.std(0).clamp(min=1e-3)).square().mean()
        return parts

    def save(self, path: Path, facts: dict[str, Any]) -> None:
        state = {name: getattr(self, name).state_dict() for name in ("network", "optimizer", "cycle")}
        save_state(state | {"step": self.step}, facts, path)

    def resume(self, path: Path, facts: dict[str, Any]) -> None:
        """Go on where a checkpoint with the same settings stopped.

        Raises:
            CheckpointError: when it has others, or is not readable; both say what to do.
        """
        state = load_state(facts, path)
        for name in ("network", "optimizer", "cycle"):
            getattr(self, name).load_state_dict(state[name])
        self.step = int(state["step"])


def _pool(
    settings: TransferSettings,
    generator: Generator,
    scorer: Scorer,
    facts: dict[str, Any],
    *,
    path: Path | None,
    progress: Progress | None,
) -> Pool:
    """The codes that pairs are drawn of, with scores and features; read from `path` where it has them."""
    latents = generator.sample(settings.pool, seed=settings.seed, space=facts["space"])
    if path is not None and path.exists():
        kept = load_state(facts, path)
    else:
        wanted = settings.inputs == "features" or settings.features > 0
        logits, features = [], []
        for part in batches(generator, latents):
            with torch.no_grad():
                images = generator(part)
                logits.append(scorer(images, latents=part).logits.cpu())
                features.append(image_features(scorer, images).cpu() if wanted else torch.zeros(len(part), 0))
            if progress:
                progress("pool", sum(map(len, logits)), len(latents))
        kept = {"logits": torch.cat(logits), "features": torch.cat(features)}
        if path is not None:
            save_state(kept, facts, path)
    scores = Scores(names=scorer.names, logits=kept["logits"])
    return Pool(latents=latents, scores=scores, features=kept["features"])


def _linear_steps(u: Float[Tensor, "n r"], scores: Scores, columns: list[int]) -> Float[Tensor, "r t"]:
    """The step for `LOGITS` logits of each attribute that holds the others, by the linear model of the pool."""
    gradients = ridge_of(moments(u.float(), scores.logits)).weights.double()
    p = scores.probabilities.double()
    weights = (p * (1 - p)).mean(0)
    answers = []
    for column in columns:
        others = [k for k in range(len(gradients)) if k != column]
        answers.append(
            steps_of(
                gradients[[column]],
                torch.full((1, 1), LOGITS, dtype=torch.float64),
                gradients[others],
                weights[None, others],
                slack=SLACK,
            )[0]
        )
    return torch.stack(answers, dim=1).float()


def _choices(rng: np.random.Generator, n: int, t: int) -> np.ndarray:
    """Which attributes each pair transfers: mostly one, sometimes several."""
    one = np.eye(t, dtype=np.float32)[rng.integers(t, size=n)]
    more = (rng.random((n, t)) < 0.3).astype(np.float32)
    return np.maximum(one, more * (rng.random((n, 1)) < 0.3))


def _varied(scores: Scores) -> tuple[str, ...]:
    present = (scores.logits > 0).float().mean(0)
    names = tuple(
        name
        for name, share in zip(scores.names, present.tolist(), strict=True)
        if LEAST <= share <= 1 - LEAST
    )
    if not names:
        raise ScoreError(
            f"none of {len(scores.names)} attributes is there in some of {len(scores)} images and absent in others, "
            "so there is nothing to transfer; name the attributes, or use another scorer"
        )
    return names
