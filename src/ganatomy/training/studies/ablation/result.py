"""What the study found: the distance of every run, and whether configurations differ by more than seeds do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ganatomy.generators.base import Generator
from ganatomy.metrics.frechet import FrechetDistance
from ganatomy.statistics.formatting import number, p_value, short
from ganatomy.statistics.intervals import CONFIDENCE, Estimate
from ganatomy.statistics.tests import SIGNIFICANT, exceedance

Statistic = Callable[[Float[Tensor, "b k s"]], Float[Tensor, " b"]]
NUM_SHUFFLES = 4000
"""Random exchanges of runs between configurations, that p-values are counted among."""
PUBLISHED = {"A": 8.04, "B": 5.25, "C": 4.85, "D": 4.88, "E": 4.42, "F": 4.40}
"""FID on FFHQ at 1024 px, table 1 of the paper."""
ADDS = {
    "A": "Progressive GAN",
    "B": "smooth resampling, other loss",
    "C": "mapping and styles",
    "D": "learnt constant instead of a code",
    "E": "noise",
    "F": "style mixing",
}
"""What each configuration adds to the one before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """One run.

    Args:
        configuration: "A" to "F".
        seed: of the run.
        distance: from real images that it never saw.
        seconds: of training.
        generator: that came out.
    """

    configuration: str
    seed: int
    distance: FrechetDistance
    seconds: float
    generator: Generator


@dataclass(frozen=True, kw_only=True, eq=False)
class AblationStudy:
    """All runs, configuration by configuration.

    Args:
        runs: in the order of the configurations, and of their seeds.
        resolution: of the images.
        images: shown to each run.
        data: what they learnt from, in words.
        features: of what the distances are.
        floor: distance between two halves of the real images.
        seconds: of each stage.
    """

    runs: tuple[Trained, ...]
    resolution: int
    images: int
    data: str
    features: str
    floor: float
    seconds: Mapping[str, float]

    @property
    def configurations(self) -> list[str]:
        return list(dict.fromkeys(run.configuration for run in self.runs))

    @property
    def num_seeds(self) -> int:
        return len(self.runs) // len(self.configurations)

    def of(self, configuration: str) -> list[Trained]:
        """Its runs."""
        return [run for run in self.runs if run.configuration == configuration]

    @property
    def table(self) -> Float[Tensor, "configurations seeds"]:
        """Distances."""
        return torch.tensor(
            [[run.distance.value.value for run in self.of(name)] for name in self.configurations],
            dtype=torch.float64,
        )

    @cached_property
    def means(self) -> dict[str, Estimate]:
        """The geometric mean of each configuration, with an interval over its seeds; of one seed, over its images."""
        if self.num_seeds == 1:
            return {run.configuration: run.distance.value for run in self.runs}
        return dict(zip(self.configurations, map(mean_over_seeds, self.table), strict=True))

    @cached_property
    def p_differ(self) -> float | None:
        """How often runs dealt out at random differ as much between configurations; None for one seed each."""
        if self.num_seeds == 1 or len(self.configurations) == 1:
            return None
        return shuffled_p(self.table.log(), between_groups)

    @cached_property
    def p_order(self) -> float | None:
        """How often runs dealt out at random fall as steadily from the first configuration to the last."""
        if self.num_seeds == 1 or len(self.configurations) == 1:
            return None
        return shuffled_p(self.table.log(), falling)

    @property
    def best(self) -> str:
        """The configuration of the smallest mean distance."""
        return min(self.means, key=lambda name: self.means[name].value)

    @property
    def verdict(self) -> str:
        """What can be said of the order of the configurations, in one sentence."""
        if self.p_differ is None:
            return "One run each: nothing tells an order from chance; give more seeds."
        if self.p_differ > SIGNIFICANT:
            return (
                "No order can be seen at this budget: configurations differ no more than seeds do "
                f"({p_value(self.p_differ)})."
            )
        assert self.p_order is not None
        mean = self.means[self.best].value
        steady = (
            f"and distances fall from {self.configurations[0]} to {self.configurations[-1]} as in the paper"
            if self.p_order <= SIGNIFICANT
            else "but not in the paper's order"
        )
        return (
            f"Configurations differ by more than seeds do ({p_value(self.p_differ)}), {steady} "
            f"({p_value(self.p_order)} for its order); {self.best} is nearest to real images with {short(mean)}."
        )

    def __str__(self) -> str:
        lines = [f"{name}  {mean}  {ADDS[name]}" for name, mean in self.means.items()]
        floor = f"floor {number(self.floor)}: the distance between two halves of the real images"
        return "\n".join([*lines, floor, self.verdict])


def mean_over_seeds(distances: Float[Tensor, " s"]) -> Estimate:
    """The geometric mean of independent runs, with Student's interval of logarithms: distances are above 0.

    Example:
        >>> str(mean_over_seeds(torch.tensor([1.0, 2.0, 4.0])))
        '2 ± 5.4'
    """
    from scipy import stats  # half a second, which every command would pay for

    logs = distances.double().log()
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1)) * float(logs.std()) / len(logs) ** 0.5
    mean = float(logs.mean())
    return Estimate(value=math.exp(mean), low=math.exp(mean - half), high=math.exp(mean + half))


def between_groups(rows: Float[Tensor, "b k s"]) -> Float[Tensor, " b"]:
    """How far the means of groups lie apart: their variance."""
    return rows.mean(2).var(1)


def falling(rows: Float[Tensor, "b k s"]) -> Float[Tensor, " b"]:
    """How steadily the means of groups fall: minus their covariance with the place (Page 1963)."""
    places = torch.arange(rows.shape[1], dtype=rows.dtype)
    return -(rows.mean(2) * (places - places.mean())).sum(1)


def shuffled_p(table: Float[Tensor, "k s"], statistic: Statistic, *, seed: int = 0) -> float:
    """The share of random exchanges of all runs that give a statistic at least as large (Good 2005).

    Args:
        table: a figure of each of s runs of k groups.
        statistic: of such tables, one number for each.
        seed: of the exchanges.
    """
    rng = np.random.default_rng(seed)
    orders = np.stack([rng.permutation(table.numel()) for _ in range(NUM_SHUFFLES)])
    dealt = table.flatten()[torch.from_numpy(orders)].view(-1, *table.shape)
    observed = float(statistic(table[None]))
    # Statistics that are equal but for rounding count as equal.
    return exceedance(observed - 1e-9 * abs(observed), statistic(dealt))
