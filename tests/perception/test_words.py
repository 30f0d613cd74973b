"""Attributes in words. The arithmetic is held against a planted model, the loading against tiny ones of open_clip."""

from __future__ import annotations

import json
import logging
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from perception import tiny_clip
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

import ganatomy as ga
from ganatomy.errors import (
    CheckpointError,
    MissingFileError,
    OutputError,
    SettingError,
    UnknownNameError,
)
from ganatomy.perception import Contrast, Scores
from ganatomy.perception.clip import OpenClipModel, load_clip, short_name
from ganatomy.perception.text import load_words
from ganatomy.surveys import gradients_flow

COLOURS = ("red", "green", "blue")


class Planted:
    """Images are their mean colour, sentences the colours that they name, and all of them "photo" a little."""

    name = "planted"
    scale = 10.0

    def __init__(self, fingerprint: str = "planted") -> None:
        self.fingerprint = fingerprint

    def embed_images(self, images: Tensor) -> Tensor:
        colours = (images.expand(-1, 3, -1, -1).mean((2, 3)) + 1) / 2
        return F.normalize(torch.cat([colours, torch.full_like(colours[:, :1], 0.5)], 1), dim=1)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        counts = [[float(text.split().count(word)) for word in COLOURS] + [0.3] for text in texts]
        return F.normalize(torch.tensor(counts), dim=1)


def paint(*colour: float) -> Tensor:
    return torch.tensor(colour)[None, :, None, None].expand(1, 3, 4, 4)


def rainbow(n: int = 12) -> Tensor:
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip.write(tmp_path_factory.mktemp("clip") / "tiny")


