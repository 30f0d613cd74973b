"""One class of a conditional model, by its number or its name: in the library and in every command."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import torch
from generators.onnx_files import Net
from torch import Tensor, nn

import ganatomy as ga
from ganatomy.cli import main
from ganatomy.errors import SettingError, UnknownNameError
from ganatomy.perception import FunctionScorer

NAMES = ("cat", "dog", "fox")


class Embedded(nn.Module):
    """A class as a number, through an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(3, 4)
        self.dense = nn.Linear(9, 3 * 16)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.dense(torch.cat([z, self.table(label)], 1)).tanh().view(-1, 3, 4, 4)


class OneHot(nn.Module):
    """A class one-hot beside z, through convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(8, 3, 4)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.deconv(torch.cat([z, label[:, :, None, None]], 1)).tanh()


@pytest.mark.parametrize("make", [Embedded, OneHot])
def test_a_module_of_ones_own_may_take_a_class(make):
    torch.manual_seed(0)
    net = make().requires_grad_(False)
    G = ga.wrap(net, z_dim=5, class_names=NAMES)
    assert G.signature.num_classes == 3
    z = G.sample(4, seed=0, label="fox")
    label = z.labels if make is OneHot else z.labels.argmax(1)
    codes = z.codes[:, :, None, None] if make is OneHot else z.codes
    assert torch.equal(G(z), net(codes, label))
    assert torch.equal(G.of_class("fox").sample(4, seed=0).labels, z.labels)
    assert G.fingerprint == ga.wrap(net, z_dim=5, num_classes=3).fingerprint
    every = G.sample(60, seed=0)
    assert set(every.labels.argmax(1).tolist()) == {0, 1, 2}


def test_a_function_may_take_a_class():
    G = ga.wrap(lambda z, label: (z[:, :1, None, None] * label[:, None, None, None]).expand(-1, 3, 4, 4).tanh(),
                z_dim=5, num_classes=3)  # fmt: skip
    assert G(G.sample(2, label=0)).abs().max() == 0
    with pytest.raises(SettingError, match="its codes need labels"):
        G(ga.Latents(codes=torch.zeros(1, 5), space=ga.Space.Z))


def test_classes_that_do_not_exist_are_refused():
    G = ga.wrap(Embedded(), z_dim=5, class_names=NAMES)
    with pytest.raises(UnknownNameError, match="no class 'fix'; did you mean 'fox'"):
        G.of_class("fix")
    with pytest.raises(SettingError, match="classes 0 to 2"):
        G.sample(1, label=3)
    with pytest.raises(SettingError, match="give one for each"):
        G.with_class_names(["a"])
    plain = ga.ToyGenerator()
    with pytest.raises(SettingError, match="is not conditional"):
        plain.sample(1, label="cat")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A conditional generator whose file names its classes."""
    path = tmp_path / "net.onnx"
    onnx.save(Net(classes="index", num_classes=3).model({"class_names": json.dumps(NAMES)}), path)
    return path


def test_directions_within_classes_are_those_of_every_class(model: Path):
    """Classes shift the codes' images; within each the same direction of z makes an image redder."""
    torch.manual_seed(0)
    weight = torch.randn(7)
    shift = torch.tensor([-30.0, 0.0, 30.0])

    def draw(z: Tensor, label: Tensor) -> Tensor:
        return ((z @ weight + shift[label]) / 100)[:, None, None, None].expand(-1, 3, 4, 4)

    G = ga.wrap(draw, z_dim=7, num_classes=3)
    scorer = FunctionScorer(lambda x: 100 * x.mean((1, 2, 3))[:, None], names=["Red"], output="logits")
    survey = ga.survey(G, scorer, n=600, space="z", seed=0)
    assert survey.classes is not None
    assert survey.classes.unique().tolist() == [0, 1, 2]
    inside = survey.within_classes()
    for label in range(3):
        rows = inside.classes == label
        assert torch.allclose(inside.scores.logits[rows].mean(0), survey.scores.logits.mean(0), atol=1e-3)
    found = ga.regression(inside)["Red"]
    truth = weight / weight.norm()
    assert float(found.vector @ truth) > 0.999
    assert float(found.vector @ truth) > float(ga.regression(survey)["Red"].vector @ truth)
    assert found.slope == pytest.approx(float(weight.norm()), rel=0.02)
    assert len(survey.of_class(1)) == int((survey.classes == 1).sum())
    with pytest.raises(SettingError, match="label 7 does not exist; this generator has classes 0 to 2"):
        survey.of_class(7)


