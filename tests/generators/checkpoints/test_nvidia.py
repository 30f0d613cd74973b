"""NVIDIA's pickles, held against what the official code computes of the weights in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from generators.checkpoints.nvidia_files import (
    EasyDict,
    Network,
    discriminator,
    generator,
    module,
    snapshot,
    write,
)
from torch import Tensor

import ganatomy as ga
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.latents import Latents, Space

GOLDEN = ("stylegan2-ada-32", "stylegan3-t-64-conditional")


class Golden:
    """Weights of a network, and what the official code makes of them."""

    def __init__(self, path: Path) -> None:
        self.arrays = np.load(path)
        self.kwargs = json.loads(str(self.arrays["init_kwargs"]))

    def state(self) -> dict[str, Tensor]:
        return {
            name.removeprefix("state/"): torch.from_numpy(self.arrays[name])
            for name in self.arrays.files
            if name.startswith("state/")
        }

    def check(self, G: ga.Generator) -> None:
        labels = torch.from_numpy(self.arrays["c"])
        labels = labels if labels.shape[1] else None
        z = Latents(codes=torch.from_numpy(self.arrays["z"]), space=Space.Z, labels=labels)
        images = G(z[:4])
        assert (images - torch.from_numpy(self.arrays["images_const"])).abs().max() < 1e-4
        truncated = G.map(z, to="w+", truncation_psi=0.5, truncation_cutoff=4).codes
        assert (truncated - torch.from_numpy(self.arrays["w_psi05_cut4"])).abs().max() < 1e-4


@pytest.fixture(params=GOLDEN)
def golden(request: pytest.FixtureRequest, shared: Path) -> Golden:
    return Golden(shared / "reference" / f"{request.param}.npz")


@pytest.fixture
def small() -> tuple[dict[str, Tensor], dict]:
    """A StyleGAN2 that needs no file from elsewhere."""
    torch.manual_seed(0)
    model = StyleGAN2(StyleGAN2Config(widths=(8, 6), z_dim=6, w_dim=5, mapping_layers=2, channels=3))
    kwargs = {"z_dim": 6, "c_dim": 0, "w_dim": 5, "img_resolution": 8, "img_channels": 3}
    return {name: t.detach().clone() for name, t in model.state_dict().items()}, kwargs


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_training_snapshot_makes_the_images_of_the_official_code(
    golden: Golden, protocol: int, tmp_path: Path
) -> None:
    G = generator(golden.state(), golden.kwargs)
    golden.check(ga.load(write(tmp_path / "network-snapshot.pkl", snapshot(G), protocol)))


def test_a_file_of_one_network_needs_no_dictionary(golden: Golden, tmp_path: Path) -> None:
    golden.check(ga.load(write(tmp_path / "g.pt", generator(golden.state(), golden.kwargs))))


def test_the_averaged_generator_is_the_default_and_others_are_chosen_by_name(small, tmp_path: Path) -> None:
    state, kwargs = small
    other = {name: tensor + 1 for name, tensor in state.items()}
    path = write(tmp_path / "g.pkl", snapshot(generator(other, kwargs), G_ema=generator(state, kwargs)))
    assert torch.equal(read_checkpoint(path).state["mapping.w_avg"], state["mapping.w_avg"])
    assert torch.equal(read_checkpoint(path, network="G").state["mapping.w_avg"], other["mapping.w_avg"])
    with pytest.raises(ga.CheckpointError, match="Discriminator as D, which takes images.*network='G_ema'"):
        ga.load(path, network="D")
    with pytest.raises(ga.CheckpointError, match="holds AugmentPipe as augment_pipe"):
        ga.load(path, network="augment_pipe")
    with pytest.raises(ga.CheckpointError, match="holds no network 'Gs', only 'G', 'D', 'G_ema'"):
        ga.load(path, network="Gs")


def test_without_averaged_weights_those_of_training_are_shown_with_a_note(small, tmp_path: Path) -> None:
    found = read_checkpoint(write(tmp_path / "g.pkl", snapshot(generator(*small), G_ema=None)))
    assert "no averaged weights" in found.notes[0]
    with pytest.raises(ga.CheckpointError, match="holds no generator, only 'D'"):
        ga.load(write(tmp_path / "d.pkl", {"D": discriminator()}))


def test_settings_come_from_arguments_of_all_levels_and_from_the_modules_themselves(
    small, tmp_path: Path
) -> None:
    state, kwargs = small
    kwargs |= {"mapping_kwargs": {"num_layers": 2}, "synthesis_kwargs": {"channel_base": 1024}}
    record = generator(state, kwargs)
    for name, block in record.attributes["_modules"]["synthesis"].attributes["_modules"].items():
        block.attributes |= {"architecture": "skip", "resolution": int(name[1:])}
        for layer in block.attributes["_modules"].values():
            layer.attributes |= {"conv_clamp": 256, "act_gain": np.sqrt(2)}
    found = read_checkpoint(write(tmp_path / "g.pkl", snapshot(record)))
    expected = {
        "z_dim": 6, "c_dim": 0, "mapping_layers": 2, "channel_base": 1024, "conv_clamp": 256, "architecture": "skip",
    }  # fmt: skip
    assert expected.items() <= found.settings.items()
    G = ga.load(tmp_path / "g.pkl")
    assert isinstance(G, StyleGAN2)
    assert G.config.clamp == 256


def test_arguments_by_position_are_named(small, tmp_path: Path) -> None:
    state, kwargs = small
    record = generator(state, {"mapping_kwargs": {"num_layers": 2}})
    record.attributes["_init_args"] = tuple(kwargs.values())
    assert kwargs.items() <= read_checkpoint(write(tmp_path / "g.pkl", record)).settings.items()


def test_networks_without_noise_are_filled_with_none(small, tmp_path: Path) -> None:
    state, kwargs = small
    whole = StyleGAN2.from_state(state)
    for name in state:
        if name.endswith("noise_strength"):
            state[name] = torch.zeros(())
    silent = {name: tensor for name, tensor in state.items() if "noise" not in name}
    record = generator(silent, kwargs)
    for name, block in record.attributes["_modules"]["synthesis"].attributes["_modules"].items():
        for key, layer in block.attributes["_modules"].items():
            if key != "torgb":
                layer.attributes |= {"use_noise": False, "resolution": int(name[1:])}
    G = ga.load(write(tmp_path / "g.pkl", record))
    z = Latents(codes=torch.randn(2, 6), space=Space.Z)
    assert (G(z) - whole.synthesize(whole.map(z, to="w+"), noise="none")).abs().max() < 1e-5
    assert "it was trained without noise" in read_checkpoint(tmp_path / "g.pkl").notes


def test_an_unusual_learning_rate_of_the_mapping_is_put_into_its_weights(small, tmp_path: Path) -> None:
    state, kwargs = small
    usual = StyleGAN2.from_state(state)
    scaled = {
        name: tensor / 10 if name.startswith("mapping.fc") else tensor for name, tensor in state.items()
    }
    record = generator(scaled, kwargs)
    for layer in record.attributes["_modules"]["mapping"].attributes["_modules"].values():
        layer.attributes["bias_gain"] = 0.1
    G = ga.load(write(tmp_path / "g.pkl", record))
    z = Latents(codes=torch.randn(2, 6), space=Space.Z)
    assert (G.map(z, to="w").codes - usual.map(z, to="w").codes).abs().max() < 1e-5


def test_what_is_unusual_is_noted(small, tmp_path: Path) -> None:
    state, kwargs = small
    record = generator(state, kwargs)
    record.class_name = "SpatialGenerator"
    notes = " ".join(read_checkpoint(write(tmp_path / "g.pkl", record)).notes)
    assert "called 'SpatialGenerator'" in notes
    assert "source text of its classes, which was not run" in notes


def test_what_cannot_be_computed_is_refused(small, tmp_path: Path) -> None:
    state, kwargs = small
    record = generator(state | {"synthesis.b8.resample_filter": torch.full((4, 4), 1 / 16)}, kwargs)
    with pytest.raises(
        ga.CheckpointError, match=r"resampling filter of its own \('synthesis.b8.resample_filter'"
    ):
        ga.load(write(tmp_path / "g.pkl", record))


def test_buffers_that_are_not_persistent_and_weights_that_are_none_are_left_out(
    small, tmp_path: Path
) -> None:
    state, kwargs = small
    record = generator(state, kwargs)
    mapping = record.attributes["_modules"]["mapping"].attributes
    mapping["_buffers"] |= {"scratch": torch.zeros(3), "nothing": None}
    mapping["_non_persistent_buffers_set"] = {"scratch"}
    assert set(read_checkpoint(write(tmp_path / "g.pkl", record, 2)).state) == set(state)


def test_shared_weights_are_read_as_often_as_they_are_named(tmp_path: Path) -> None:
    tied = torch.randn(5, 5)
    weights = {"a.weight": tied, "b.weight": tied}
    state = read_checkpoint(write(tmp_path / "g.pkl", module("Generator", weights))).state
    assert torch.equal(state["a.weight"], tied)
    assert torch.equal(state["b.weight"], tied)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda own: own.update(_modules={"x": 3}), "holds a int as the module 'x'"),
        (lambda own: own.update(_modules=[1]), "holds _modules that are a list"),
        (lambda own: own.update(_parameters={"x": "text"}), "holds a str as the weight 'x'"),
        (lambda own: own.update(_parameters={3: torch.zeros(1)}), "holds _parameters that are called 3"),
        (lambda own: own.update(_parameters={"a.b": torch.zeros(1)}), "called 'a.b'"),
    ],
    ids=[
        "a number as a module",
        "a list of modules",
        "text as weights",
        "a number as a name",
        "a dot in a name",
    ],
)
def test_damaged_records_are_refused(damage, message: str, tmp_path: Path) -> None:
    record = module("Generator", {"weight": torch.zeros(2)})
    damage(record.attributes)
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(write(tmp_path / "g.pkl", record))


def test_a_clamp_that_is_no_bound_is_refused(small, tmp_path: Path) -> None:
    state, kwargs = small
    with pytest.raises(ga.CheckpointError, match="clamps activations at 'wide', which is no bound"):
        ga.load(write(tmp_path / "g.pkl", generator(state, kwargs | {"conv_clamp": "wide"})))


def test_a_record_of_another_kind_is_refused(tmp_path: Path) -> None:
    class Other(Network):
        def __reduce__(self):
            function, (meta,) = super().__reduce__()
            return function, (meta | {"type": "function"},)

    with pytest.raises(ga.CheckpointError, match="describes a network in a way that is not known"):
        ga.load(write(tmp_path / "g.pkl", Other("Generator", {})))


@pytest.mark.parametrize(
    ("doublings", "message"), [(14, "more than 10,000 modules"), (60, "unfolds to more")]
)
def test_a_network_of_countless_modules_is_refused(doublings: int, message: str, tmp_path: Path) -> None:
    inner = module("Leaf", {})
    for _ in range(doublings):
        inner = Network("Twice", {"_modules": {"a": inner, "b": inner}})
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(write(tmp_path / "laughs.pkl", {"G_ema": inner}))


def test_easy_dictionaries_of_training_do_not_get_in_the_way(small, tmp_path: Path) -> None:
    content = snapshot(generator(*small), training_set_kwargs=EasyDict(labels=EasyDict(a=(1, 2.5, None))))
    assert ga.load(write(tmp_path / "g.pkl", content)).signature.resolution == 8
