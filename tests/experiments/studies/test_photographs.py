"""The study of photographs, on a generator whose attributes are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.experiments.studies import study_photographs
from ganatomy.inversion.prepare import PreparationSize
from ganatomy.perception import OracleScorer
from ganatomy.report.elements import file_name


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(PreparationSize, "of", lambda _: PreparationSize(images=96, products=32, own=8))
    monkeypatch.setenv("GANATOMY_CACHE", str(tmp_path / "cache"))


def experiment() -> ga.Experiment:
    toy = ga.ToyGenerator(z_dim=12, w_dim=12, num_layers=3, cosine=0.2)
    another = ga.judge(lambda images: toy.read(images).sigmoid(), names=toy.attributes)
    return ga.Experiment(toy, OracleScorer(toy), judge=another)


def test_edits_of_images_that_fit_change_what_those_of_generated_images_do(tmp_path: Path) -> None:
    own = experiment()
    torch.manual_seed(0)
    fits = own.generator(own.generator.sample(8, seed=9)).detach()
    found = study_photographs(own, {"others": fits}, n=300, images=8, attribute="red", budget="quick")
    generated, samples, others = found.groups
    assert generated.inversion is None
    for group in (samples, others):
        assert group.agreement.value > 0.95
        assert 0.7 < found.share(group).value < 1.4
        assert group.target_change.value > 0.3
    assert "others: PSNR" in str(found)
    ga.write_document(ga.document(found, own, model="toy"), tmp_path / "page")
    summary = json.loads((tmp_path / "page" / "summary.json").read_text())
    assert set(summary["groups"]) == {"generated images", "own samples", "others"}
    assert summary["groups"]["generated images"]["psnr"] is None
    assert summary["judged"] is True
    assert len(summary["sentences"]) >= 3
    assert (tmp_path / "page" / "figures" / f"{file_name('own samples')}.png").exists()


def test_too_few_images_and_unknown_attributes_are_refused() -> None:
    own = experiment()
    images = own.generator(own.generator.sample(2, seed=9)).detach()
    with pytest.raises(ga.SettingError, match="others: 2 images are too few"):
        study_photographs(own, {"others": images})
    with pytest.raises(ga.UnknownNameError, match="did you mean 'red'"):
        study_photographs(own, {}, attribute="reed")


def test_without_a_choice_the_first_attribute_that_has_a_direction_is_moved() -> None:
    toy = ga.ToyGenerator(z_dim=12, w_dim=12, num_layers=3, cosine=0.2)

    def scores(images: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.full((len(images), 1), -9.0), toy.read(images)], dim=1)

    scorer = ga.scorer(scores, names=["never", *toy.attributes], output="logits")
    found = study_photographs(ga.Experiment(toy, scorer), {}, n=120, images=4, budget="quick")
    assert found.attribute == toy.attributes[0]
    with pytest.raises(ga.ScoreError, match="never"):
        study_photographs(ga.Experiment(toy, scorer), {}, n=120, images=4, attribute="never")
