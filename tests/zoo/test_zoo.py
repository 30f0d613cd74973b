"""The names of the bundled models, and their cards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ganatomy as ga
from ganatomy.generators import save_generator
from ganatomy.zoo import MODELS, BundledModel, read_metadata


def test_files_are_named_after_the_model() -> None:
    assert [*MODELS] == ["faces", "digits", "drawn"]
    assert MODELS["digits"].generator.name == "digits-generator.safetensors"
    assert MODELS["digits"].scorer.name == "digits-scorer.safetensors"


def test_a_card_is_read_without_torch(tmp_path: Path) -> None:
    path = save_generator(ga.ToyGenerator(), tmp_path / "toy.safetensors", card={"images": 7})
    code = (
        "import sys; from pathlib import Path; from ganatomy.zoo import read_metadata;"
        f"print(read_metadata(Path({str(path)!r}))['card'], 'torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == '{"images": 7} False'


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 not this", b"\x02" + bytes(7) + b"[]"], ids=["empty", "zip", "a list"]
)
def test_files_of_another_format_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ga.CheckpointError, match="not a safetensors file"):
        read_metadata(tmp_path / "x.safetensors")


def test_an_incomplete_installation_is_named() -> None:
    with pytest.raises(ga.MissingFileError, match="installation of ganatomy is incomplete"):
        _ = BundledModel(name="nothing").card
