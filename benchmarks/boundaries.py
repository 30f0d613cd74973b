"""How well and how fast boundaries are found, beside what the peers compute on the same data in the same run.

`python benchmarks/boundaries.py [--rows N] [--no-peer] [--survey FILE]` prints three tables.

The first has one boundary in codes of 512 numbers, isotropic (z) and strongly anisotropic (standard deviations from 1
to 0.03, as in a w of few wide axes), and the cosine to the gradient that the scores were made with. The peer's way is
the kernel SVC of scikit-learn with a linear kernel, on as many codes; it takes minutes, which `--no-peer` saves.

The second has the linear map of 40 attributes from 3,000 codes: 2,000 steps of Adam on the paper's loss (as published,
full batch, with autograd), beside closed forms: the squared error of scores on unseen codes, and the selectivity with
respect to the known truth, |change of the target| over the mean |change| of the others for a step of 1.

The third has the loss J of the map with the paper's penalty on the same codes, or on those of a survey: what the method
finds and how long that takes, what it finds from random starts, and where 20,000 steps of Adam end.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ganatomy.directions import METHODS, discriminant
from ganatomy.directions.evidence import read
from ganatomy.directions.penalised import PenalisedMap
from ganatomy.geometry import qr
from ganatomy.latents import Directions, Latents, Space
from ganatomy.perception import Scores
from ganatomy.surveys import Survey, load_survey

T = TypeVar("T")
DIM = 512
COMPARED = ("regression", "pls", "discriminant", "logistic", "svm", "centroid")
NOISE = 0.5
"""Standard deviation of what codes say nothing about, in that of what they say."""


def made_up(n: int, *, anisotropic: bool, num_attributes: int = 1, seed: int = 0) -> tuple[Survey, Tensor]:
    """Codes with scores that are linear in them but for noise, and the true gradients as rows of norm 1."""
    rng = torch.Generator().manual_seed(seed)
    deviations = torch.logspace(0, -1.5 if anisotropic else 0, DIM)
    turn = qr(torch.randn(DIM, DIM, generator=rng))[0]
    codes = torch.randn(n, DIM, generator=rng) * deviations @ turn
    # Where codes are narrow the gradient is steep, or nothing could be seen of it in the scores.
    gradients = torch.randn(num_attributes, DIM, generator=rng) / deviations.sqrt() @ turn
    # Attributes have something in common, as those of faces do.
    gradients = torch.nn.functional.normalize(gradients, dim=1)
    gradients = torch.nn.functional.normalize(gradients + 0.5 * gradients[:1], dim=1)
    logits = codes @ gradients.T
    scale = logits.std(0)
    logits = 3 * (logits / scale + NOISE * torch.randn(logits.shape, generator=rng))
    names = tuple(f"attribute {k}" for k in range(num_attributes))
    latents = Latents(codes=codes, space=Space.W if anisotropic else Space.Z)
    return Survey(latents=latents, scores=Scores(names=names, logits=logits)), gradients


def timed(work: Callable[[], T]) -> tuple[str, T]:
    """Seconds by the clock and, which other work on the machine lengthens less, of the processor; and the result."""
    wall, processor = time.perf_counter(), time.process_time()
    found = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return f"{wall:8.3f} s {processor:8.3f} s of processor", found


def kernel_svc(survey: Survey) -> Tensor:
    """InterFaceGAN's published way: a kernel SVC between the codes of either label."""
    from sklearn.svm import SVC

    train, _ = survey.split(seed=0)
    labels = train.scores.logits[:, 0] > 0
    machine = SVC(kernel="linear").fit(train.latents.codes.numpy(), labels.numpy())
    return torch.tensor(machine.coef_).float()


def boundaries(n: int, *, peer: bool) -> None:
    ways: dict[str, Callable[[Survey], Directions | Tensor]] = {name: METHODS[name] for name in COMPARED}
    ways["discriminant, s = 0"] = partial(discriminant, shrinkage=0.0)
    if peer:
        ways["peer: kernel SVC"] = kernel_svc
    for anisotropic in (False, True):
        survey, truth = made_up(n, anisotropic=anisotropic)
        kind = "anisotropic" if anisotropic else "isotropic"
        print(f"\none boundary, {n:,} {kind} codes x {DIM}: seconds, cosine to the truth")
        for name, way in ways.items():
            took, found = timed(partial(way, survey))
            vectors = found.matrix if isinstance(found, Directions) else found
            cosine = torch.nn.functional.cosine_similarity(vectors, truth)
            print(f"  {name:22}{took} {float(cosine):9.4f}", flush=True)


