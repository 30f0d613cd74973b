"""Mapping networks whose widths are not w's, in files of every kind, and files from before there were any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import plain
import pytest
import torch
from generators.checkpoints import nvidia_files
from generators.checkpoints.test_genforce_stylegan2 import Generator as Genforce
from generators.checkpoints.test_rosinality import Generator as Rosinality
from torch import Tensor

import ganatomy as ga
from ganatomy.generators.base import Generator
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.generators.checkpoints.native import save_generator
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config
from ganatomy.latents import Latents, Space
from ganatomy.zoo import MODELS, read_metadata

EXACT = {"rtol": 1e-5, "atol": 1e-5}
MAPPING = {"z_dim": 6, "w_dim": 5, "mapping_layers": 3}
WIDTHS: dict[str, dict[str, Any]] = {
    "as wide as w": {},
    "as wide as w, with classes": {"num_classes": 3},
    "wider": {"mapping_dim": 9},
    "narrower, with classes": {"mapping_dim": 3, "num_classes": 3},
    "classes of fewer features": {"embed_dim": 2, "num_classes": 3},
    "everything of its own": {"mapping_dim": 9, "embed_dim": 7, "num_classes": 3},
    "one layer": {"mapping_layers": 1},
}


def stylegan2(**widths: Any) -> StyleGAN2:
    return StyleGAN2(StyleGAN2Config(widths=(6, 5), **MAPPING | widths))


def stylegan3(**widths: Any) -> StyleGAN3:
    return StyleGAN3(
        StyleGAN3Config(
            resolution=16, widths=(7, 6, 5, 4, 3), first_cutoff=1.0, first_stopband=1.9, margin=2,
            **MAPPING | widths,
        )
    )  # fmt: skip


MAKERS = {"StyleGAN2": stylegan2, "StyleGAN3": stylegan3}
PLAIN = {"StyleGAN2": plain.stylegan2, "StyleGAN3": plain.stylegan3}


def settled(model: StyleGAN2 | StyleGAN3) -> Any:
    """The model with nothing left at the zeros that a network starts from."""
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith(("w_avg", "noise_strength")) or (name.startswith("mapping") and "bias" in name):
                tensor.normal_()
    return model.eval()


def as_nvidia(model: StyleGAN2 | StyleGAN3, folder: Path) -> Path:
    known = vars(model.config)
    arguments = {
        "z_dim": 6,
        "c_dim": known["num_classes"],
        "w_dim": 5,
        "img_resolution": known.get("resolution", 8),
    }
    layers = {"num_layers": known["mapping_layers"], "layer_features": known["mapping_dim"]}
    if "first_cutoff" in known:
        arguments |= {"first_cutoff": 1.0, "first_stopband": 1.9, "margin_size": 2}
    record = nvidia_files.generator(model.state_dict(), arguments | {"mapping_kwargs": layers})
    return nvidia_files.write(folder / "network.pkl", {"G_ema": record})


def as_ours(model: Generator, folder: Path) -> Path:
    return save_generator(model, folder / "model.safetensors")


@pytest.mark.parametrize("write", [as_nvidia, as_ours])
@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("architecture", MAKERS)
def test_files_make_the_images_of_the_plain_formulas(
    architecture: str, widths: str, write, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = settled(MAKERS[architecture](**WIDTHS[widths]))
    found = ga.load(write(model, tmp_path))
    assert found.settings == model.settings
    assert found.fingerprint == model.fingerprint
    z = model.sample(4, seed=1)
    w = found.map(z, to="w")
    torch.testing.assert_close(w.codes, plain.mapped(model.state_dict(), z.codes, z.labels), **EXACT)
    images = PLAIN[architecture](model, w)
    assert min(w.codes.std(), images.std(0).mean()) > 1e-3
    torch.testing.assert_close(found(z), images, **EXACT)


DIALECTS = {
    "genforce": lambda: Genforce([7, 6], residual=False, w_dim=6, mapping_dim=8),
    "rosinality": lambda: Rosinality([7, 6], mapping_dim=8),
}


@torch.no_grad()
@pytest.mark.parametrize("mean", [True, False], ids=["with its mean w", "without a mean w"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_files_of_other_code_may_have_other_widths_too(dialect: str, mean: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = DIALECTS[dialect]()
    state = {name: tensor for name, tensor in net.state_dict().items() if mean or "w_avg" not in name}
    beside = {"latent_avg": torch.randn(6)} if mean and dialect == "rosinality" else {}
    torch.save({"g_ema": state} | beside, tmp_path / "net.pt")
    found = ga.load(tmp_path / "net.pt")
    z = torch.randn(3, 6)
    w = found.map(Latents(codes=z, space=Space.Z))
    torch.testing.assert_close(w.codes, net.map(z), **EXACT)
    torch.testing.assert_close(found(w), net(w.codes[:, None].repeat(1, 4, 1)), **EXACT)


def test_layers_that_differ_among_themselves_are_refused(tmp_path: Path) -> None:
    model = stylegan2(mapping_dim=9)
    state: dict[str, Tensor] = dict(model.state_dict())
    state["mapping.fc1.weight"], state["mapping.fc1.bias"] = torch.randn(8, 9), torch.zeros(8)
    state["mapping.fc2.weight"] = torch.randn(5, 8)
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=r"do not fit it.*mapping\.fc1\.weight"):
        ga.load(tmp_path / "net.pt")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_files_of_the_usual_widths_record_what_they_always_did(make, tmp_path: Path) -> None:
    recorded = json.loads(read_checkpoint(as_ours(make(), tmp_path)).metadata["settings"])
    assert not {"mapping_dim", "embed_dim"} & set(recorded)
    assert {"mapping_dim"} == {"mapping_dim", "embed_dim"} & set(make(mapping_dim=9).settings)


@pytest.mark.parametrize("name", ["faces", "digits"])
def test_bundled_models_are_who_their_files_say(name: str) -> None:
    model, recorded = ga.load(name), read_metadata(MODELS[name].generator)
    assert model.fingerprint == recorded["fingerprint"]
    assert json.loads(json.dumps(model.settings)) == json.loads(recorded["settings"])
