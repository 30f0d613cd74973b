"""The one reader of pickles, held against Python's own, and torch's files, held against torch's."""

from __future__ import annotations

import argparse
import io
import pickle
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generators.checkpoints.assembly import call, name, pickled, push
from hypothesis import given, settings
from hypothesis import strategies as st

import ganatomy as ga
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.generators.checkpoints.inert import Attributes
from ganatomy.generators.checkpoints.machine import interpret
from ganatomy.generators.checkpoints.pickles import load_pickle, plain_weights
from ganatomy.generators.checkpoints.zipped import load_torch

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
KEYS = st.one_of(
    st.text(), st.binary(), st.booleans(), st.integers(-(2**59), 2**59), st.floats(allow_nan=False)
)
LEAVES = st.one_of(KEYS, st.none(), st.integers(-(2**200), 2**200))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(KEYS, inner)),
    max_leaves=15,
)


def read(data: bytes) -> Any:
    return interpret(io.BytesIO(data))


@given(VALUES, st.sampled_from(PROTOCOLS))
@settings(max_examples=150, deadline=None)
def test_plain_values_are_what_python_reads(value: Any, protocol: int) -> None:
    data = pickle.dumps([value, value], protocol)
    assert repr(read(data)) == repr(pickle.loads(data))


@pytest.mark.parametrize("protocol", PROTOCOLS[2:])
def test_containers_of_the_library_become_plain_ones(protocol: int) -> None:
    value = [
        OrderedDict(a=1),
        {3, 1},
        frozenset("b"),
        torch.Size([2, 3]),
        torch.float16,
        torch.device("cpu"),
        1 + 2j,
    ]
    found = read(pickle.dumps(value, protocol))
    assert found[0] == {"a": 1}
    assert sorted(found[1]) == [1, 3]
    assert found[2:4] == [["b"], (2, 3)]
    assert found[5] == "cpu"
    assert found[6] == 1 + 2j


