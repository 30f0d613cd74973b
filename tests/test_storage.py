"""Files of codes and directions: what is written comes back, and anything else is refused by what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ganatomy.errors import CheckpointError, MissingFileError, OutputError
from ganatomy.latents import Direction, Directions, Latents, Space
from ganatomy.storage import (
    load_directions,
    load_latents,
    read_kind,
    save_directions,
    save_latents,
)
from ganatomy.writing import atomic_write

FLOATS = ["intercept", "sigma", "slope", "auc"]
OTHERS = ["name", "space", "layers", "method", "seed", "fingerprint"]


def random(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape)).to(dtype)


def directions(*names: str, **facts) -> Directions:
    vectors = random(len(names), 6)
    return Directions(
        Direction(name=n, vector=v, space=Space.W, **facts) for n, v in zip(names, vectors, strict=True)
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.file"


def assert_same(loaded: Directions, saved: Directions) -> None:
    assert loaded.names == saved.names
    for a, b in zip(loaded, saved, strict=True):
        assert a.vector.dtype == b.vector.dtype
        assert torch.equal(a.vector, b.vector)
        assert [getattr(a, field) for field in OTHERS] == [getattr(b, field) for field in OTHERS]
        for field in FLOATS:
            assert getattr(a, field) == pytest.approx(getattr(b, field), rel=0, abs=0, nan_ok=True), field


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=st.fixed_dictionaries(
        {
            "name": st.text(st.characters(codec=None)),
            "method": st.text(),
            "layers": st.none() | st.tuples(st.integers(0, 5), st.integers(6, 18)),
            "seed": st.none() | st.integers(0, 2**63),
            "fingerprint": st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
            **dict.fromkeys(FLOATS, st.floats()),
            "sigma": st.floats(min_value=0, allow_infinity=False) | st.just(float("nan")),
        }
    ),
    dtype=st.sampled_from([torch.float16, torch.float32, torch.float64]),
)
def test_directions_come_back_to_the_last_bit(file, facts, dtype):
    saved = Directions([Direction(vector=random(16, dtype=dtype), space=Space.W, **facts)])
    save_directions(saved, file)
    assert_same(load_directions(file), saved)


def test_many_directions_keep_their_order_and_their_own_precision(file):
    vectors = {"b": random(8), "a": random(8, dtype=torch.float64), "Ä/ñ\n": random(8)}
    saved = Directions(Direction(name=n, vector=v, space=Space.Z) for n, v in vectors.items())
    assert save_directions(saved, file) == file
    assert_same(load_directions(file), saved)


def test_w_plus_directions_and_empty_sets_come_back(file):
    saved = Directions([Direction(name="hat", vector=random(5, 6), space=Space.W_PLUS, layers=(1, 3))])
    save_directions(saved, file)
    assert_same(load_directions(file), saved)
    save_directions(Directions([]), file)
    assert len(load_directions(file)) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "latents",
    [
        Latents(codes=random(3, 6), space=Space.Z, labels=torch.eye(3), fingerprint="abc"),
        Latents(codes=random(3, 6), space=Space.W, num_layers=5),
        Latents(codes=random(3, 6), space=Space.W, num_layers=5).to("w+"),
        Latents(codes=random(3, 6), space=Space.S)[1:],
        Latents(codes=random(3, 6)[:0], space=Space.Z),
    ],
    ids=["z with labels", "w", "w spread to w+", "a slice of s", "no codes"],
)
def test_latents_come_back_to_the_last_bit(file, latents, dtype):
    saved = latents.with_codes(latents.codes.to(dtype))
    assert save_latents(saved, file) == file
    loaded = load_latents(file)
    assert loaded.codes.dtype == dtype
    assert torch.equal(loaded.codes, saved.codes)
    assert (loaded.space, loaded.num_layers, loaded.fingerprint) == (
        saved.space,
        saved.num_layers,
        saved.fingerprint,
    )
    assert (loaded.labels is None) == (saved.labels is None)
    if loaded.labels is not None and saved.labels is not None:
        assert torch.equal(loaded.labels, saved.labels)


def test_any_safetensors_reader_finds_the_tensors_and_plain_json(file):
    save_directions(directions("Smiling"), file)
    assert list(load_file(file)) == ["vector.0"]
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    facts = json.loads(metadata["facts"], parse_constant=refuse)
    assert facts["directions"][0]["name"] == "Smiling"
    assert facts["directions"][0]["slope"] == "nan"


def test_the_kind_of_a_file_can_be_asked(tmp_path):
    save_directions(directions("a"), tmp_path / "d")
    save_latents(Latents(codes=random(1, 2), space=Space.Z), tmp_path / "l")
    assert (read_kind(tmp_path / "d"), read_kind(tmp_path / "l")) == ("directions", "latents")


class TestWrongUse:
    def test_directions_given_as_latents_and_the_other_way_round(self, file):
        save_directions(directions("a"), file)
        with pytest.raises(
            CheckpointError, match="holds directions, not latents; read it with load_directions"
        ):
            load_latents(file)
        save_latents(Latents(codes=random(1, 2), space=Space.Z), file)
        with pytest.raises(CheckpointError, match="holds latents, not directions; read it with load_latents"):
            load_directions(file)

    @pytest.mark.parametrize("read", [load_directions, load_latents, read_kind])
    def test_tensors_of_others(self, file, read):
        save_file({"conv.weight": random(2, 3)}, file)
        with pytest.raises(CheckpointError, match=r"holds none of latents, directions, .*'conv.weight'"):
            read(file)
        save_file({"conv.weight": random(2, 3)}, file, metadata={"kind": "ganatomy generator"})
        with pytest.raises(CheckpointError, match="holds none of latents, directions"):
            read(file)

    @pytest.mark.parametrize("read", [load_directions, load_latents, read_kind])
    def test_a_missing_file(self, tmp_path, read):
        with pytest.raises(MissingFileError, match=r"nothing.safetensors does not exist"):
            read(tmp_path / "nothing.safetensors")

    def test_a_folder(self, tmp_path):
        with pytest.raises(CheckpointError, match="is a folder"):
            load_directions(tmp_path)

    @pytest.mark.parametrize("fraction", [0.0, 0.01, 0.5, 0.99])
    def test_a_truncated_file(self, file, fraction):
        save_directions(directions("a", "b"), file)
        whole = file.read_bytes()
        file.write_bytes(whole[: int(len(whole) * fraction)])
        with pytest.raises(CheckpointError, match="not a whole safetensors file"):
            load_directions(file)

    def test_something_else_altogether(self, file):
        torch.save({"a": 1}, file)
        with pytest.raises(CheckpointError, match="not a whole safetensors file"):
            load_latents(file)

    @pytest.mark.parametrize("version", ["2", "", "new"])
    def test_a_format_of_the_future(self, file, version):
        save_directions(directions("a"), file)
        rewrite(file, format=version)
        with pytest.raises(CheckpointError, match=r"has format \w+, this ganatomy reads formats up to 1"):
            load_directions(file)

    @pytest.mark.parametrize(
        "facts",
        ["{", "[]", "{}", '{"directions": [{"name": "a"}]}', '{"directions": 3}'],
        ids=["no JSON", "a list", "nothing", "half a direction", "a number"],
    )
    def test_damaged_facts(self, file, facts):
        save_directions(directions("a"), file)
        rewrite(file, facts=facts)
        with pytest.raises(CheckpointError, match="is damaged"):
            load_directions(file)

    @pytest.mark.parametrize("sigma", ["-0.5", "inf", "-inf"])
    def test_a_sigma_that_is_no_standard_deviation(self, file, sigma):
        save_directions(directions("a", sigma=float(sigma)), file)
        with pytest.raises(CheckpointError, match=f"damaged .*sigma is {sigma}"):
            load_directions(file)

    @pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
    def test_tensors_of_other_numbers(self, file, dtype):
        save_directions(directions("a"), file)
        rewrite(file, **{"vector.0": torch.ones(6).to(dtype)})
        with pytest.raises(CheckpointError, match=f"damaged .*vector.0 is {dtype}"):
            load_directions(file)
        save_latents(Latents(codes=random(1, 2), space=Space.Z), file)
        rewrite(file, codes=torch.ones(1, 2).to(dtype))
        with pytest.raises(CheckpointError, match=f"damaged .*codes is {dtype}"):
            load_latents(file)

    def test_labels_of_other_codes(self, file):
        save_latents(Latents(codes=random(3, 6), space=Space.Z, labels=torch.eye(3)), file)
        rewrite(file, labels=torch.eye(2))
        with pytest.raises(CheckpointError, match=r"3 codes have labels of shape \[2, 2\]"):
            load_latents(file)

    def test_codes_of_the_wrong_shape_for_their_space(self, file):
        save_latents(Latents(codes=random(1, 2), space=Space.Z), file)
        rewrite(file, facts='{"space": "w+", "num_layers": 2, "fingerprint": null}')
        with pytest.raises(CheckpointError, match=r"is damaged \(SpaceError"):
            load_latents(file)


class TestWriting:
    def test_a_folder_that_is_missing_is_made(self, tmp_path):
        path = tmp_path / "new" / "folder" / "a.directions"
        save_directions(directions("a"), path)
        assert load_directions(path).names == ["a"]

    def test_a_place_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(
            OutputError, match=r"a.directions cannot be written: (Not a directory|File exists)"
        ):
            save_directions(directions("a"), tmp_path / "file" / "a.directions")

    def test_a_folder_is_not_replaced_by_a_file(self, tmp_path):
        with pytest.raises(OutputError, match="cannot be written"):
            save_directions(directions("a"), tmp_path)
        assert list(tmp_path.parent.glob(".*.part")) == []

    def test_nothing_is_left_and_the_old_file_stays_when_writing_fails(self, tmp_path, monkeypatch):
        path = tmp_path / "a.directions"
        save_directions(directions("old"), path)

        def full(part: Path, data: bytes) -> None:
            with part.open("wb") as file:
                file.write(data[: len(data) // 2])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(OutputError, match="cannot be written: No space left on device"):
            save_directions(directions("new"), path)
        assert load_directions(path).names == ["old"]
        assert list(tmp_path.iterdir()) == [path]

    def test_a_stop_in_the_middle_leaves_nothing(self, tmp_path):
        def stopped() -> None:
            with atomic_write(tmp_path / "a") as part:
                part.write_text("half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stopped()
        assert list(tmp_path.iterdir()) == []


def rewrite(file, **changed: str | torch.Tensor) -> None:
    """The same file with other metadata, or other tensors."""
    tensors: dict[str, torch.Tensor] = {name: tensor.clone() for name, tensor in load_file(file).items()}
    with safe_open(file, framework="pt") as opened:
        metadata: dict[str, str] = dict(opened.metadata())
    for name, value in changed.items():
        if isinstance(value, str):
            metadata[name] = value
        else:
            tensors[name] = value
    save_file(tensors, file, metadata=metadata)


def test_codes_that_are_not_finite_are_refused_with_their_row(tmp_path: Path):
    codes = torch.zeros(4, 3)
    codes[2, 1] = float("nan")
    path = save_latents(Latents(codes=codes, space=Space.Z), tmp_path / "nan.latents")
    with pytest.raises(CheckpointError, match="row 2 of 4 codes is not finite"):
        load_latents(path)
