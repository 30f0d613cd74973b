"""ONNX scorers with gradients. They need onnx2torch, which is optional."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import ganatomy as ga
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.experiments.explore.exploration import HELD
from ganatomy.experiments.explore.run import explore
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.perception import OnnxScorer, onnx_torch
from ganatomy.surveys import gradients_flow

import_torchvision()
pytest.importorskip(
    "onnx2torch",
    reason="onnx2torch is not installed; pip install 'ganatomy[gradients]'",
    exc_type=ImportError,
)


def classifier(
    path: Path,
    *,
    shape: tuple = ("n", 3, 8, 8),
    element: int = TensorProto.FLOAT,
    middle: tuple[float, float] = (0.0, 0.0),
) -> Path:
    """Two 3 x 3 filters, their means less a middle, and a sigmoid."""
    weight = np.random.default_rng(0).standard_normal((2, 3, 3, 3)).astype(np.float32)
    kind = "floats" if element != TensorProto.FLOAT else "images"
    nodes = [
        helper.make_node("Conv", [kind, "weight"], ["filtered"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["filtered"], ["rectified"]),
        helper.make_node("GlobalAveragePool", ["rectified"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Sub", ["flat", "middle"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
    ]
    if element != TensorProto.FLOAT:
        nodes.insert(0, helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT))
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("images", element, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (shape[0], 2))],
        [
            numpy_helper.from_array(weight, "weight"),
            numpy_helper.from_array(np.array([middle], np.float32), "middle"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {"attributes": '["Bright", "Dark"]'})
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("shape", [("n", 3, 8, 8), (4, 3, 8, 8)], ids=["any batch", "batches of four"])
def test_it_answers_as_onnxruntime_does_with_gradients(tmp_path: Path, shape: tuple):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", shape=shape))
    eye = found.differentiable()
    images = (torch.rand(6, 3, 8, 8) * 2 - 1).requires_grad_()
    scores = eye(images)
    assert torch.allclose(scores.logits, found(images.detach()).logits, atol=1e-4)
    assert (eye.names, eye.fingerprint) == (found.names, found.fingerprint)
    assert "in PyTorch" in eye.description
    (gradient,) = torch.autograd.grad(scores.logits[:, 0].sum(), images)
    assert (gradient.flatten(1).norm(dim=1) > 0).all()
    assert found.differentiable() is eye
    assert found.select(["Dark"]).differentiable().names == ("Dark",)


class Means(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3))[:, :2]


def test_other_answers_than_those_of_onnxruntime_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = OnnxScorer(classifier(tmp_path / "m.onnx"))
    monkeypatch.setattr(onnx_torch, "convert", lambda path: Means())
    with pytest.raises(CheckpointError, match="gives other scores in PyTorch"):
        found.differentiable()


def test_bytes_have_no_gradient(tmp_path: Path):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", element=TensorProto.UINT8))
    with pytest.raises(SettingError, match="no gradient flows"):
        found.differentiable()


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = OnnxScorer(classifier(tmp_path / "m.onnx"))
    monkeypatch.setitem(sys.modules, "onnx2torch", None)
    with pytest.raises(SettingError, match=r"pip install 'ganatomy\[gradients\]'"):
        found.differentiable()


def test_a_guided_edit_reaches_what_an_onnx_scorer_sees(tmp_path: Path):
    toy = ga.ToyGenerator(z_dim=8)
    scorer = OnnxScorer(classifier(tmp_path / "m.onnx"))
    was = toy.sample(3, seed=1)
    found = ga.guided(toy, scorer, was, {"Bright": 0.02}, units="shift")
    after = scorer(toy(found.latents)).probabilities
    assert torch.allclose(after, found.after.probabilities, atol=1e-4)
    assert found.reached.all()


def test_explorations_hold_by_the_gradients_of_an_onnx_scorer_where_they_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    toy, holders = ga.ToyGenerator(z_dim=8), []
    path = classifier(tmp_path / "m.onnx", middle=(0.11, 0.14))
    for _ in range(2):
        found = explore(
            ga.Experiment(toy, OnnxScorer(path)), n=120, methods=(), measured=6, target_change=0.002
        )
        holders.append(found.directions[HELD][0].method)
        monkeypatch.setitem(sys.modules, "onnx2torch", None)
    assert holders == ["selective", "held"]


def test_the_face_scorer_of_others_has_gradients(shared: Path):
    scorer = OnnxScorer(shared / "models" / "face-attributes.onnx")
    generator = ga.load(shared / "models" / "celeba32-dcgan-generator.pt", prior="uniform")
    was = generator.sample(4, seed=1)
    eye = scorer.differentiable()
    images = generator(was)
    assert torch.allclose(eye(images).probabilities, scorer(images).probabilities, atol=1e-3)
    assert gradients_flow(generator, eye, was)
    found = ga.guided(generator, scorer, was, {"Smiling": "+0.2"}, hold=("Male", "Young"))
    assert found.reached.float().mean() >= 0.75
    assert found.drift.abs().mean() < 0.05


def test_names_in_a_file_are_never_run(tmp_path: Path):
    path, touched = classifier(tmp_path / "m.onnx"), tmp_path / "touched"
    model = onnx.load(path)
    model.graph.node[1].name = f'initializers") and open("{touched}", "w") or getattr(self, "y'
    onnx.save(model, path)
    images = torch.zeros(2, 3, 8, 8, requires_grad=True)
    assert OnnxScorer(path).differentiable()(images).logits.requires_grad
    assert not touched.exists()
