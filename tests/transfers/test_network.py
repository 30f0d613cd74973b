from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

import ganatomy as ga
from ganatomy.errors import (
    CheckpointError,
    FingerprintError,
    MissingFileError,
    SettingError,
    SpaceError,
    UnknownNameError,
)
from ganatomy.generators.toy import ToyGenerator
from ganatomy.latents import Latents
from ganatomy.perception import OracleScorer
from ganatomy.training import TransferSettings, train_transfer
from ganatomy.transfers import TransferNetwork, Transferred, transfer

NAMES = ("red", "round", "large", "bright")
QUICK = TransferSettings(attributes=("red", "large"), pool=64, steps=4, batch=4, hidden_dim=16)


class BentScorer(OracleScorer):
    """Sees what is red the less, the rounder it is: no linear model of it is right."""

    def _logits(self, images: Tensor, *, latents: Latents | None, start: int) -> Tensor:
        logits = super()._logits(images, latents=latents, start=start)
        bent = logits[:, :1] * (1.1 + torch.tanh(2 * logits[:, 1:2]))
        return torch.cat([bent, logits[:, 1:]], dim=1)

    def features(self, images: Tensor) -> Tensor:
        return self.source.read(images)


def toy_of(seed: int) -> ToyGenerator:
    return ToyGenerator(z_dim=8, w_dim=8, num_layers=3, attributes=NAMES, cosine=0.3, slope=1.0, seed=seed)


@pytest.fixture(scope="module")
def toy() -> ToyGenerator:
    return toy_of(0)


@pytest.fixture(scope="module")
def network(toy: ToyGenerator) -> TransferNetwork:
    return train_transfer(toy, OracleScorer(toy), QUICK)


def give(toy: ToyGenerator, scorer, network: TransferNetwork, attributes, *, n: int = 64) -> Transferred:
    target, source = (toy.sample(n, seed=seed, space=network.config.space) for seed in (8, 9))
    return transfer(toy, scorer, target, source, attributes, method=network)


@pytest.mark.parametrize(
    ("inputs", "seed"),
    [
        ("scores", 0),
        *(pytest.param("scores", seed, marks=pytest.mark.slow) for seed in range(1, 5)),
        *(
            pytest.param(inputs, seed, marks=pytest.mark.slow)
            for inputs in ("features", "code")
            for seed in (0, 1)
        ),
    ],
)
def test_training_learns_what_no_linear_model_can(inputs: str, seed: int):
    toy = toy_of(seed)
    scorer = BentScorer(toy)
    settings = TransferSettings(
        attributes=("red",), inputs=inputs, pool=512, batch=64, hidden_dim=64, steps=2, learning_rate=1e-6
    )
    linear = give(toy, scorer, train_transfer(toy, scorer, settings), "red")
    learnt = give(
        toy, scorer, train_transfer(toy, scorer, replace(settings, steps=300, learning_rate=4e-3)), "red"
    )
    missed = learnt.missing.abs().mean() / linear.missing.abs().mean()
    gained = learnt.reached.float().mean() - linear.reached.float().mean()
    if inputs == "scores":
        assert missed < 0.6
        assert learnt.reached.float().mean() > 0.85
    else:
        # To read the bent score from features or codes takes longer than to be given it. How far these few steps come
        # depends on how sharply it bends: on toy 1 three times as many halve the miss, as these do on toy 0.
        assert missed < 0.75
        assert gained > 0.1
    assert learnt.drift.abs().mean() < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_an_untrained_network_is_right_where_scores_are_linear(seed: int):
    toy = toy_of(seed)
    network = train_transfer(toy, OracleScorer(toy), QUICK)
    found = give(toy, OracleScorer(toy), network, ["red", "large"])
    assert found.method == "network"
    assert found.reached.float().mean() > 0.9
    assert found.drift.abs().mean() < 0.03


def test_where_source_and_target_agree_nothing_moves(toy: ToyGenerator, network: TransferNetwork):
    codes = toy.sample(3, seed=1, space="w")
    found = transfer(toy, OracleScorer(toy), codes, codes, "red", method=network)
    assert torch.allclose(found.latents.codes, codes.codes, atol=1e-5)


def test_codes_of_w_plus_move_in_all_layers(toy: ToyGenerator, network: TransferNetwork):
    target, source = (toy.sample(3, seed=seed, space="w") for seed in (1, 2))
    flat = transfer(toy, OracleScorer(toy), target, source, "red", method=network)
    layered = transfer(toy, OracleScorer(toy), target.to("w+"), source, "red", method=network)
    assert torch.allclose(layered.latents.codes, flat.latents.codes[:, None].expand(-1, 3, -1), atol=1e-5)


