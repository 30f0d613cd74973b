"""Exported models: the same generator, with a card, in one file or in a folder for the hub."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch

import ganatomy as ga
from ganatomy.generators.checkpoints import read_checkpoint
from ganatomy.generators.dcgan import DCGAN
from ganatomy.generators.wrapped import WrappedGenerator


@pytest.fixture(autouse=True)
def _ours_only(request: pytest.FixtureRequest) -> None:
    if "generator" in request.fixturenames and isinstance(
        request.getfixturevalue("generator"), WrappedGenerator
    ):
        pytest.skip("code cannot be exported, which another test shows")


def test_it_is_the_same_generator(generator: ga.Generator, tmp_path: Path) -> None:
    written = ga.export(generator, tmp_path / "model.safetensors")
    again = ga.load(written.path)
    assert again.fingerprint == generator.fingerprint == written.fingerprint
    codes = generator.sample(2, seed=3)
    with torch.no_grad():
        assert torch.equal(again(codes), generator(codes))


def test_half_precision_has_the_fingerprint_that_is_recorded(generator: ga.Generator, tmp_path: Path) -> None:
    before = generator.fingerprint
    written = ga.export(generator, tmp_path / "model.safetensors", bits=16)
    again = ga.load(written.path)
    same = all(
        torch.equal(tensor, again.state_dict()[name]) for name, tensor in generator.state_dict().items()
    )
    assert again.fingerprint == written.fingerprint
    assert (written.fingerprint == before) == same
    assert generator.fingerprint == before
    codes = generator.sample(2, seed=3).codes
    with torch.no_grad():
        close = again(again.sample(2, seed=3).with_codes(codes)) - generator(generator.sample(2, seed=3))
    assert close.abs().max() < 0.05


def test_the_card_says_where_it_came_from(tmp_path: Path) -> None:
    torch.save(DCGAN.build(z_dim=12, widths=(8, 8)).state_dict(), tmp_path / "theirs.pt")
    ga.export(ga.load(tmp_path / "theirs.pt", resolution=8), tmp_path / "a.safetensors", licence="MIT")
    card = json.loads(read_checkpoint(tmp_path / "a.safetensors").metadata["card"])
    assert card["source"] == {
        "name": "theirs.pt",
        "url": None,
        "format": "PyTorch",
        "sha256": hashlib.sha256((tmp_path / "theirs.pt").read_bytes()).hexdigest(),
    }
    assert (card["architecture"], card["resolution"], card["licence"]) == ("DCGAN", 8, "MIT")
    assert card["exported"]["by"] == f"ganatomy {ga.__version__}"

    again = ga.export(ga.load(tmp_path / "a.safetensors"), tmp_path / "b.safetensors").card
    assert again["source"] == card["source"], "the first source is the one that counts"
    assert again["licence"] == "MIT"


def test_a_bundled_model_keeps_its_card(tmp_path: Path) -> None:
    card = ga.export(ga.load("faces"), tmp_path / "faces.safetensors").card
    assert card["licence"] == "Apache-2.0"
    assert card["data"]
    assert card["source"]["name"] == "faces"


def header_of(page: str) -> dict[str, Any]:
    """The YAML at the top of a README; each line is a name and a JSON value."""
    _, header, _ = page.split("---\n", 2)
    return {name: json.loads(value) for name, value in (line.split(": ", 1) for line in header.splitlines())}


def test_a_folder_can_be_pushed_to_the_hub_as_it_is(tmp_path: Path) -> None:
    written = ga.export(ga.load("faces"), tmp_path / "my-faces")
    assert {path.name for path in (tmp_path / "my-faces").iterdir()} == {"model.safetensors", "README.md"}
    page = (tmp_path / "my-faces/README.md").read_text()
    header = header_of(page)
    assert header["license"] == "apache-2.0"
    assert header["tags"] == ["gan", "stylegan2"]
    assert "# my-faces" in page
    assert written.fingerprint in page
    assert ga.load(tmp_path / "my-faces").fingerprint == ga.load("faces").fingerprint
    [code] = [part.partition("```")[0] for part in page.split("```python\n")[1:]]
    compile(code, "README.md", "exec")


def test_a_licence_that_the_hub_does_not_know_has_a_name_of_its_own(tmp_path: Path) -> None:
    ga.export(ga.ToyGenerator(), tmp_path / "toy", licence='Mine: "no" | yes')
    header = header_of((tmp_path / "toy/README.md").read_text())
    assert (header["license"], header["license_name"]) == ("other", 'Mine: "no" | yes')
    ga.export(ga.ToyGenerator(), tmp_path / "toy")
    assert header_of((tmp_path / "toy/README.md").read_text())["license_name"] == "unknown"


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    mine = ga.wrap(lambda z: z[:, :1, None, None].expand(-1, 1, 8, 8).tanh(), z_dim=4)
    with pytest.raises(ga.SettingError, match="is code of yours, which a file of weights cannot hold"):
        ga.export(mine, tmp_path / "a.safetensors")
    with pytest.raises(
        ga.SettingError, match="'a.pt' is neither a folder nor a file that ends in .safetensors"
    ):
        ga.export(ga.ToyGenerator(), tmp_path / "a.pt")
    (tmp_path / "file").write_text("")
    with pytest.raises(ga.OutputError, match="cannot be written"):
        ga.export(ga.ToyGenerator(), tmp_path / "file" / "folder")
