"""One small comparison on a generator whose truth is known, with all that belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiments.compare.compared import Compared
from torch import Tensor

from ganatomy.experiments.compare import Truth, compare, write_comparison
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, scorer

METHODS = (
    "regression", "logistic", "centroid", "few-labels", "pca", "sefa", "dual", "selective", "guided", "guided-hold"
)  # fmt: skip


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Four attributes whose directions lean on each other; the truth reads places along them."""
    generator = ToyGenerator(w_dim=12, z_dim=12, num_layers=3, cosine=0.5)
    sees = scorer(generator)

    def factors(images: Tensor) -> Tensor:
        return generator.read(images) / generator.slope

    truth = Truth(
        scorer=FunctionScorer(factors, generator.attributes, output="logits"),
        own={name: {name: 1} for name in generator.attributes},
    )
    told: list[tuple[str, int, int]] = []
    found = compare(
        generator,
        sees,
        n=400,
        images=16,
        methods=METHODS,
        truth=truth,
        identity=lambda images: images.flatten(1),
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    folder: Path = tmp_path_factory.mktemp("compared") / "the comparison"
    write_comparison(found, generator, folder, model="a <toy>.safetensors", scorer_name="oracle")
    return Compared(comparison=found, generator=generator, scorer=sees, folder=folder, told=tuple(told))