def test_a_network_whose_inputs_are_codes_makes_no_image(toy: ToyGenerator):
    network = train_transfer(toy, OracleScorer(toy), replace(QUICK, inputs="code"))

    class Blind(OracleScorer):
        def _logits(self, images: Tensor, *, latents: Latents | None, start: int) -> Tensor:
            raise AssertionError("an image was looked at")

    codes = toy.sample(3, seed=1, space="w")
    assert network.inputs(toy, Blind(toy), codes).shape == (3, 8)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(toy: ToyGenerator, tmp_path: Path):
    scorer, settings = OracleScorer(toy), replace(QUICK, steps=8)
    whole = train_transfer(toy, scorer, settings)

    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("transfer", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_transfer(toy, scorer, settings, folder=tmp_path, progress=stop)
    seen: list[tuple[str, int]] = []
    resumed = train_transfer(
        toy, scorer, settings, folder=tmp_path, progress=lambda stage, done, _: seen.append((stage, done))
    )
    assert seen == [("transfer", step) for step in range(4, 9)]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_a_run_with_other_settings_is_not_continued(toy: ToyGenerator, tmp_path: Path):
    train_transfer(toy, OracleScorer(toy), QUICK, folder=tmp_path)
    with pytest.raises(CheckpointError, match=r"other settings \(keep differ\)"):
        train_transfer(toy, OracleScorer(toy), replace(QUICK, keep=1.0), folder=tmp_path)
    other = ToyGenerator(z_dim=8, w_dim=8, num_layers=3, attributes=NAMES, seed=1)
    with pytest.raises(CheckpointError, match="generator, scorer differ"):
        train_transfer(other, OracleScorer(other), QUICK, folder=tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        train_transfer(toy, OracleScorer(toy), QUICK, folder=tmp_path)
    (tmp_path / "pool.pt").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        train_transfer(toy, OracleScorer(toy), QUICK, folder=tmp_path)


def test_the_generator_is_left_as_it_was(toy: ToyGenerator):
    generator = ga.load("digits")
    wanted = [parameter.requires_grad for parameter in generator.parameters()]
    settings = TransferSettings(attributes=("3",), pool=16, steps=2, batch=2, hidden_dim=8)
    train_transfer(generator, ga.scorer("digits"), settings)
    assert [parameter.requires_grad for parameter in generator.parameters()] == wanted
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_all_attributes_that_vary_are_learnt_by_default():
    toy = ToyGenerator(z_dim=8, attributes=NAMES, cosine=0.3, intercepts=(0.0, 0.0, 90.0, 0.0))
    network = train_transfer(toy, OracleScorer(toy), replace(QUICK, attributes=None))
    assert network.config.attributes == ("red", "round", "bright")
    assert network.config.space == "z"


def test_a_file_gives_the_same_network_back(toy: ToyGenerator, network: TransferNetwork, tmp_path: Path):
    path = network.save(tmp_path / "my.safetensors")
    loaded = TransferNetwork.load(path)
    assert loaded.config == network.config
    assert loaded.config.generator == toy.fingerprint
    before, after = (give(toy, OracleScorer(toy), each, "red") for each in (network, loaded))
    assert torch.equal(before.latents.codes, after.latents.codes)


def test_a_damaged_file_is_refused(network: TransferNetwork, tmp_path: Path):
    path = network.save(tmp_path / "my.safetensors")
    with safe_open(path, framework="pt") as file:
        metadata, state = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def with_config(**changes) -> dict[str, str]:
        return metadata | {"facts": json.dumps({"config": asdict(network.config) | changes})}

    broken = [
        ({"linear.weight": torch.full_like(state["linear.weight"], torch.nan)}, metadata, "not all finite"),
        ({"linear.weight": torch.zeros(3)}, metadata, "is damaged"),
        ({"linear.weight": state["linear.weight"].long()}, metadata, "is damaged"),
        ({}, with_config(hidden_dim=2**40), "sizes of a transfer network"),
        ({}, with_config(hidden_dim=2**15), "is damaged"),
        ({}, with_config(inputs="sounds"), "inputs of a transfer network"),
        ({}, with_config(attributes=["blue"]), "'blue'"),
        ({}, with_config(more=1), "is damaged"),
        ({}, with_config(bound="far"), "is damaged"),
        ({}, {"kind": "other"}, "holds none of"),
        ({}, {}, "holds none of"),
    ]
    for tensors, facts, message in broken:
        save_file(state | tensors, path, facts)
        with pytest.raises(CheckpointError, match=message):
            TransferNetwork.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="not a whole safetensors"):
        TransferNetwork.load(path)
    with pytest.raises(MissingFileError):
        TransferNetwork.load(tmp_path / "none.safetensors")


def test_what_it_was_not_trained_for_is_refused(toy: ToyGenerator, network: TransferNetwork):
    scorer, codes = OracleScorer(toy), toy.sample(2, seed=1, space="w")
    with pytest.raises(UnknownNameError, match="attribute of this network 'round'"):
        transfer(toy, scorer, codes, codes, "round", method=network)
    other = scorer.select(("red", "large"))
    with pytest.raises(SettingError, match="another scorer"):
        transfer(toy, other, codes, codes, "red", method=network)
    with pytest.raises(FingerprintError, match="train one for theirs"):
        network.coordinates(replace(codes, fingerprint="0" * 64))
    with pytest.raises(SpaceError):
        network.coordinates(toy.sample(2, seed=1, space="z"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "in 0 steps"),
        ({"learning_rate": 0.0}, "rate above 0"),
        ({"keep": -1.0}, "below 0"),
        ({"inputs": "sounds"}, "inputs of a transfer network"),
        ({"inputs": "features"}, "has no features"),
        ({"features": 1.0}, "has no features"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(toy: ToyGenerator, settings: dict, message: str):
    with pytest.raises(SettingError, match=message):
        train_transfer(toy, OracleScorer(toy), replace(QUICK, **settings))


def test_without_gradients_there_is_no_training(toy: ToyGenerator):
    def flat(images: Tensor) -> Tensor:
        return images.detach().mean((1, 2, 3)).sigmoid()[:, None]

    with pytest.raises(SettingError, match="gradients do not flow"):
        train_transfer(toy, ga.scorer(flat, names=["red"]), replace(QUICK, attributes=("red",)))
    with pytest.raises(UnknownNameError, match="blue"):
        train_transfer(toy, OracleScorer(toy), replace(QUICK, attributes=("blue",)))