def test_words_become_sentences_about_a_subject() -> None:
    said = Contrast.of("smiling | with a  serious face", templates=["a photo of {}.", "{}"])
    assert said.name == "smiling"
    assert said.yes == ("a photo of a person smiling.", "a person smiling")
    assert said.no == ("a photo of a person with a serious face.", "a person with a serious face")
    assert Contrast.of("a red door|a door", subject="", templates=["{}"]).no == ("a door",)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "not an attribute in words"),
        ("  ", {}, "not an attribute in words"),
        ("|serious", {}, "not an attribute in words"),
        ("smiling|", {}, "not an attribute in words"),
        ("a|b|c", {}, "not an attribute in words"),
        ("smiling|smiling", {}, "are the same"),
        ("a red door", {"subject": ""}, "has no opposite"),
        ("smiling", {"templates": ["a photo"]}, "write {} once"),
        ("smiling", {"templates": []}, "write {} once"),
    ],
)
def test_words_that_say_nothing_are_refused(text: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Contrast.of(text, **settings)


def test_two_attributes_of_one_name_are_refused_before_a_model_is_looked_for() -> None:
    with pytest.raises(SettingError, match="share the name 'red'"):
        ga.words(["red", "red|blue"], model="clip:nowhere")
    with pytest.raises(SettingError, match="at least one"):
        ga.words([], model="clip:nowhere")


def test_a_score_is_the_softmax_over_the_two_poles() -> None:
    model = Planted()
    eye = ga.words(["red|blue"], model=model, subject="", templates=["{}"])
    images = rainbow()
    cosines = model.embed_images(images) @ model.embed_texts(["red", "blue"]).T
    expected = torch.softmax(model.scale * cosines, dim=1)[:, :1]
    assert torch.allclose(eye(images).probabilities, expected, atol=1e-6)
    assert eye(paint(1.0, -1.0, -1.0)).logits.item() > 1 > -1 > eye(paint(-1.0, -1.0, 1.0)).logits.item()


def test_a_pole_is_the_normalised_mean_of_the_unit_vectors_of_its_sentences() -> None:
    model, templates = Planted(), ["{}", "{} and green", "blue blue {}"]
    eye = ga.words(["red|green"], model=model, subject="", templates=templates)
    poles = []
    for word in ("red", "green"):
        total = torch.zeros(4)
        for template in templates:
            total += model.embed_texts([template.replace("{}", word)])[0]
        poles.append(total / total.norm())
    expected = model.scale * model.embed_images(rainbow()) @ (poles[0] - poles[1])
    assert torch.allclose(eye(rainbow()).column("red"), expected, atol=1e-5)


def test_one_pole_is_told_from_the_subject_alone() -> None:
    alone = ga.words(["red"], model=Planted(), templates=["{}"])
    both = ga.words(["a person red|a person"], model=Planted(), subject="", templates=["{}"])
    assert torch.equal(alone(rainbow()).logits, both(rainbow()).logits)


def test_centring_puts_zero_at_the_mean_and_moves_nothing_else() -> None:
    eye = ga.words(["red", "green|blue"], model=Planted())
    images = rainbow(40)
    centred = eye.centred(eye(images))
    assert torch.allclose(centred(images).logits.mean(0), torch.zeros(2), atol=1e-4)
    shift = eye(images).logits - centred(images).logits
    assert torch.allclose(shift, shift[:1].expand_as(shift), atol=1e-5)
    assert centred.fingerprint != eye.fingerprint
    twice = centred.centred(centred(images + 0.1))
    assert torch.allclose(twice(images + 0.1).logits.mean(0), torch.zeros(2), atol=1e-3)
    with pytest.raises(SettingError, match="cannot centre red, green"):
        eye.centred(Scores(names=("red",), logits=torch.zeros(3, 1)))
    with pytest.raises(SettingError, match="0 scores"):
        eye.centred(eye(images[:0]))


def test_choosing_some_words_is_saying_only_these() -> None:
    eye = ga.words(["red", "green", "blue"], model=Planted())
    eye = eye.centred(eye(rainbow()))
    chosen = eye.select(["blue", "red"])
    expected = eye(rainbow()).logits[:, [2, 0]]
    assert torch.allclose(chosen(rainbow()).logits, expected, atol=1e-5)
    assert (chosen.names, chosen.centre) == (("blue", "red"), (eye.centre[2], eye.centre[0]))
    said_again = ga.words(["red"], model=Planted()).fingerprint
    assert ga.words(["red", "blue"], model=Planted()).select(["red"]).fingerprint == said_again
    with pytest.raises(UnknownNameError, match="did you mean 'red'"):
        eye.select(["Red"])


def test_a_fingerprint_tells_words_and_weights_apart() -> None:
    eyes = [
        ga.words(["red"], model=Planted()),
        ga.words(["red"], model=Planted("others")),
        ga.words(["red|blue"], model=Planted()),
        ga.words(["red"], model=Planted(), subject="a door"),
        ga.words(["red"], model=Planted(), templates=["{}"]),
    ]
    assert len({eye.fingerprint for eye in eyes}) == len(eyes)
    assert ga.words(["red"], model=Planted()).fingerprint == eyes[0].fingerprint


def test_a_file_of_words_gives_the_same_scorer_again(tmp_path: Path) -> None:
    eye = ga.words(["red", "grün|blue"], model=Planted())
    eye = eye.centred(eye(rainbow()))
    again = load_words(eye.save(tmp_path / "deep" / "my.words"), model=Planted())
    assert (again.names, again.centre, again.fingerprint) == (eye.names, eye.centre, eye.fingerprint)
    assert torch.equal(again(rainbow()).logits, eye(rainbow()).logits)
    with pytest.raises(CheckpointError, match="other weights of planted"):
        load_words(tmp_path / "deep" / "my.words", model=Planted("others"))
    with pytest.raises(OutputError, match="cannot be written"):
        eye.save(tmp_path / "deep" / "my.words" / "x.words")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "is of format 2"),
        ({"attributes": {}}, "at least one"),
        ({"attributes": {"red": {"yes": [], "no": ["a"], "centre": 0}}}, "both of its poles"),
        ({"attributes": {"red": {"yes": ["a"], "no": [""], "centre": 0}}}, "none may be empty"),
        ({"attributes": {"red": {"yes": ["a"], "no": ["b"]}}}, "does not hold attributes"),
        ({"attributes": {"red": {"yes": ["a"], "no": ["b"], "centre": "NaN"}}}, "centre of 'red'"),
        ({"attributes": [1]}, "does not hold attributes"),
        ({"model": None, "model_fingerprint": None}, "other weights"),
    ],
)
def test_a_broken_file_of_words_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = ga.words(["red"], model=Planted()).save(tmp_path / "my.words")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=message):
        load_words(path, model=Planted())


def test_files_that_are_no_words_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.words").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "list.words").write_text("[]")
    for name in ("binary.words", "list.words"):
        with pytest.raises(CheckpointError, match="does not hold attributes in words"):
            ga.scorer(tmp_path / name)
    with pytest.raises(MissingFileError, match="ganatomy words"):
        ga.scorer(tmp_path / "nowhere.words")


