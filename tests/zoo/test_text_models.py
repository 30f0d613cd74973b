"""Text-image models by name and from repositories, on a server on this machine that answers as the hub does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from perception import tiny_clip
from zoo.test_hub import COMMIT, Hub

import ganatomy as ga
from ganatomy.errors import DownloadError
from ganatomy.perception.clip import load_clip

WEIGHTS = "open_clip_model.safetensors"
CONFIG = "open_clip_config.json"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_clip.write(tmp_path / "tiny")


@pytest.fixture
def repository(server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, tiny: Path) -> Hub:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        server.url + "/{repo_id}/resolve/{revision}/{filename}",
    )
    files = {name: (tiny / name).read_bytes() for name in (WEIGHTS, CONFIG)}
    # Repositories hold the same model for other libraries, too, and code.
    return Hub(server, {**files, "model.safetensors": b"another format", "modelling.py": b"import os"})


def lose_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        "http://127.0.0.1:1/{repo_id}/resolve/{revision}/{filename}",
    )


def test_a_repository_is_fetched_once_and_found_again_without_a_network(
    repository: Hub, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.publish("org/clip")
    found = load_clip("clip:hf://org/clip")
    assert found.fingerprint == load_clip(f"clip:{tiny}").fingerprint
    fetched = {path.rpartition("/")[2] for method, path, _ in repository.server.asked if "resolve" in path}
    assert fetched == {WEIGHTS, CONFIG}
    lose_the_network(monkeypatch)
    again = ga.words(["smiling"], model="clip:hf://org/clip")
    assert again.model.fingerprint == found.fingerprint
    assert again.description == "words, by clip:hf://org/clip (1 attributes)"


def test_a_published_name_is_fetched_and_keeps_its_activation_and_its_colours(
    repository: Hub, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tiny_clip.open_clip()
    (tmp_path / "tiny-tag.json").write_text(json.dumps(tiny_clip.CONFIG))
    library.add_model_config(tmp_path / "tiny-tag.json")
    published = {
        "hf_hub": "org/clip/", "url": "", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5),
        "interpolation": "bilinear", "resize_mode": "squash", "quick_gelu": True,
    }  # fmt: skip
    monkeypatch.setitem(library.pretrained._PRETRAINED, "tiny-tag", {"first": published})
    repository.publish("org/clip")
    found = load_clip("clip:tiny-tag/first")
    images = torch.rand(1, 3, 32, 32) * 2 - 1
    assert torch.allclose(found.prepare(images), images, atol=1e-6)
    assert (found.interpolation, found.cropped) == ("bilinear", False)
    quick = load_clip(f"clip:{tiny_clip.write(tmp_path / 'quick', quick_gelu=True)}")
    assert torch.equal(found.embed_texts(["a cat"]), quick.embed_texts(["a cat"]))


def test_weights_as_a_pickle_are_taken_where_there_is_nothing_safer(
    repository: Hub, tiny: Path, tmp_path: Path
) -> None:
    network = load_clip(f"clip:{tiny}").network
    torch.save(network.state_dict(), tmp_path / "weights.bin")
    del repository.files[WEIGHTS]
    repository.files["open_clip_pytorch_model.bin"] = (tmp_path / "weights.bin").read_bytes()
    repository.publish("org/clip")
    assert load_clip("clip:hf://org/clip").fingerprint == load_clip(f"clip:{tiny}").fingerprint


def test_what_cannot_be_had_is_refused_in_words(repository: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    del repository.files[CONFIG]
    repository.publish("org/gan")
    repository.refuse(f"/org/gan/resolve/{COMMIT}/{CONFIG}", 404, "EntryNotFound")
    with pytest.raises(DownloadError, match=f"has no {CONFIG}"):
        load_clip("clip:hf://org/gan")
    repository.refuse("/api/models/org/none", 404, "RepoNotFound")
    with pytest.raises(DownloadError, match="no such repository"):
        load_clip("clip:hf://org/none")
    lose_the_network(monkeypatch)
    with pytest.raises(DownloadError, match="check the network"):
        load_clip("clip:ViT-B-32/openai")
    with pytest.raises(DownloadError, match="check the network"):
        load_clip("clip:hf://org/other")
