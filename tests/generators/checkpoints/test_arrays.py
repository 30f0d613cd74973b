"""NumPy's archives: weights and settings come out, and nothing that an archive claims is believed."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import ganatomy as ga
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.latents import Latents, Space


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """A generator's weights."""
    torch.manual_seed(0)
    layers = [nn.ConvTranspose2d(12, 8, 4), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1)]
    return {name: tensor.numpy() for name, tensor in nn.Sequential(*layers).state_dict().items()}


def reference(shared: Path, name: str) -> Path:
    path = shared / f"reference/{name}.npz"
    if not path.exists():
        pytest.skip(f"{name}.npz is not in ../shared")
    return path


@pytest.mark.parametrize("name", ["stylegan2-ada-32", "stylegan3-t-64-conditional"])
def test_a_record_of_a_whole_network_makes_the_images_in_it(name: str, shared: Path) -> None:
    path = reference(shared, name)
    generator, golden = ga.load(path), np.load(path)
    labels = torch.from_numpy(golden["c"][:4]) if golden["c"].shape[1] else None
    latents = Latents(codes=torch.from_numpy(golden["z"][:4]), space=Space.Z, labels=labels)
    torch.testing.assert_close(
        generator(latents), torch.from_numpy(golden["images_const"]), atol=1e-4, rtol=0
    )
    settings = json.loads(str(golden["init_kwargs"]))
    found = read_checkpoint(path).settings
    assert found["img_resolution"] == settings["img_resolution"]
    assert found["mapping_layers"] == settings["mapping_kwargs"]["num_layers"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["plain", "compressed"])
@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays,
        lambda arrays: {name.replace(".", "/"): array for name, array in arrays.items()},
        lambda arrays: (
            {f"generator/{name}": array for name, array in arrays.items()} | {"d/0/weight": np.ones((2, 2))}
        ),
        lambda arrays: {name: array.astype(">f8") for name, array in arrays.items()},
        lambda arrays: {name: np.asfortranarray(array) for name, array in arrays.items()},
        lambda arrays: {f"state/{name}": array for name, array in arrays.items()} | {"z": np.ones((5, 12))},
        lambda arrays: arrays | {"title": np.array("a generator")},
    ],
    ids=[
        "as it is",
        "slashes",
        "beside a discriminator",
        "big-endian",
        "columns first",
        "under state",
        "with a text",
    ],
)
def test_plain_weights_are_read_under_any_names(save, change, arrays, tmp_path: Path) -> None:
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, tmp_path / "plain.pt")
    save(tmp_path / "model.npz", **change(arrays))
    (tmp_path / "model.npz").rename(tmp_path / "model.bin")  # the content says what it is
    assert ga.load(tmp_path / "model.bin").fingerprint == ga.load(tmp_path / "plain.pt").fingerprint


def member(array: np.ndarray | None = None, *, header: str | None = None, data: bytes = b"") -> bytes:
    """An array as NumPy stores it, or one that only says that it is."""
    stream = io.BytesIO()
    if array is not None:
        np.save(stream, array, allow_pickle=True)
        return stream.getvalue()
    assert header is not None
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def write(path: Path, compression: int = zipfile.ZIP_STORED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


class Touch:
    """Writes a file when it is unpickled carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickled_objects_are_not_opened(tmp_path: Path) -> None:
    path = write(tmp_path / "model.npz", weight=member(np.array([Touch(tmp_path / "touched")], dtype=object)))
    with pytest.raises(ga.CheckpointError, match="holds objects in 'weight', which could run code"):
        ga.load(path)
    assert not (tmp_path / "touched").exists()
    np.load(path, allow_pickle=True)["weight"]  # the trap is real
    assert (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (member(header="{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999)}"), "claims an array"),
        (member(header="{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4)}", data=bytes(16)), "claims an arr"),
        (member(header="{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", data=bytes(4)), "objects"),
        (member(header="{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}", data=bytes(8)), "objects in"),
        (member(header="{'descr': __import__('os'), 'shape': (1,)}"), "cut off or damaged"),
        (member(header="[" * 60), "cut off or damaged"),
        (b"\x93NUMPY\x03\x00\x10\x00\x00\x00" + bytes(16), r"version \(3, 0\) of NumPy's format"),
        (b"not an array", "cut off or damaged"),
        (member(np.ones((3, 4), np.complex64)), "holds no weights"),
    ],
    ids=["huge", "negative", "records", "dates", "code in the header", "recursion", "version 3", "text", "complex"],
)  # fmt: skip
def test_arrays_that_are_not_what_they_say_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(write(tmp_path / "model.npz", weight=content))


def test_archives_that_are_bombs_are_not_unpacked(tmp_path: Path) -> None:
    bomb = member(np.zeros((50 << 20) // 4, np.float32))
    path = write(tmp_path / "bomb.npz", zipfile.ZIP_DEFLATED, weight=bomb)
    assert path.stat().st_size < 100_000
    with pytest.raises(ga.CheckpointError, match="claims 5[0-9]* bytes in 'weight.npy' and holds less"):
        ga.load(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [("{", "damaged init_kwargs"), ("3", "a int, not named values"), ("[" * 5000, "damaged init_kwargs")],
    ids=["cut off", "number", "recursion"],
)
def test_settings_that_are_damaged_are_refused(settings: str, message: str, arrays, tmp_path: Path) -> None:
    inside = {f"state/{name}": array for name, array in arrays.items()}
    np.savez(tmp_path / "model.npz", init_kwargs=np.array(settings), **inside)
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(tmp_path / "model.npz")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_archives_that_are_cut_off_are_refused(keep: float, arrays, tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", **arrays)
    path = tmp_path / "model.npz"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(ga.CheckpointError, match="cut off or damaged"):
        ga.load(path)