def test_it_answers_as_open_clip_does_with_its_own_preparation(tiny: Path) -> None:
    library = tiny_clip.open_clip()
    eye = ga.words(["smiling|sad"], model=f"clip:{tiny}", templates=["a photo of {}"])
    images = F.interpolate(rainbow(4), (90, 70), mode="bicubic").clamp(-1, 1)
    images = ((images + 1) * 127.5).round() / 127.5 - 1
    network, _, prepare = library.create_model_and_transforms(f"local-dir:{tiny}")
    inputs = [
        Image.fromarray(((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()) for image in images
    ]
    theirs = torch.stack([prepare(one) for one in inputs])
    tokens = library.get_tokenizer(f"local-dir:{tiny}")(
        ["a photo of a person smiling", "a photo of a person sad"]
    )
    with torch.no_grad():
        expected = network.eval().get_logits(theirs, tokens)[0].softmax(1)[:, 0]
    assert isinstance(eye.model, OpenClipModel)
    assert (
        float((eye.model.prepare(images) - theirs).abs().max()) < 0.06
    )  # Pillow rounds to whole grey levels
    assert torch.allclose(eye(images).probabilities[:, 0], expected, atol=0.01)
    assert float((expected - 0.5).abs().max()) > 0.05, "a test of scores that say nothing"


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 16, 16), (3, 100, 64), (1, 20, 48)], ids=str)
def test_gradients_flow_to_images_of_any_size(tiny: Path, shape: tuple[int, int, int]) -> None:
    eye = ga.words(["smiling", "young|old"], model=f"clip:{tiny}")
    images = (torch.rand(2, *shape) * 1.8 - 0.9).requires_grad_()
    eye(images).logits.sum().backward()
    assert images.grad is not None
    seen = images.grad.abs().sum((0, 1)) > 0
    edge = min(shape[1:])  # what is seen is the square in the middle
    middle = seen[(shape[1] - edge) // 2 :][:edge, (shape[2] - edge) // 2 :][:, :edge]
    assert float(middle.double().mean()) > 0.9
    assert int(seen.sum()) < 1.3 * edge * edge


def test_grey_images_are_seen_as_grey_colours(tiny: Path) -> None:
    eye = ga.words(["smiling"], model=f"clip:{tiny}")
    grey = rainbow(2)[:, :1]
    assert torch.allclose(eye(grey).logits, eye(grey.expand(-1, 3, -1, -1)).logits)


def test_surveys_directions_and_guided_edits_work_through_words(tiny: Path, tmp_path: Path) -> None:
    G = ga.ToyGenerator()
    eye = ga.words(["smiling", "young|old"], model=f"clip:{tiny}")
    eye = eye.centred(ga.survey(G, eye, n=60, space="z", seed=1).scores)
    path = eye.save(tmp_path / "my.words")
    survey = ga.survey(G, eye, n=60, space="z", seed=0, folder=tmp_path / "my.survey")
    more = ga.survey(G, ga.scorer(path), n=80, space="z", seed=0, folder=tmp_path / "my.survey")
    assert torch.equal(more.scores.logits[:60], survey.scores.logits)
    assert ga.load_survey(tmp_path / "my.survey").scorer == eye.fingerprint
    assert ga.regression(more).names == ["smiling", "young"]
    codes = G.sample(2, seed=3, space="z")
    assert gradients_flow(G, eye, codes)
    result = ga.guided(G, eye, codes, {"smiling": "+0.03"}, hold=["young"])
    assert bool((result.after.probabilities[:, 0] > result.before.probabilities[:, 0]).all())
    assert eye.features(G(codes)).shape == (2, 16)


def test_moving_to_a_device_keeps_the_answers(tiny: Path) -> None:
    eye = ga.words(["smiling"], model=f"clip:{tiny}")
    moved = eye.to("cpu")
    assert moved is not eye
    assert torch.equal(moved(rainbow()).logits, eye(rainbow()).logits)
    assert moved.fingerprint == eye.fingerprint


def test_what_a_model_is_called_shows_no_folder_of_this_machine(tiny: Path) -> None:
    eye = ga.words(["smiling"], model=f"clip:{tiny}")
    assert eye.description == "words, by clip:tiny (1 attributes)"
    assert short_name("faces") == "faces"


def test_an_architecture_takes_weights_from_a_file(tiny: Path, tmp_path: Path) -> None:
    library = tiny_clip.open_clip()
    (tmp_path / "tiny-test.json").write_text(json.dumps(tiny_clip.CONFIG))
    library.add_model_config(tmp_path / "tiny-test.json")
    weights = tiny / "open_clip_model.safetensors"
    by_file, by_folder = load_clip(f"clip:tiny-test/{weights}"), load_clip(f"clip:{tiny}")
    assert torch.equal(by_file.embed_texts(["a cat"]), by_folder.embed_texts(["a cat"]))
    assert short_name(by_file.name) == "clip:tiny-test/open_clip_model.safetensors"
    assert load_clip(by_file.name).fingerprint == by_file.fingerprint
    with pytest.raises(MissingFileError, match="should hold weights of tiny-test"):
        load_clip("clip:tiny-test/nowhere.pt")
    (tmp_path / "cut.safetensors").write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read as a model of open_clip"):
        load_clip(f"clip:tiny-test/{tmp_path / 'cut.safetensors'}")


def test_quick_gelu_is_another_model_though_its_weights_are_the_same(tmp_path: Path) -> None:
    slow = load_clip(f"clip:{tiny_clip.write(tmp_path / 'slow')}")
    quick = load_clip(f"clip:{tiny_clip.write(tmp_path / 'quick', quick_gelu=True)}")
    assert not torch.allclose(slow.embed_texts(["a cat"]), quick.embed_texts(["a cat"]), atol=1e-4)
    assert slow.fingerprint != quick.fingerprint


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("clip:ViT-B-23/openai", UnknownNameError, "did you mean 'ViT-B-32'"),
        ("clip:ViT-B-32/openia", UnknownNameError, "did you mean 'openai'"),
        ("clip:ViT-B-32", SettingError, "one of clip:ViT-B-32/openai"),
        ("clip:./nowhere", MissingFileError, "nowhere is no folder"),
        ("clip:hf://org", SettingError, "hf://org/name"),
        ("clip:hf://org/name/file.safetensors", SettingError, "names no repository"),
    ],
)
def test_what_is_no_model_is_refused(spec: str, error: type[Exception], message: str) -> None:
    tiny_clip.open_clip()
    with pytest.raises(error, match=message):
        load_clip(spec)


