"""Files that claim to be endless, by holes, by compression or by nesting: refused at once, in little memory."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import ganatomy as ga
from ganatomy.datasets.idx import read_idx
from ganatomy.errors import CheckpointError
from ganatomy.generators import save_generator
from ganatomy.generators.checkpoints.arrays import read_npy
from ganatomy.generators.dcgan import DCGAN
from ganatomy.reading import parse_json, read_whole

SPARSE = {
    "Keras": ("h5", b"\x89HDF\r\n\x1a\n", ga.load),
    "a pickle": ("pkl", b"\x80\x04", ga.load),
    "an old file of PyTorch": ("pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", ga.load),
    "ONNX": ("onnx", b"\x08\x07", ga.load),
    "an ONNX classifier": ("onnx", b"\x08\x07", ga.scorer),
    "TensorFlow.js": ("json", b"{", ga.load),
    "safetensors": ("safetensors", b"\xff\xff\xff\xff\x01\0\0\0{", ga.load),
    "an archive": ("pt", b"PK\x03\x04", ga.load),
    "a table": ("csv", b"file,Smiling\n", ga.read_labels),
    "codes": ("latents", b"\xff\xff\xff\xff\x01\0\0\0{", ga.load_latents),
    "directions": ("directions", b"\xff\xff\xff\xff\x01\0\0\0{", ga.load_directions),
    "a photograph": ("png", b"\x89PNG\r\n\x1a\n", ga.open_photograph),
    "an array": ("npy", b"\x93NUMPY\x01\x00", read_npy),
    "MNIST": ("idx", b"\0\0\x08\x03\0\xff\xff\xff\0\0\0\x1c\0\0\0\x1c", read_idx),
}


@pytest.mark.parametrize("kind", SPARSE)
def test_eight_gigabytes_of_nothing_are_not_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, head, read = SPARSE[kind]
    path = tmp_path / f"sparse.{ending}"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(8 << 30)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("all of it was read"))
    with pytest.raises(CheckpointError):
        read(path)


def test_a_file_is_read_up_to_the_size_of_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "four"
    path.write_bytes(b"four")
    assert read_whole(path, most=4) == b"four"
    with pytest.raises(CheckpointError, match="has 0 MB, and files of its kind have 0 MB at most"):
        read_whole(path, most=3)


@pytest.mark.parametrize(
    ("shape", "held"),
    [((60_000, 28, 28), 3_000_000_000), ((3, 1000, 1000, 1000), 3_000_000_000), ((9, 28, 28), 9)],
)
def test_gzipped_images_are_unpacked_as_far_as_they_promise(
    shape: tuple[int, ...], held: int, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(
            bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape) + bytes(9)
        )
        for _ in range(min(held, 80_000_000) // 1_000_000):  # what follows is never reached
            file.write(bytes(1_000_000))
    with pytest.raises(CheckpointError, match="promises"):
        read_idx(path)


DEEP = '{"a":' * 2000 + "1" + "}" * 2000


@pytest.mark.parametrize("field", ["settings", "architecture", "kind", "format", "prior", "fingerprint"])
def test_settings_nested_2000_deep_are_one_short_line(field: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.safetensors"
    save_generator(DCGAN.build(z_dim=3, widths=(2,), channels=1).eval(), path)
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    save_file(tensors, path, metadata=metadata | {field: DEEP})
    if field in ("prior", "fingerprint"):  # which say nothing of the weights
        ga.load(path)
        return
    with pytest.raises(CheckpointError) as refused:
        ga.load(path)
    assert len(str(refused.value)) < 400 + len(str(path))


def test_a_card_nested_2000_deep_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "deep.safetensors"
    save_generator(DCGAN.build(z_dim=3, widths=(2,), channels=1).eval(), path)
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    save_file(tensors, path, metadata=metadata | {"card": DEEP})
    found = ga.load(path).origin
    assert found is not None
    assert "its card is damaged" in found.notes


@pytest.mark.parametrize("text", [DEEP * 9, "[" * 10**6, '{"a":' * 10**5, "", "nonsense"])
def test_damaged_json_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply|Expecting|Extra data"):
        parse_json(text)


TEXTS: dict[str, Callable[[Path], object]] = {
    "a.calibrated": ga.scorer,
    "a.words": ga.scorer,
    "a.json": ga.read_recipe,
}


@pytest.mark.parametrize("name", TEXTS)
def test_other_files_of_json_may_not_be_nested_either(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(DEEP)
    with pytest.raises(CheckpointError):
        TEXTS[name](tmp_path / name)


def test_a_survey_nested_2000_deep(tmp_path: Path) -> None:
    (tmp_path / "survey.json").write_text(DEEP)
    with pytest.raises(CheckpointError, match="nested too deeply"):
        ga.load_survey(tmp_path)


def test_directions_of_an_earlier_version_say_so(tmp_path: Path) -> None:
    import json

    from ganatomy.storage import load_tensors, save_tensors

    toy = ga.ToyGenerator(seed=0)
    path = ga.save_directions(toy.truth, tmp_path / "my.directions")
    tensors, facts = load_tensors("directions", path)
    facts = json.loads(json.dumps(facts))
    for item in facts["directions"]:
        del item["step"], item["held"]
    save_tensors("directions", tensors, facts, path)
    with pytest.raises(
        CheckpointError, match=r"by an earlier ganatomy, whose directions had no held, step; make"
    ):
        ga.load_directions(path)
    assert torch.is_tensor(tensors["vector.0"])
