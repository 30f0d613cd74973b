"""Files made to do harm: nothing in them runs, each refusal says what the file asks for, and none takes long."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from generators.checkpoints.bombs import BOMBS
from generators.checkpoints.hostile_files import ACCEPTED, CODE, Exploit, Victim

import ganatomy as ga
from ganatomy.generators.checkpoints import MOST_TENSORS, read_checkpoint

SECONDS = 60
"""Of the processor, where the checks of shapes and types make every step many times slower than it is."""

SLOW = ("millions of instructions", "layers that double the image a dozen times")


@pytest.mark.parametrize("exploit", CODE.values(), ids=CODE)
def test_code_in_a_file_does_not_run(exploit: Exploit, tmp_path: Path) -> None:
    victim = Victim(tmp_path / "touched")
    path = tmp_path / f"model.{exploit.ending}"
    path.write_bytes(exploit.write(victim))
    with pytest.raises(ga.CheckpointError, match=exploit.named):
        ga.load(path)
    assert not victim.path.exists()
    assert sorted(tmp_path.iterdir()) == [path]
    if exploit.spring:  # the trap is real: a reader that trusts the file springs it
        assert exploit.springs(victim)


@pytest.mark.parametrize("exploit", ACCEPTED.values(), ids=ACCEPTED)
def test_weights_can_be_had_without_the_code_beside_them(exploit: Exploit, tmp_path: Path) -> None:
    victim = Victim(tmp_path / "touched")
    path = tmp_path / "model.pkl"
    path.write_bytes(exploit.write(victim))
    G = ga.load(path)
    assert G(G.sample(2)).isfinite().all()
    assert not victim.path.exists()
    if exploit.spring:
        assert exploit.springs(victim)


@pytest.mark.parametrize(
    ("write", "named", "ending"),
    [
        pytest.param(*bomb, id=name, marks=pytest.mark.slow if name in SLOW else ())
        for name, bomb in BOMBS.items()
    ],
)
def test_what_would_cost_time_or_memory_is_refused_at_once(
    write, named: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{ending}"
    path.write_bytes(write())
    begin = time.process_time()
    with pytest.raises(ga.CheckpointError, match=named):
        ga.load(path)
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize("network", [None, "G", "D"])
def test_which_network_is_wanted_does_not_matter(network: str | None, tmp_path: Path) -> None:
    victim = Victim(tmp_path / "touched")
    path = tmp_path / "model.pkl"
    path.write_bytes(CODE["a discriminator that runs code"].write(victim))
    with pytest.raises(ga.CheckpointError, match="asks for posix.system"):
        read_checkpoint(path, network=network)
    assert not victim.path.exists()


def test_files_of_too_many_tensors_are_refused_before_these_are_read(tmp_path: Path) -> None:
    path = tmp_path / "many.safetensors"
    empty = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(MOST_TENSORS + 1)}
    header = json.dumps(empty).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(
        ga.CheckpointError, match="holds 20,001 tensors, and no generator has more than 20,000"
    ):
        ga.load(path)
