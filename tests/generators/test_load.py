"""`load`, and what it refuses: every refusal says what the file is, and none runs anything in it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from generators.conftest import MAKERS
from safetensors.torch import save_file
from torch import nn

import ganatomy as ga
from ganatomy.generators import save_generator
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.stylegan3 import StyleGAN3, StyleGAN3Config
from ganatomy.zoo import MODELS


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    """A generator's weights under the names of a tutorial."""
    layers = [nn.ConvTranspose2d(12, 8, 4), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh()]
    return {f"main.{key}": value for key, value in nn.Sequential(*layers).state_dict().items()}


class Touch:
    """Runs a command when it is unpickled carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def write_pickle(path: Path, victim: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": Touch(victim)}, protocol=4))


def write_old_pickle(path: Path, victim: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": Touch(victim)}, protocol=2))


def write_torch_zip(path: Path, victim: Path) -> None:
    torch.save({"weight": Touch(victim)}, path)


def write_torch_legacy(path: Path, victim: Path) -> None:
    torch.save({"weight": Touch(victim)}, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [write_pickle, write_old_pickle, write_torch_zip, write_torch_legacy])
@pytest.mark.parametrize("ending", ["pt", "safetensors", "pkl"])
def test_a_hostile_pickle_runs_nothing_and_is_named(write, ending: str, tmp_path: Path) -> None:
    path, victim = tmp_path / f"model.{ending}", tmp_path / "touched"
    write(path, victim)
    with pytest.raises(ga.CheckpointError, match=r"asks for (posix|nt)\.system"):
        ga.load(path)
    assert not victim.exists()
    with path.open("rb") as file:  # the trap is real: an unsafe reader springs it
        torch.load(file, weights_only=False) if "torch" in write.__name__ else pickle.load(file)
    assert victim.exists()


@pytest.mark.parametrize("keep", [0.999, 0.5, 0.05], ids=["the last bytes", "half", "nearly all"])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_files_that_are_cut_off_are_refused(kind: str, keep: float, state, tmp_path: Path) -> None:
    path = tmp_path / ("model.safetensors" if kind == "safetensors" else "model.pt")
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    ga.load(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(
        ga.CheckpointError, match="cut off or damaged|not a whole safetensors|read safely|no format"
    ):
        ga.load(path)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "model.pt", "is empty"),
        (b"hello, I am a text" * 9, "model.pt", "no format that holds weights"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "model.pt", "Git LFS pointer"),
        (b"\x89PNG\r\n\x1a\n", "face.png", "PNG image"),
        (b"\x08\x07\x12\x07pytorch", "model.onnx", "cannot be read as ONNX: it holds 0 graphs"),
        (b"\x08\x07\x12\x07pytorch", "model", "cannot be read as ONNX: it holds 0 graphs"),
        ((2**39).to_bytes(8, "little") + b"{" * 100, "model.safetensors", "not a whole safetensors"),
        ((50).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[99999999999],', "m.safetensors", "not a whole"),
        (b"PK\x03\x04" + bytes(100), "model.pt", "cut off or damaged"),
        (b"\x80\x04K\x01.", "number.pkl", "model|read safely|cut off or damaged|holds a int"),
    ],
    ids=[
        "empty", "text", "LFS pointer", "image", "ONNX", "ONNX by content", "safetensors with a hostile length",
        "safetensors with a hostile shape", "broken zip", "pickle of a number",
    ],
)  # fmt: skip
def test_other_files_are_refused_with_what_they_are(
    content: bytes, name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(tmp_path / name)


def test_tensors_larger_than_their_storage_are_refused(tmp_path: Path) -> None:
    torch.save({"main.0.weight": torch.zeros(1).expand(1 << 20, 1 << 20)}, tmp_path / "bomb.pt")
    with pytest.raises(ga.CheckpointError, match=r"claims a tensor of shape \[1048576, 1048576\]"):
        ga.load(tmp_path / "bomb.pt")


def test_compressed_archives_are_refused(state, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "plain.pt")
    with (
        zipfile.ZipFile(tmp_path / "plain.pt") as plain,
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in plain.namelist():
            bomb.writestr(name, plain.read(name))
    with pytest.raises(ga.CheckpointError, match="compressed archive"):
        ga.load(tmp_path / "bomb.pt")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("readme.txt", "hello")
    with pytest.raises(ga.CheckpointError, match="not one that torch.save wrote"):
        ga.load(tmp_path / "other.zip")


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Conv2d(3, 8, 4), nn.Conv2d(8, 1, 4)), "looks like a discriminator.*1 number"),
        (nn.Sequential(nn.Linear(784, 64), nn.Linear(64, 1)), "looks like a discriminator"),
        (nn.Sequential(nn.Conv2d(1, 8, 4), nn.Linear(128, 10)), "looks like a classifier.*10 numbers"),
        (nn.Sequential(nn.Linear(16, 32), nn.GRU(32, 8)), "not a generator of a known architecture"),
    ],
    ids=["discriminator", "dense discriminator", "classifier", "recurrent"],
)
def test_other_networks_are_refused_with_what_they_are(
    network: nn.Module, message: str, tmp_path: Path
) -> None:
    torch.save(network.state_dict(), tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(tmp_path / "net.pt")


def test_the_real_discriminator_and_the_real_scorer_are_refused(shared: Path) -> None:
    with pytest.raises(ga.CheckpointError, match="looks like a discriminator"):
        ga.load(shared / "models/celeba32-dcgan-discriminator.pt")
    with pytest.raises(ga.CheckpointError, match="can be a scorer but is no generator"):
        ga.load(shared / "models/face-attributes.onnx")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_numbers_are_refused(value: float, state, tmp_path: Path) -> None:
    state["main.2.weight"][0, 0, 0, 0] = value
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=r"not finite numbers, in 'main.2.weight'"):
        ga.load(tmp_path / "net.pt")


def test_names_and_paths_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ga.UnknownNameError, match="no model 'facse'; did you mean 'faces'"):
        ga.load("facse")
    with pytest.raises(ga.MissingFileError, match="missing.pt does not exist"):
        ga.load(tmp_path / "missing.pt")
    (tmp_path / "net.pt").write_bytes(b"x")
    with pytest.raises(ga.CheckpointError, match="is a folder.*net.pt"):
        ga.load(tmp_path)


def test_wrong_settings_are_refused_with_the_right_ones(state, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(ga.SettingError, match="'gaussian' is not a prior; choose one of normal, uniform"):
        ga.load(tmp_path / "net.pt", prior="gaussian")
    with pytest.raises(ga.SettingError, match="output='softmax'.*tanh, none, sigmoid, bytes"):
        ga.load(tmp_path / "net.pt", output="softmax")
    with pytest.raises(ga.SettingError, match="hidden='mish'.*relu, leaky_relu, none"):
        ga.load(tmp_path / "net.pt", hidden="mish")


@pytest.mark.parametrize(
    "nest",
    [
        lambda s: {"g_ema": s, "g": {}, "d": {}, "step": 3},
        lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}, "epoch": 1},
        lambda s: {"model": {"generator": s, "discriminator": {"x": torch.zeros(1)}}},
        lambda s: {f"netG.{k}": v for k, v in s.items()} | {"netD.0.weight": torch.zeros(8, 3, 4, 4)},
        lambda s: {f"_orig_mod.module.{k}": v for k, v in s.items()},
    ],
    ids=["averaged beside others", "parallel", "nested twice", "both in one", "compiled and parallel"],
)
def test_weights_are_found_where_training_scripts_put_them(nest, state, tmp_path: Path) -> None:
    torch.save(nest(state), tmp_path / "checkpoint.pt")
    torch.save(state, tmp_path / "plain.pt")
    assert ga.load(tmp_path / "checkpoint.pt").fingerprint == ga.load(tmp_path / "plain.pt").fingerprint


@pytest.mark.parametrize("content", [{}, {"epoch": 3, "lr": 0.1}, [torch.zeros(2)], {"netD": {}, "opt": {}}])
def test_files_without_a_generators_weights_are_refused(content, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(ga.CheckpointError, match="holds"):
        ga.load(tmp_path / "other.pt")


def test_half_precision_weights_become_single(state, tmp_path: Path) -> None:
    save_file({k: v.half() for k, v in state.items()}, tmp_path / "half.safetensors")
    assert ga.load(tmp_path / "half.safetensors").dtype == torch.float32
    found = read_checkpoint(tmp_path / "half.safetensors")
    weights, metadata = found.state, found.metadata
    assert {t.dtype for t in weights.values()} == {torch.float32}
    assert metadata == {}


def test_a_file_of_ours_records_prior_and_card(tmp_path: Path) -> None:
    model = DCGAN.build(z_dim=4, widths=(4, 4), channels=1, prior="uniform", output="sigmoid")
    path = save_generator(model.eval(), tmp_path / "deep/model.safetensors", card={"trained on": "noise"})
    again = ga.load(path)
    assert again.signature.prior == "uniform"
    assert isinstance(again, DCGAN)
    assert again.config == model.config
    assert ga.load(path, prior="normal").signature.prior == "normal"
    assert '"trained on": "noise"' in read_checkpoint(path).metadata["card"]
    with pytest.raises(ga.SettingError, match="leave out output"):
        ga.load(path, output="tanh")


def test_files_of_ours_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    toy = ga.ToyGenerator()
    good = save_generator(toy, tmp_path / "toy.safetensors")
    found = read_checkpoint(good)
    weights, metadata = dict(found.state), dict(found.metadata)

    def write(**changes: str) -> Path:
        save_file(weights, tmp_path / "bad.safetensors", metadata | changes)
        return tmp_path / "bad.safetensors"

    for changes, message in (
        ({"kind": "directions"}, "holds directions, not a generator"),
        ({"architecture": "StyleGAN9"}, "holds a StyleGAN9"),
        ({"format": "2"}, "format 2"),
        ({"settings": "{"}, "damaged metadata"),
        ({"settings": '{"z_dim": 9}'}, "do not fit"),
        ({"settings": '{"zdim": 9}'}, "do not fit"),
    ):
        with pytest.raises(ga.CheckpointError, match=message):
            ga.load(write(**changes))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ga.OutputError, match="cannot be written"):
        save_generator(ga.ToyGenerator(), tmp_path / "file/model.safetensors")


def test_modules_that_know_their_code_length_are_loaded_and_others_pointed_to_wrap() -> None:
    net = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    with pytest.raises(ga.SettingError, match=r"ganatomy.wrap\(model, z_dim=...\)"):
        ga.load(net)
    net.z_dim = 3
    assert ga.load(net, prior="uniform").signature.prior == "uniform"
    toy = ga.ToyGenerator()
    assert ga.load(toy) is toy
    with pytest.raises(ga.SettingError, match="knows its prior"):
        ga.load(toy, prior="uniform")


@pytest.mark.parametrize("name", MODELS)
def test_bundled_models_load_by_name(name: str) -> None:
    if not MODELS[name].generator.exists():
        pytest.skip(f"the weights of {name} are not in this checkout yet")
    generator = ga.load(name)
    assert generator(generator.sample(2)).isfinite().all()
    assert MODELS[name].card


def test_reading_weights_imports_no_compiler(tmp_path: Path) -> None:
    usual = StyleGAN3Config(resolution=16, widths=(4, 4, 4, 4, 3), z_dim=6, w_dim=5)
    models = [MAKERS[name]() for name in ("stylegan2", "stylegan", "progan")] + [StyleGAN3(usual)]
    paths = [str(tmp_path / f"{index}.pt") for index in range(len(models))]
    for model, path in zip(models, paths, strict=True):
        torch.save(model.state_dict(), path)
    code = (
        "import sys; import ganatomy.generators as g; before = set(sys.modules);"
        f"[g.load(path) for path in {paths!r}];"
        "print(*sorted({'sympy', 'torch._dynamo', 'scipy'} & set(sys.modules) - before))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
