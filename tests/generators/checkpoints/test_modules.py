"""Whole modules of PyTorch, new and old, and TorchScript: they draw the same images, and none of their code runs."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.latents import Latents, Space

pytestmark = pytest.mark.filterwarnings("ignore:Couldn't retrieve source code", "ignore:.*torch.jit")
Z_DIM = 12


class Declared(nn.Module):
    """A class of somebody's own, whose children follow each other as they were declared."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.bn, self.act = nn.Linear(Z_DIM, 16 * 49), nn.BatchNorm1d(16 * 49), nn.LeakyReLU(0.1)
        self.net = nn.Sequential(
            nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.LeakyReLU(0.1),
            nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.net(self.act(self.bn(self.fc(z))).view(-1, 16, 7, 7))


class Reused(nn.Module):
    """One activation for all layers, so that the order of the children is not that of their use."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = nn.Linear(Z_DIM, 32), nn.Linear(32, 64), nn.Linear(64, 784)
        self.act, self.end = nn.LeakyReLU(0.1), nn.Tanh()

    def forward(self, z: Tensor) -> Tensor:
        return self.end(self.three(self.act(self.two(self.act(self.one(z)))))).view(-1, 1, 28, 28)


class Scripted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Unflatten(1, (Z_DIM, 1, 1)),
            nn.ConvTranspose2d(Z_DIM, 16, 4, 1, 0), nn.BatchNorm2d(16), nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


def sequential() -> nn.Module:
    """Unusual strides, slopes and activations, which a state dict would not tell."""
    return nn.Sequential(
        nn.Unflatten(1, (Z_DIM, 1, 1)),
        nn.ConvTranspose2d(Z_DIM, 16, 4, 2, 0), nn.ELU(), nn.Dropout(), nn.Upsample(scale_factor=2),
        nn.Conv2d(16, 8, 5, 1, 2), nn.BatchNorm2d(8), nn.LeakyReLU(0.05),
        nn.ConvTranspose2d(8, 3, 3, 2, 1, 1), nn.Tanh(),
    )  # fmt: skip


def zipped(module: nn.Module, path: Path) -> None:
    torch.save(module, path)


def before_1_6(module: nn.Module, path: Path) -> None:
    torch.save(module, path, _use_new_zipfile_serialization=False)


def beside_others(module: nn.Module, path: Path) -> None:
    torch.save({"netD": nn.Linear(3, 3), "netG": module, "epoch": 3}, path)


def scripted(module: nn.Module, path: Path) -> None:
    torch.jit.script(module).save(str(path))


def traced(module: nn.Module, path: Path) -> None:
    torch.jit.trace(module.eval(), torch.zeros(2, Z_DIM)).save(str(path))


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[nn.Module, Path], None], str]] = {
    "torch's own modules": (sequential, zipped, ""),
    "torch's own modules, old": (sequential, before_1_6, ""),
    "an own class": (Declared, zipped, "order of layers"),
    "an own class, old": (Declared, before_1_6, "order of layers"),
    "an own class beside others": (Declared, beside_others, "order of layers"),
    "in parallel": (lambda: nn.DataParallel(Declared()), zipped, "order of layers"),
    "one activation for all": (Reused, zipped, "activations"),
    "scripted": (Scripted, scripted, "activations"),
    "traced": (Scripted, traced, "activations"),
}


@torch.no_grad()
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_modules_make_their_images(case, tmp_path: Path) -> None:
    torch.manual_seed(0)
    make, save, guessed = case
    module = make().train()
    for _ in range(40):
        module(torch.randn(64, Z_DIM))
    save(module.eval(), tmp_path / "net.pt")
    found, z = ga.load(tmp_path / "net.pt"), torch.randn(3, Z_DIM)
    torch.testing.assert_close(found(Latents(codes=z, space=Space.Z)), module(z), atol=1e-5, rtol=1e-4)
    told = [guess.what for guess in found.guesses if not guess.sure]
    assert guessed in told if guessed else set(told) <= {"prior"}


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Linear(4, 64), nn.PixelShuffle(2)),
            r"module '1' \(PixelShuffle\), which is not read",
        ),
        (nn.Sequential(nn.Linear(4, 3)), "ends in 3 numbers, which is no image"),
        (
            nn.Sequential(nn.Linear(4, 64), nn.BatchNorm1d(64, track_running_stats=False)),
            "without running statistics",
        ),
        (nn.Sequential(nn.ConvTranspose2d(4, 3, 8, dilation=2)), "dilated and grouped convolutions"),
    ],
    ids=["pixel shuffle", "no image", "a norm without statistics", "dilated"],
)
def test_modules_that_are_not_read_are_refused_with_the_reason(module, message: str, tmp_path: Path) -> None:
    torch.save(module, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(tmp_path / "net.pt")


def test_norms_that_have_seen_nothing_tell_no_prior_and_stay_as_they_are(tmp_path: Path) -> None:
    module = nn.Sequential(
        nn.ConvTranspose2d(Z_DIM, 16, 4), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    torch.save(module, tmp_path / "net.pt")
    generator = ga.load(tmp_path / "net.pt")
    assert generator.signature.prior == "normal"
    codes = generator.sample(4, seed=0)
    torch.testing.assert_close(generator(codes), module.eval()(codes.codes[..., None, None]))


def test_objects_that_are_no_modules_are_refused_by_name(tmp_path: Path) -> None:
    torch.save({"state": sequential().state_dict(), "trap": Path("x")}, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match="asks for pathlib.* to be run"):
        ga.load(tmp_path / "net.pt")
    class_name = b"\x80\x02cos\nsystem\n)\x81}(X\x01\x00\x00\x00aK\x01ub."
    (tmp_path / "net.pkl").write_bytes(class_name)
    with pytest.raises(ga.CheckpointError, match=r"asks for os\.system to be run"):
        ga.load(tmp_path / "net.pkl")


def test_state_dicts_of_the_first_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 0.4 tensors were rebuilt from four arguments, without hooks and gradients."""
    torch.manual_seed(0)
    state = Scripted().state_dict()
    torch.save(state, tmp_path / "new.pt")

    def by_four(tensor: Tensor, protocol: int) -> tuple:
        numbers = torch.storage.TypedStorage(
            wrap_storage=tensor.untyped_storage(), dtype=tensor.dtype, _internal=True
        )
        place = (numbers, tensor.storage_offset(), tuple(tensor.shape), tensor.stride())
        return torch._utils._rebuild_tensor, place

    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "__reduce_ex__", by_four)
        torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert b"_rebuild_tensor\n" in (tmp_path / "old.pt").read_bytes()
    assert ga.load(tmp_path / "old.pt").fingerprint == ga.load(tmp_path / "new.pt").fingerprint


