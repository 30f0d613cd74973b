"""One small exploration of a generator whose truth is known, and the report of it."""

from __future__ import annotations

import pytest
import torch
from experiments.explore.reported import Reported
from torch import Tensor

from ganatomy.experiments.base import Experiment
from ganatomy.experiments.documents import document
from ganatomy.experiments.explore import explore
from ganatomy.experiments.factors import FactorReader
from ganatomy.generators import save_generator
from ganatomy.generators.toy import ToyGenerator
from ganatomy.perception import FunctionScorer, Judge, scorer
from ganatomy.report import write_document


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """A toy with an attribute of an awkward name and one too rare to use, with a factor and a judge."""
    place = tmp_path_factory.mktemp("reported")
    generator = ToyGenerator(
        attributes=("red", "round & <large>", "Young", "rare"),
        cosine=0.5,
        w_dim=16,
        num_layers=3,
        intercepts=(0.0, 0.0, 0.0, -9.0),
    )
    model = save_generator(generator, place / "a toy.safetensors")

    def redness(images: Tensor) -> Tensor:
        return torch.sigmoid(generator.read(images)[:, :1])

    def red_and_young(images: Tensor) -> Tensor:
        return torch.sigmoid(generator.read(images)[:, [0, 2]])

    judge = FunctionScorer(red_and_young, ["red", "Young"])
    experiment = Experiment(generator, scorer(generator), judge=Judge(judge))
    found = explore(
        experiment, n=400, measured=12, factors=FactorReader(scorer=FunctionScorer(redness, ["redness"]))
    )
    folder = place / "the report"
    write_document(document(found, experiment, model=str(model), scorer="oracle"), folder)
    return Reported(exploration=found, experiment=experiment, model=model, folder=folder)