def test_folders_that_hold_no_model_are_refused(tmp_path: Path) -> None:
    folder = tiny_clip.write(tmp_path / "tiny")
    with pytest.raises(CheckpointError, match=r"holds no open_clip_config\.json"):
        load_clip(f"clip:{tmp_path}")
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="could not be loaded"):
        load_clip(f"clip:{folder}")
    (folder / "open_clip_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="does not describe a model"):
        load_clip(f"clip:{folder}")


class Hostile:
    """Unpickling this would write a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.trace, "run")


def test_a_pickle_of_weights_is_read_and_code_in_one_is_not_run(tmp_path: Path) -> None:
    folder, trace = tiny_clip.write(tmp_path / "tiny"), tmp_path / "trace"
    expected = load_clip(f"clip:{folder}")
    torch.save(expected.network.state_dict(), folder / "open_clip_pytorch_model.bin")
    (folder / "open_clip_model.safetensors").unlink()
    assert load_clip(f"clip:{folder}").fingerprint == expected.fingerprint
    torch.save({"state_dict": Hostile(trace)}, folder / "open_clip_pytorch_model.bin")
    with pytest.raises(CheckpointError, match="cannot be read as a model of open_clip"):
        load_clip(f"clip:{folder}")
    (folder / "open_clip_pytorch_model.bin").write_bytes(pickle.dumps(Hostile(trace)))
    with pytest.raises(CheckpointError, match="cannot be read as a model of open_clip"):
        load_clip(f"clip:{folder}")
    assert not trace.exists()


def test_a_tokenizer_that_needs_transformers_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = {**tiny_clip.CONFIG["text_cfg"], "hf_tokenizer_name": "org/tokenizer"}
    folder = tiny_clip.write(tmp_path / "tiny", text_cfg=text)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(SettingError, match="needs transformers"):
        load_clip(f"clip:{folder}")


def test_without_the_extra_one_error_names_it(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(SettingError, match=r"pip install 'ganatomy\[words\]'"):
        ga.words(["smiling"])


def test_loading_leaves_logging_as_it_was(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger().handlers)
    load_clip(f"clip:{tiny}")
    assert logging.getLogger().handlers == before
    assert capfd.readouterr() == ("", "")


def test_the_library_is_imported_by_those_only_who_use_words() -> None:
    code = "import sys, ganatomy.perception; print([n for n in ('open_clip', 'torchvision') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
