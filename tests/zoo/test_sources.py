"""From what a person types to a file: bundled and published names, paths, folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ganatomy as ga
from ganatomy.generators import save_generator
from ganatomy.zoo import MODELS
from ganatomy.zoo.published import PUBLISHED
from ganatomy.zoo.sources import cached_file, find_source


@pytest.fixture
def published(server: Any, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A published model whose server is this machine."""
    body = save_generator(ga.ToyGenerator(), tmp_path / "toy.safetensors").read_bytes()
    server.put("/toy.safetensors", body)
    model = replace(PUBLISHED["stylegan2-ada-ffhq"], name="toy-model", url=f"{server.url}/toy.safetensors")
    monkeypatch.setitem(PUBLISHED, "toy-model", model)
    return "toy-model"


def test_a_published_model_is_downloaded_once_and_its_licence_shown(
    published: str, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = ga.load(published)
    assert "Nvidia Source Code License (non-commercial)" in capsys.readouterr().err
    assert ga.load(published).fingerprint == generator.fingerprint == ga.ToyGenerator().fingerprint
    assert len(server.asked) == 1
    assert generator.origin is not None
    assert generator.origin.licence == "Nvidia Source Code License (non-commercial)"
    assert generator.origin.source.kind == "published"
    assert cached_file(PUBLISHED[published]).exists()


def test_a_file_of_that_name_goes_before_a_published_model(
    published: str, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.safetensors").rename(published)
    assert find_source(published).kind == "file"
    assert server.asked == []


def test_published_models_are_named_and_described() -> None:
    for name, model in PUBLISHED.items():
        assert model.name == name
        assert model.url.startswith("https://")
        assert model.page.startswith("https://")
        assert model.licence
        assert model.draws
        assert Path(name).suffix == "", "a name with a dot would be taken for a file"
    assert PUBLISHED["stylegan3-r-ffhqu-256x256"].resolution == 256
    assert PUBLISHED["stylegan3-t-afhqv2-512x512"].url == (
        "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files/stylegan3-t-afhqv2-512x512.pkl"
    )
    assert not set(PUBLISHED) & set(MODELS)


def test_what_the_table_says_of_bundled_models_is_so() -> None:
    for name, model in MODELS.items():
        it = ga.load(name).signature
        assert (model.architecture, model.resolution) == (it.architecture, it.resolution)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("facse", "did you mean 'faces'"),
        ("stylegan2-ada-fhq", "did you mean 'stylegan2-ada-ffhq'"),
        ("Faces", "did you mean 'faces'"),
        ("lsundog", "stylegan2-lsundog-256x256"),
        ("ffhqu", "known: stylegan2-ffhqu-1024x1024, stylegan2-ffhqu-256x256, stylegan3-t-ffhqu-1024x1024"),
        ("xyzzy", "known: faces, digits, drawn, and those that `ganatomy models` lists"),
    ],
)
def test_an_unknown_name_is_answered_by_those_that_it_may_mean(name: str, words: str) -> None:
    with pytest.raises(ga.UnknownNameError, match=words):
        find_source(name)


def test_a_folder_stands_for_the_model_in_it(tmp_path: Path) -> None:
    for name in ("generator.safetensors", "model.safetensors"):
        save_generator(ga.ToyGenerator(seed=len(name)), tmp_path / name)
        assert find_source(tmp_path).path.name == name
        assert ga.load(tmp_path).fingerprint == ga.ToyGenerator(seed=len(name)).fingerprint