def adam_on_the_loss(codes: Tensor, scores: Tensor, *, penalty: float, num_steps: int = 2000) -> Tensor:
    """The published way: full batches, autograd, the learning rate of the default; weights and bias as `[W | b]`."""
    rng = np.random.default_rng(0)
    start = torch.from_numpy(rng.uniform(-1, 1, (scores.shape[1], DIM + 1)) / DIM**0.5).float()
    weights, bias = start[:, :-1].clone().requires_grad_(), start[:, -1].clone().requires_grad_()
    optimizer = torch.optim.Adam([weights, bias], lr=1e-3)
    identity = torch.eye(scores.shape[1])
    for _ in range(num_steps):
        loss = torch.nn.functional.mse_loss(codes @ weights.T + bias, scores)
        if penalty:
            loss = loss + penalty * torch.linalg.norm(weights @ weights.T - identity)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return weights.detach()


def linear_map() -> None:
    survey, truth = made_up(3000 + 3000, anisotropic=False, num_attributes=40)
    learn, unseen = survey[:3000], survey[3000:]
    # A method keeps 30 % for its AUC; Adam is given what it learns from, and not more.
    train, _ = learn.split(seed=0)
    codes, scores = train.latents.codes, torch.sigmoid(train.scores.logits)
    print(f"\nlinear map, {len(codes):,} codes x {DIM} x 40: seconds, squared error, selectivity")
    adam = partial(adam_on_the_loss, codes, scores)
    ways: dict[str, Callable[[], Directions | Tensor]] = {
        "2,000 steps of Adam": partial(adam, penalty=0.0),
        "the same, penalty 2": partial(adam, penalty=2.0),
        **{
            name: partial(METHODS[name], learn)
            for name in ("regression", "linear", "penalty", "lowdin", "dual")
        },
    }
    for name, way in ways.items():
        took, found = timed(way)
        vectors = found.matrix if isinstance(found, Directions) else found
        error = unseen_error(vectors, codes, scores, unseen)
        print(f"  {name:22}{took} {error:9.5f} {selectivity(vectors, truth):9.2f}", flush=True)


def penalised(survey: Survey, penalties: Sequence[float] = (2.0, 0.1, 0.01), *, num_starts: int = 5) -> None:
    evidence = read(survey)
    scores = torch.sigmoid(evidence.logits)
    print(
        f"\nJ of the penalised map, {len(evidence.codes):,} codes x {evidence.codes.shape[1]} x {scores.shape[1]}"
    )
    for penalty in penalties:
        took, (task, rows) = timed(partial(penalised_map, evidence.codes, scores, penalty))
        starts = [np.random.default_rng(seed).standard_normal(rows.shape) for seed in range(num_starts)]
        ends = sorted(task.loss(task.minimum(start))[0] for start in starts)
        print(f"  penalty {penalty:<6g}{took} J {task.loss(rows)[0]:.6f}", flush=True)
        print(f"    {num_starts} random starts: {', '.join(f'{end:.6f}' for end in ends)}", flush=True)
        print(f"    20,000 steps of Adam: {long_descent(task):.6f}", flush=True)


def penalised_map(codes: Tensor, scores: Tensor, penalty: float) -> tuple[PenalisedMap, np.ndarray]:
    task = PenalisedMap.of(codes, scores, penalty=penalty)
    return task, task.minimum()


def long_descent(task: PenalisedMap, *, num_steps: int = 20_000) -> float:
    """Where Adam ends whose rate falls to nothing, from least squares, on the loss that `penalised` minimises."""
    rows = torch.from_numpy(task.least_squares).clone()
    optimizer = torch.optim.Adam([rows], lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    for _ in range(num_steps):
        rows.grad = torch.from_numpy(task.loss(rows.numpy())[1])
        optimizer.step()
        schedule.step()
    return task.loss(rows.numpy())[0]


def unseen_error(weights: Tensor, codes: Tensor, scores: Tensor, unseen: Survey) -> float:
    """Squared error of probabilities on unseen codes, each direction with its own best line on the seen ones."""
    along = torch.nn.functional.normalize(weights, dim=1).T
    seen, new = codes @ along, unseen.latents.codes @ along
    centred = seen - seen.mean(0)
    slopes = (centred * scores).sum(0) / centred.square().sum(0)
    predicted = scores.mean(0) + slopes * (new - seen.mean(0))
    return float((predicted - torch.sigmoid(unseen.scores.logits)).square().mean())


def selectivity(found: Tensor, truth: Tensor) -> float:
    """Mean over directions of the change of their own attribute over the mean |change| of the others."""
    change = torch.nn.functional.normalize(found, dim=1) @ truth.T
    own = change.diagonal()
    others = (change.abs().sum(1) - own.abs()) / (len(truth) - 1)
    return float((own / others).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="codes for one boundary")
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--survey", help="a survey whose penalised map is fitted, instead of made-up codes")
    arguments = parser.parse_args()
    print(f"{torch.get_num_threads()} threads, {os.cpu_count()} cores")
    linear_map()
    given = arguments.survey
    penalised(load_survey(given) if given else made_up(3000, anisotropic=False, num_attributes=40)[0])
    boundaries(arguments.rows, peer=arguments.peer)


if __name__ == "__main__":
    main()
