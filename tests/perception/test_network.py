from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ganatomy.errors import CheckpointError, MissingFileError, OutputError, SettingError
from ganatomy.perception import AttributeConfig, AttributeNetwork, NetworkScorer, fold_norms
from ganatomy.perception.network import FactorScorer, num_multiplications

NAMES = ("Smiling", "Male", "Young")


def network(**settings) -> AttributeNetwork:
    """A small network whose norms have seen data, so that folding them must change every convolution."""
    torch.manual_seed(0)
    config = {"attributes": NAMES, "factors": ("yaw", "light"), "widths": (4, 8), "blocks": (1, 1)} | settings
    found = AttributeNetwork(AttributeConfig(**config))
    for module in found.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            module.running_mean = torch.randn_like(module.weight) * 0.1
            module.running_var = torch.rand_like(module.weight) + 0.5
    return found.eval()


def images(n: int = 3, channels: int = 3, size: int = 64) -> torch.Tensor:
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_folding_the_norms_changes_nothing():
    plain = network()
    folded = fold_norms(plain)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    for ours, theirs in zip(folded(images()), plain(images()), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_scorer_is_not_changed_by_training_on():
    trained = network()
    found = NetworkScorer(trained)
    before = found.score(images()).logits
    trained.train()(images())
    assert torch.equal(found.score(images()).logits, before)


def test_weights_are_the_same_after_saving(tmp_path):
    saved = network()
    saved.temperature.copy_(torch.tensor([0.5, 1.0, 2.0]))
    loaded = AttributeNetwork.load(saved.save(tmp_path / "net.safetensors", bits=32))
    assert loaded.config == saved.config
    assert torch.equal(
        NetworkScorer(loaded).score(images()).logits, NetworkScorer(saved).score(images()).logits
    )
    assert loaded.fingerprint == saved.fingerprint


def test_half_precision_on_disk_is_the_same_scorer_nearly(tmp_path):
    saved = network()
    path = saved.save(tmp_path / "net.safetensors")
    with safe_open(path, framework="pt") as file:
        assert file.get_tensor("hidden.weight").dtype == torch.float16
        assert json.loads(file.metadata()["config"])["attributes"] == list(NAMES)
    loaded = AttributeNetwork.load(path)
    assert loaded.fingerprint == saved.fingerprint
    torch.testing.assert_close(
        NetworkScorer(loaded).score(images()).logits,
        NetworkScorer(saved).score(images()).logits,
        atol=0.02,
        rtol=0.02,
    )


def test_values_that_half_precision_cannot_hold_are_kept(tmp_path):
    saved = network()
    saved.factor_std.fill_(1e6)
    assert AttributeNetwork.load(saved.save(tmp_path / "net.safetensors")).factor_std.tolist() == [1e6, 1e6]


def test_temperature_divides_the_logits():
    cold = network()
    plain = NetworkScorer(cold).score(images()).logits
    cold.temperature.fill_(2.0)
    torch.testing.assert_close(NetworkScorer(cold).score(images()).logits, plain / 2)


def test_softmax_scores_are_log_odds_of_the_classes():
    digits = network(activation="softmax", channels=1, factors=())
    raw = digits(images(channels=1)).attributes
    found = NetworkScorer(digits).score(images(channels=1))
    torch.testing.assert_close(found.probabilities, raw.softmax(1), atol=1e-5, rtol=1e-4)


def test_factors_come_from_the_second_head():
    plain = network()
    found = NetworkScorer(plain).factors(images())
    assert found.names == ("yaw", "light")
    torch.testing.assert_close(found.logits, plain(images()).factors, atol=1e-5, rtol=1e-5)
    with pytest.raises(SettingError, match="no factors"):
        FactorScorer(NetworkScorer(network(factors=())))


def test_the_network_runs_once_for_attributes_and_factors_of_the_same_images(
    monkeypatch: pytest.MonkeyPatch,
):
    scorer, shown = NetworkScorer(network()), images()
    runs = []
    forward = scorer.network.forward
    monkeypatch.setattr(scorer.network, "forward", lambda images: runs.append(len(images)) or forward(images))
    first, factors = scorer.score(shown), FactorScorer(scorer).score(shown)
    assert runs == [3]
    assert factors.logits.equal(FactorScorer(NetworkScorer(network())).score(shown).logits)
    scorer.score(shown.clone())
    assert len(runs) == 2
    shown.neg_()
    assert not scorer.score(shown).logits.equal(first.logits)


@pytest.mark.parametrize(("channels", "size"), [(1, 64), (3, 32), (1, 100)])
def test_images_of_other_sizes_and_colours_are_fitted(channels: int, size: int):
    assert NetworkScorer(network()).score(images(2, channels, size)).logits.shape == (2, 3)


def test_a_score_does_not_depend_on_the_rest_of_the_batch():
    found = NetworkScorer(network())
    torch.testing.assert_close(found.score(images(5)).logits[:2], found.score(images(5)[:2]).logits)


def test_gradients_flow_to_the_images():
    image = images(1).requires_grad_()
    NetworkScorer(network()).score(image).logits[0, 0].backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0


def test_a_network_learns_what_is_in_the_image():
    learner = network(widths=(8, 16), factors=("level",), resolution=16, dropout=0.0).train()
    optimizer = torch.optim.Adam(learner.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)

    def batch(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        level = torch.rand(n, 3, 1, 1, generator=generator) * 2 - 1
        return (level + torch.randn(n, 3, 16, 16, generator=generator) * 0.1).clamp(-1, 1), level[:, :, 0, 0]

    for _ in range(60):
        images, level = batch(64)
        reading = learner(images)
        loss = nn.functional.binary_cross_entropy_with_logits(reading.attributes, (level > 0).float())
        loss = loss + (reading.factors[:, 0] - level[:, 0]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    images, level = batch(500)
    found = NetworkScorer(learner)
    assert ((found.score(images).logits > 0) == (level > 0)).float().mean() > 0.9
    assert (found.factors(images).logits[:, 0] - level[:, 0]).square().mean() < 0.1 * level[:, 0].var()


def test_the_default_is_small_enough_to_be_quick():
    assert num_multiplications(AttributeConfig(attributes=NAMES)) < 30e6


@pytest.mark.parametrize(
    "wrong",
    [
        {"activation": "relu"},
        {"channels": 4},
        {"attributes": ()},
        {"attributes": ("One",), "activation": "softmax"},
        {"widths": (4, 8, 8)},
        {"resolution": 2},
    ],
    ids=["activation", "channels", "no names", "softmax of one", "stages", "too small"],
)
def test_settings_that_make_no_network(wrong: dict):
    with pytest.raises(SettingError):
        network(**wrong)


class TestFiles:
    def test_missing(self, tmp_path):
        with pytest.raises(MissingFileError):
            AttributeNetwork.load(tmp_path / "gone.safetensors")

    def test_truncated(self, tmp_path):
        path = network().save(tmp_path / "net.safetensors")
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
            AttributeNetwork.load(path)

    def test_of_something_else(self, tmp_path):
        save_file({"x": torch.zeros(1)}, tmp_path / "g.safetensors", {"architecture": "StyleGAN2"})
        with pytest.raises(CheckpointError, match="StyleGAN2, not an AttributeNetwork"):
            AttributeNetwork.load(tmp_path / "g.safetensors")

    @pytest.mark.parametrize("config", ["{", '{"attributes": ["A"]}', '{"depth": 3}', "[]"])
    def test_whose_config_does_not_fit(self, tmp_path, config: str):
        save_file(
            network().state_dict(),
            tmp_path / "net.safetensors",
            {"architecture": "AttributeNetwork", "config": config},
        )
        with pytest.raises(CheckpointError, match="do not fit together"):
            AttributeNetwork.load(tmp_path / "net.safetensors")

    def test_where_nothing_can_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match="cannot be written"):
            network().save(tmp_path / "file" / "net.safetensors")