@pytest.mark.parametrize("protocol", PROTOCOLS[2:])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="f4").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype="f8").reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.zeros((0, 2), "f2"),
        np.array([True, False]),
        np.float64(2.5),
        np.int64(-7),
    ],
    ids=["plain", "columns first", "big-endian", "empty", "booleans", "a float", "a whole number"],
)
def test_numpys_values_are_read_without_numpys_functions(array: Any, protocol: int, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": array}, protocol))
    found = plain_weights(load_pickle(tmp_path / "a.pkl"), tmp_path / "a.pkl")["a"]
    assert np.array_equal(np.asarray(found), array)


def tensors() -> dict[str, torch.Tensor]:
    whole = torch.randn(4, 6)
    return {
        "plain": torch.randn(3, 2), "turned": whole.T, "part": whole[1:3, ::2], "scalar": torch.tensor(2.5),
        "half": torch.randn(3).half(), "rough": torch.randn(3).bfloat16(), "whole": torch.arange(5),
        "small": torch.arange(5, dtype=torch.uint8), "flags": torch.tensor([True, False]), "none": torch.zeros(0, 3),
        "learnt": torch.nn.Parameter(torch.randn(2)), "unusual": torch.arange(4).to(torch.uint16),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["archive", "before 1.6", "pickle"])
def test_tensors_are_what_torch_reads(form: str, tmp_path: Path) -> None:
    path, content = tmp_path / "t.pt", tensors()
    if form != "archive":
        del content["unusual"]  # a type that torch's old files do not know
    if form == "pickle":
        path.write_bytes(pickle.dumps(content))
        found = plain_weights(load_pickle(path), path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "archive")
        found = load_torch(path)
        content = torch.load(path, weights_only=True)
    assert list(found) == list(content)
    for key, tensor in content.items():
        assert found[key].dtype == tensor.dtype
        assert torch.equal(found[key], tensor)
        assert found[key].stride() == tensor.stride()


def test_storages_are_read_once_and_can_be_written_to(tmp_path: Path) -> None:
    shared = torch.zeros(4)
    torch.save({"a": shared, "b": shared[2:]}, tmp_path / "t.pt")
    found = load_torch(tmp_path / "t.pt")
    found["a"][2] = 7
    assert found["b"][0] == 7


def test_big_endian_archives_are_turned(tmp_path: Path) -> None:
    torch.save({"a": torch.tensor([1.5, -2.0])}, tmp_path / "little.pt")
    with zipfile.ZipFile(tmp_path / "little.pt") as little, zipfile.ZipFile(tmp_path / "big.pt", "w") as big:
        for member in little.namelist():
            content = little.read(member)
            if member.endswith("data/0"):
                content = np.frombuffer(content, "<f4").byteswap().tobytes()
            big.writestr(member, b"big" if member.endswith("byteorder") else content)
    assert load_torch(tmp_path / "big.pt")["a"].tolist() == [1.5, -2.0]


def test_what_training_scripts_keep_beside_the_weights_does_not_hinder(tmp_path: Path) -> None:
    content = {
        "args": argparse.Namespace(lr=0.1, size=[64]), "best": np.float64(3.5), "counts": Counter("aab"),
        "seen": {1, 2}, "g_ema": {"a.weight": torch.ones(3, 3)},
    }  # fmt: skip
    torch.save(content, tmp_path / "t.pt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "t.pt", weights_only=True)
    found = load_torch(tmp_path / "t.pt")
    assert isinstance(found["args"], Attributes)
    assert found["args"].values == {"lr": 0.1, "size": [64]}
    assert found["best"] == 3.5
    assert torch.equal(read_checkpoint(tmp_path / "t.pt").state["a.weight"], torch.ones(3, 3))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.eye(3).to_sparse(), "sparse, quantised or of a special kind"),
        (torch.zeros(3, device="meta"), "sparse, quantised or of a special kind"),
    ],
    ids=["sparse", "without numbers"],
)
def test_tensors_of_other_kinds_are_refused(tensor: torch.Tensor, message: str, tmp_path: Path) -> None:
    torch.save({"a": tensor}, tmp_path / "t.pt")
    with pytest.raises(ga.CheckpointError, match=message):
        ga.load(tmp_path / "t.pt")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut off or damaged"),
        (b"\x80\x04", "cut off or damaged"),
        (pickled(b"0"), "cut off or damaged"),
        (pickled(b"h\x07"), "cut off or damaged"),
        (pickled(b"Na"), "cut off or damaged"),
        (pickled(b"}(Nu"), "sets an item"),
        (pickled(b"](NNe" + push("k") + b"Ns"), "cut off or damaged"),
        (pickled(b"P1\n"), "refers to something outside"),
        (pickled(b"NQ"), "refers to something outside"),
        (pickled(b"\x97"), "uses the instruction NEXT_BUFFER"),
        (pickled(name("collections", "OrderedDict") + b")}" + push("a") + b"Ns\x92"), "arguments by name"),
        (pickled(call(name("torch", "FloatStorage"), push(3))), "asks for torch.FloatStorage"),
        (pickled(call(name("torch", "Size"), b"(" + push(1) * 9 + b"t")), "no sizes"),
        (pickled(name("a\x1b[2J", "b")), r"asks for a\\x1b\[2J.b"),
        (pickled(call(name("dnnlib.tflib.network", "Network"))), "TensorFlow years; convert it with legacy.py"),
    ],
    ids=[
        "nothing", "no end", "an empty stack", "an empty memo", "an append to nothing", "a key without a value",
        "an item of a list", "a name outside", "an object outside", "a buffer outside", "arguments by name",
        "a type called", "too many axes", "a name that clears the screen", "a TensorFlow network",
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ga.CheckpointError, match=message):
        read(data)


@pytest.mark.parametrize("arrays", [True, False], ids=["arrays", "tensors"])
def test_a_pickled_state_dict_loads_like_a_saved_one(arrays: bool, tmp_path: Path) -> None:
    state = {"main.0.weight": torch.randn(6, 4, 4, 4), "main.2.weight": torch.randn(4, 3, 4, 4)}
    torch.save(state, tmp_path / "saved.pt")
    content = {key: tensor.numpy() for key, tensor in state.items()} if arrays else state
    (tmp_path / "pickled.pkl").write_bytes(pickle.dumps({"G": content}))
    assert ga.load(tmp_path / "pickled.pkl").fingerprint == ga.load(tmp_path / "saved.pt").fingerprint
    assert read_checkpoint(tmp_path / "pickled.pkl").format == "pickle"
