"""A scorer with temperatures, and the file that keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import ganatomy as ga
from ganatomy.errors import CheckpointError, MissingFileError, SettingError
from ganatomy.perception import CalibratedScorer, NetworkScorer
from ganatomy.perception.network import AttributeConfig, AttributeNetwork

NAMES = ("red", "round")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = AttributeConfig(attributes=NAMES, resolution=16, widths=(4, 8), blocks=(0, 0), hidden_dim=8)
    return AttributeNetwork(config).save(tmp_path / "network.safetensors")


def test_logits_are_divided_and_the_order_stays(network: Path) -> None:
    scorer, images = ga.scorer(network), torch.rand(5, 3, 16, 16) * 2 - 1
    calibrated = CalibratedScorer(scorer, [2.0, 0.5])
    expected = scorer(images).logits / torch.tensor([2.0, 0.5])
    assert torch.allclose(calibrated(images).logits, expected)
    assert torch.allclose(calibrated.select(["round"])(images).logits, expected[:, 1:])
    assert calibrated.differentiable()(images.requires_grad_()).logits.requires_grad
    assert calibrated.sources == scorer.sources
    assert calibrated.fingerprint != scorer.fingerprint
    with pytest.raises(SettingError, match="took part itself"):
        ga.judge(calibrated).require_independent(scorer)


@pytest.mark.parametrize("temperatures", [[1.0], [1.0, 0.0], [1.0, float("nan")], [1.0, 2.0, 3.0]])
def test_temperatures_that_do_not_fit_are_refused(network: Path, temperatures: list[float]) -> None:
    with pytest.raises(SettingError, match="needs 2 temperatures above 0"):
        CalibratedScorer(ga.scorer(network), temperatures)


def test_a_file_is_the_scorer_again_also_elsewhere(network: Path, tmp_path: Path) -> None:
    scorer, images = ga.scorer(network), torch.rand(3, 3, 16, 16)
    path = CalibratedScorer(scorer.select(["round"]), [3.0]).save(
        tmp_path / "my.calibrated", scorer=str(network)
    )
    again = ga.scorer(path)
    assert again.names == ("round",)
    assert torch.allclose(again(images).logits, scorer(images).logits[:, 1:] / 3)
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in (path, network):
        file.rename(moved / file.name)
    assert torch.equal(ga.scorer(moved / "my.calibrated")(images).logits, again(images).logits)


def test_files_that_hold_something_else_are_refused(network: Path, tmp_path: Path) -> None:
    path = CalibratedScorer(ga.scorer(network), [1.0, 2.0]).save(
        tmp_path / "a.calibrated", scorer=str(network)
    )
    data = json.loads(path.read_text())
    for changed, message in (
        ({"temperatures": {"loud": 1.0}}, "loud"),
        ({"temperatures": {"red": -1.0}}, "above 0"),
        ({"temperatures": [1]}, "does not hold temperatures"),
        ({"format": 9}, "of format 9"),
        ({"scorer": str(path)}, "calibrated already"),
        ({"sources": ["other"]}, "another scorer"),
    ):
        path.write_text(json.dumps(data | changed))
        with pytest.raises(CheckpointError, match=message):
            ga.scorer(path)
    path.write_text("no json")
    with pytest.raises(CheckpointError, match="does not hold temperatures"):
        ga.scorer(path)
    with pytest.raises(MissingFileError):
        ga.scorer(tmp_path / "none.calibrated")
    assert isinstance(ga.scorer(network), NetworkScorer)