def test_code_in_torchscript_is_not_looked_at(tmp_path: Path) -> None:
    torch.manual_seed(0)
    traced(Scripted(), tmp_path / "net.pt")
    with (
        zipfile.ZipFile(tmp_path / "net.pt") as before,
        zipfile.ZipFile(tmp_path / "hostile.pt", "w") as after,
    ):
        for name in before.namelist():
            is_code = "/code/" in name or name.endswith("constants.pkl")
            after.writestr(name, pickle.dumps(print) if is_code else before.read(name))
    found = ga.load(tmp_path / "hostile.pt")
    assert found.fingerprint == ga.load(tmp_path / "net.pt").fingerprint


class Hidden(nn.Module):
    """A class of somebody's own with a norm that leaves no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.up = nn.Linear(Z_DIM, 8 * 16), nn.ConvTranspose2d(8, 8, 4, 2, 1)
        self.norm, self.out = nn.InstanceNorm2d(8), nn.ConvTranspose2d(8, 1, 4, 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.out(self.norm(self.up(self.fc(z).view(-1, 8, 4, 4))).relu()).tanh()


def test_modules_that_leave_no_weights_are_not_left_out(tmp_path: Path) -> None:
    torch.save(Hidden(), tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match=r"'norm' \(InstanceNorm2d\), which is not read"):
        ga.load(tmp_path / "net.pt")


@torch.no_grad()
def test_classes_that_go_one_hot_into_a_whole_module_are_asked_for(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    torch.save(net, tmp_path / "net.pt")
    with pytest.raises(ga.CheckpointError, match="may be conditional.*num_classes=10 or num_classes=0"):
        ga.load(tmp_path / "net.pt")
    assert ga.load(tmp_path / "net.pt", num_classes=0).signature.z_dim == 30
    found = ga.load(tmp_path / "net.pt", num_classes=10, class_join="first")
    codes = found.of_class(3).sample(2)
    expected = net(torch.cat([nn.functional.one_hot(torch.tensor([3, 3]), 10), codes.codes], 1))
    torch.testing.assert_close(found(codes), expected)
