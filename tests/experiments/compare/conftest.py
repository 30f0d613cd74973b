"""One small comparison on a generator whose truth is known, with all that belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiments.compare.compared import Compared
from torch import Tensor

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.compare import OwnFactors, compare
from ganatomy.experiments.documents import document
from ganatomy.experiments.factors import FactorReader
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, Judge, scorer
from ganatomy.report import write_document

METHODS = (
    "regression", "logistic", "centroid", "few-labels", "pca", "sefa", "dual", "selective", "guided", "guided-hold"
)  # fmt: skip


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Four attributes whose directions lean on each other; factors are places along them, a judge three of them."""
    generator = ToyGenerator(w_dim=12, z_dim=12, num_layers=3, cosine=0.5)

    def factors(images: Tensor) -> Tensor:
        return generator.read(images) / generator.slope

    def judge(images: Tensor) -> Tensor:
        return generator.read(images)[:, :3]

    known = OwnFactors(
        reader=FactorReader(scorer=FunctionScorer(factors, generator.attributes, output="logits")),
        own={name: {name: 1} for name in generator.attributes},
    )
    reported: list[tuple[str, int, int]] = []
    experiment = Experiment(
        generator,
        scorer(generator),
        judge=Judge(FunctionScorer(judge, generator.attributes[:3], output="logits")),
        progress=lambda stage, done, total: reported.append((stage, done, total)),
    )
    found = compare(
        experiment,
        n=400,
        images=16,
        methods=METHODS,
        factors=known,
        identity=lambda images: images.flatten(1),
    )
    folder: Path = tmp_path_factory.mktemp("compared") / "the comparison"
    write_document(document(found, experiment, model="a <toy>.safetensors", scorer="oracle"), folder)
    return Compared(comparison=found, experiment=experiment, folder=folder, reported=tuple(reported))
