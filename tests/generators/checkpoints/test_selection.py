"""The generator's weights are found in whatever training scripts save beside and around them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

import ganatomy as ga
from ganatomy.generators.checkpoints.selection import fuse_norms, select_weights

PATH = Path("file.pt")


def network(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    layers = [
        nn.ConvTranspose2d(12, 8, 4, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 3, 4, 2, 1),
    ]
    return nn.Sequential(*layers).state_dict()


GENERATOR, OTHER, DISCRIMINATOR = network(0), network(1), network(2)
CRITIC = {"0.weight": torch.ones(8, 3, 4, 4), "1.weight": torch.ones(1, 8, 4, 4)}
OPTIMIZER = {"state": {0: {"step": 5, "exp_avg": torch.ones(3, 4)}}, "param_groups": [{"lr": 0.1}]}


def under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in state.items()}


LIGHTNING = {
    "epoch": 3,
    "global_step": 900,
    "pytorch-lightning_version": "2.4.0",
    "optimizer_states": [OPTIMIZER],
    "lr_schedulers": [],
    "hyper_parameters": {"latent_dim": 12},
    "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.1)}},
}
SAVED = {
    "plain": GENERATOR,
    "Lightning": LIGHTNING | {"state_dict": under("generator", GENERATOR) | under("discriminator", DISCRIMINATOR)},
    "Lightning, other names": LIGHTNING | {"state_dict": under("netG", GENERATOR) | under("netD", DISCRIMINATOR)},
    "Lightning, one letter": LIGHTNING | {"state_dict": under("G", GENERATOR) | under("D", DISCRIMINATOR)},
    "Lightning, with a model around": LIGHTNING
    | {"state_dict": under("model.generator", GENERATOR) | under("model.discriminator", DISCRIMINATOR)},
    "Lightning, with losses": LIGHTNING
    | {"state_dict": under("lpips.net", DISCRIMINATOR) | under("generator.module", GENERATOR)},
    "Lightning, only a model": LIGHTNING | {"state_dict": under("model", GENERATOR) | under("disc", DISCRIMINATOR)},
    "averaged, before": {"state_dict": under("generator", OTHER) | under("ema_generator", GENERATOR)},
    "averaged, behind": {"state_dict": under("generator_ema", GENERATOR) | under("generator", OTHER)},
    "averaged, NVIDIA's words": {"state_dict": under("G", OTHER) | under("G_ema", GENERATOR)},
    "averaged by a library": {"state_dict": under("ema.ema_model", GENERATOR) | under("ema.online_model", OTHER)
                              | {"ema.initted": torch.tensor(True), "ema.step": torch.tensor(7)}},
    "averaged by torch": under("module", GENERATOR) | {"n_averaged": torch.tensor(9)},
    "compiled": under("_orig_mod", GENERATOR),
    "compiled, parallel, in a model": under("_orig_mod.module.model", GENERATOR),
    "parallel generator": under("module.gen", GENERATOR) | under("module.disc", DISCRIMINATOR),
    "with counters and generators of random numbers": {
        "epoch": torch.tensor(3), "rng_state": torch.get_rng_state(), "net": GENERATOR, "optimizer": OPTIMIZER,
    },
    "by full words": {"netG_state_dict": GENERATOR, "netD_state_dict": DISCRIMINATOR, "optG": OPTIMIZER},
    "by other words": {"gen_model_state": GENERATOR, "disc_model_state": DISCRIMINATOR, "optimizers": {"g": OPTIMIZER}},
    "in camel case": {"stateDictGenerator": GENERATOR, "stateDictDiscriminator": DISCRIMINATOR},
    "smoothed": {"models": {"generator": OTHER, "generator_smooth": GENERATOR, "discriminator": DISCRIMINATOR}},
    "empty average": {"ema": {"decay": 0.99}, "generator": GENERATOR},
    "a list of both": [GENERATOR, CRITIC],
    "a tuple of both and counters": (CRITIC, GENERATOR, 3),
    "unknown word beside known ones": {"painter": GENERATOR, "critic": DISCRIMINATOR, "opt": OPTIMIZER},
}  # fmt: skip


@pytest.mark.parametrize("name", SAVED)
def test_the_generator_is_found(name: str, tmp_path: Path) -> None:
    torch.save(SAVED[name], tmp_path / "checkpoint.pt")
    torch.save(GENERATOR, tmp_path / "plain.pt")
    assert ga.load(tmp_path / "checkpoint.pt").fingerprint == ga.load(tmp_path / "plain.pt").fingerprint


def test_safetensors_may_have_any_prefix_and_networks_can_be_asked_for(tmp_path: Path) -> None:
    torch.save(GENERATOR, tmp_path / "plain.pt")
    torch.save(OTHER, tmp_path / "other.pt")
    save_file(under("G_ema", GENERATOR) | under("G", OTHER), tmp_path / "both.safetensors")
    torch.save({"state_dict": under("G_ema", GENERATOR) | under("G", OTHER)}, tmp_path / "both.pt")
    for path in (tmp_path / "both.safetensors", tmp_path / "both.pt"):
        assert ga.load(path).fingerprint == ga.load(tmp_path / "plain.pt").fingerprint
        assert ga.load(path, network="G").fingerprint == ga.load(tmp_path / "other.pt").fingerprint
        with pytest.raises(
            ga.CheckpointError, match=r"holds no network 'g_ema', only 'G(_ema)?', 'G(_ema)?'"
        ):
            ga.load(path, network="g_ema")


def test_the_mean_w_beside_a_generator_belongs_to_it() -> None:
    mean = torch.ones(4)
    assert select_weights({"g_ema": GENERATOR, "latent_avg": mean}, PATH)["latent_avg"] is mean
    assert (
        select_weights({"g": OTHER, "g_ema": GENERATOR, "latent_avg": mean}, PATH, "g")["latent_avg"] is mean
    )
    assert "latent_avg" not in select_weights({"g_ema": GENERATOR}, PATH)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "holds no weights of a generator, nothing"),
        ({"netD": DISCRIMINATOR, "opt": OPTIMIZER}, "holds no weights of a generator, only 'netD', 'opt'"),
        ({"painter": GENERATOR, "sculptor": OTHER}, "only 'painter', 'sculptor'"),
        ([torch.zeros(2)], "holds a list"),
        ({"model": {"model": {"model": "self"}}}, "holds no weights|holds a str"),
    ],
    ids=["nothing", "no generator", "two strangers", "list", "text"],
)
def test_what_has_no_generator_is_refused(content, message: str) -> None:
    with pytest.raises(ga.CheckpointError, match=message):
        select_weights(content, PATH)


def test_dictionaries_that_hold_themselves_come_to_an_end() -> None:
    endless: dict = {"weight": torch.ones(2, 2)}
    endless["model"] = endless
    with pytest.raises(ga.CheckpointError, match="more than 16 deep"):
        select_weights(endless, PATH)


def test_networks_whose_parts_have_common_words_stay_whole() -> None:
    """A word such as "model" beside other parts is a part of the network."""
    state = under("model", GENERATOR) | under("fc", {"weight": torch.ones(12, 12)})
    assert set(select_weights(state, PATH)) == set(state)


def train_a_bit(module: nn.Module, *shape: int) -> nn.Module:
    for _ in range(20):
        module(torch.randn(shape))
    return module.eval()


@pytest.mark.parametrize("norm", [spectral_norm, parametrizations.spectral_norm], ids=["old", "parametrised"])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.Linear(7, 5), (2, 7)),
        (lambda: nn.Conv2d(4, 6, 3), (2, 4, 8, 8)),
        (lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1), (2, 4, 8, 8)),
        (lambda: nn.ConvTranspose2d(5, 5, 4, 2, 1), (2, 5, 8, 8)),
    ],
    ids=["dense", "convolution", "transposed", "transposed and square"],
)
def test_spectral_norms_are_carried_out(norm, layer, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    module = train_a_bit(norm(layer()), *shape)
    module(torch.randn(shape))  # an old norm computes its weight when it is used
    fused = fuse_norms(module.state_dict())
    assert set(fused) == {"bias", "weight"}
    torch.testing.assert_close(fused["weight"], module.weight)
    assert not torch.allclose(fused["weight"], layer().weight)


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
@pytest.mark.parametrize("norm", [weight_norm, parametrizations.weight_norm], ids=["old", "parametrised"])
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norms_are_carried_out(norm, dim: int | None) -> None:
    torch.manual_seed(0)
    module = norm(nn.Conv2d(4, 6, 3), dim=dim)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith(("weight_g", "original0")):
                parameter.mul_(2.5)
    module(torch.randn(1, 4, 8, 8))
    torch.testing.assert_close(
        fuse_norms({f"a.{k}": v for k, v in module.state_dict().items()})["a.weight"], module.weight
    )


def test_damaged_norms_are_refused() -> None:
    state = {"weight_orig": torch.ones(3, 4), "weight_u": torch.ones(9), "weight_v": torch.ones(4)}
    with pytest.raises(
        ga.CheckpointError, match="spectral norm of .3, 4. whose vectors have 9 and 4 numbers"
    ):
        fuse_norms(state)