def test_class_names_travel_with_an_exported_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    torch.manual_seed(0)
    state = {
        "label_emb.weight": torch.randn(3, 4),
        "fc.weight": torch.randn(3 * 64, 9),
        "fc.bias": torch.zeros(192),
    }
    torch.save(state, tmp_path / "net.pt")
    out = tmp_path / "named.safetensors"
    assert main(["export", str(tmp_path / "net.pt"), "--class-names", "cat,dog,fox", "-o", str(out)]) == 0
    assert ga.load(out).signature.class_names == NAMES
    assert ga.load(out).fingerprint == ga.load(tmp_path / "net.pt").fingerprint
    capsys.readouterr()
    assert main(["info", str(out)]) == 0
    assert "3 classes (cat, dog, fox)" in capsys.readouterr().out


def test_a_sample_takes_a_class_by_name(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for label in ("dog", "1"):
        out = str(tmp_path / f"{label}.png")
        assert main(["sample", str(model), "-n", "4", "--label", label, "-o", out]) == 0
    assert (tmp_path / "dog.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    assert main(["sample", str(model), "--label", "cow", "-o", str(tmp_path / "cow.png")]) == 2
    assert "there is no class 'cow'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("few_gradients")
def test_every_command_takes_a_class_by_name(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from perception.test_onnx_torch import classifier

    dogs = ga.load(model).of_class("dog")
    images = dogs(dogs.sample(200, seed=9))
    middle = (
        ga.scorer(str(classifier(tmp_path / "s.onnx", middle=(0.0, 0.0))))(images).logits.median(0).values
    )
    scorer = ["--scorer", str(classifier(tmp_path / "s.onnx", middle=tuple(middle.tolist())))]
    of_dogs = [str(model), "--label", "dog"]
    survey, every, found = (str(tmp_path / name) for name in ("dogs.survey", "all.survey", "dogs.directions"))
    story = [
        ["survey", *of_dogs, *scorer, "-n", "300", "-o", survey],
        ["survey", str(model), *scorer, "-n", "600", "-o", every],
        ["directions", survey, "-o", found],
        ["directions", every, "--label", "1", "-o", found],
        ["directions", every, "--label", "dog", "-o", found],
        ["directions", every, "--within-classes", "-o", found],
        ["walk", *of_dogs, "--seed", "3", "--along", f"{found}:Bright", "-o", str(tmp_path / "walk.png")],
        [
            "edit",
            *of_dogs,
            "--seed",
            "3",
            "--directions",
            found,
            "--move",
            "Bright=2",
            "-o",
            str(tmp_path / "e.png"),
        ],
        ["measure", *of_dogs, "linearity", *scorer, "-n", "200"],
        ["explore", *of_dogs, *scorer, "-n", "400", "-o", str(tmp_path / "report")],
        ["compare", *of_dogs, *scorer, "-n", "300", "-o", str(tmp_path / "compare")],
        ["study", "linear-map", *of_dogs, *scorer, "-n", "300", "-o", str(tmp_path / "study")],
        ["studio", *of_dogs, *scorer, "--measure", str(tmp_path / "dogs.panel")],
    ]
    for words in story:
        assert main(words) == 0, (words, capsys.readouterr().err)
    one = ga.Experiment(dogs, None, seed=0)
    assert one.sample(3).labels.argmax(1).tolist() == [1, 1, 1]
    assert ga.load_survey(survey).label == 1
    assert torch.equal(*(ga.load_survey(every).of_class(label).latents.codes for label in (1, "dog")))
    assert main(["directions", every, "--label", "cow", "-o", found]) == 2
    assert "there is no class 'cow'" in capsys.readouterr().err
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    assert "dog" in json.dumps(summary)
