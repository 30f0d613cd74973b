"""Generators in ONNX files, held against PyTorch's own operations on the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from generators.onnx_files import Net
from onnx import helper

import ganatomy as ga
from ganatomy.errors import CheckpointError, SettingError
from ganatomy.generators.description import describe
from ganatomy.graphs import converted, session
from ganatomy.graphs.torchvision import import_torchvision
from ganatomy.latents import Latents, Space
from ganatomy.perception import FunctionScorer
from ganatomy.surveys import gradients_flow

CASES = {
    "dense": Net(),
    "single pixels": Net(spatial=True),
    "channels last": Net(layout="NHWC"),
    "grey": Net(channels=1),
    "with alpha": Net(channels=4),
    "grey with alpha": Net(channels=2, layout="NHWC"),
    "two codes at a time": Net(batch=2),
    "sigmoid": Net(last="Sigmoid"),
    "sigmoid, channels last": Net(last="Sigmoid", layout="NHWC"),
    "a class as an index": Net(classes="index"),
    "a class in a column": Net(classes="column"),
    "a class one-hot": Net(classes="one-hot"),
}


class Ones(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z.new_ones(len(z), 3, 6, 8)


def images_of(net: Net, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    images = net.forward(z, None if labels is None else labels.argmax(1))
    return 2 * images - 1 if net.last == "Sigmoid" else images


@pytest.mark.parametrize("case", CASES)
def test_images_are_those_of_the_network(case: str, tmp_path: Path):
    net = CASES[case]
    found = ga.load(net.save(tmp_path / "net.onnx"))
    it = found.signature
    assert (it.z_dim, it.channels, it.size) == (7, net.channels, (6, 8))
    assert it.num_classes == (6 if net.classes else 0)
    z = found.sample(5, seed=3)
    assert torch.allclose(found(z), images_of(net, z.codes, z.labels), atol=1e-5)
    assert [guess.what for guess in found.guesses] == ["prior"]


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_the_network(case: str, tmp_path: Path):
    import_torchvision()
    pytest.importorskip("onnx2torch", reason="onnx2torch is not installed; pip install 'ganatomy[gradients]'")
    net = CASES[case]
    found = ga.load(net.save(tmp_path / "net.onnx"))
    z = found.sample(3, seed=1)
    codes, ours = z.codes.clone().requires_grad_(), z.codes.clone().requires_grad_()
    scale = torch.randn(3, net.channels, 6, 8, generator=torch.Generator().manual_seed(0))
    (expected,) = torch.autograd.grad((images_of(net, ours, z.labels) * scale).sum(), ours)
    (gradient,) = torch.autograd.grad((found(z.with_codes(codes)) * scale).sum(), codes)
    assert torch.allclose(gradient, expected, atol=1e-5)


def test_what_nothing_tells_is_said_and_can_be_given(tmp_path: Path):
    net = Net(last=None)
    path = net.save(tmp_path / "net.onnx")
    found = ga.load(path)
    assert {guess.what: guess.option for guess in found.guesses} == {
        "prior": "prior", "range of values": "output"
    }  # fmt: skip
    told = ga.load(path, prior="uniform", output="sigmoid")
    assert told.guesses == ()
    z = told.sample(3, seed=0)
    assert z.codes.abs().max() <= 1
    assert torch.allclose(told(z), 2 * net.forward(z.codes) - 1, atol=1e-5)


def test_values_of_bytes_are_noticed(tmp_path: Path):
    model = Net(last="Sigmoid").model()
    model.graph.node[-1].output[0] = "unit"
    model.graph.node.append(helper.make_node("Mul", ["unit", "most"], ["images"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(torch.tensor(255.0).numpy(), "most"))
    onnx.save(model, tmp_path / "net.onnx")
    found = ga.load(tmp_path / "net.onnx")
    z = found.sample(2, seed=0)
    assert torch.allclose(found(z), 2 * Net(last="Sigmoid").forward(z.codes) - 1, atol=1e-5)
    assert [guess.chosen for guess in found.guesses] == ["normal", "0 to 255"]


def test_classes_may_have_names(tmp_path: Path):
    net, names = Net(classes="index", num_classes=3), '["cat", "dog", "fox"]'
    onnx.save(net.model({"class_names": names}), tmp_path / "net.onnx")
    found = ga.load(tmp_path / "net.onnx")
    assert found.signature.class_names == ("cat", "dog", "fox")
    assert found.of_class("dog").sample(2).labels.argmax(1).tolist() == [1, 1]


def test_weights_may_lie_beside_the_file(tmp_path: Path):
    net = Net()
    net.save(tmp_path / "net.onnx", save_as_external_data=True, size_threshold=100, location="net.onnx.data")
    found = ga.load(tmp_path / "net.onnx")
    z = found.sample(2, seed=0)
    assert torch.allclose(found(z), net.forward(z.codes), atol=1e-5)
    data = (tmp_path / "net.onnx.data").read_bytes()
    (tmp_path / "net.onnx.data").write_bytes(data[:100])
    with pytest.raises(CheckpointError, match=r"claims \d+ bytes of 'net.onnx.data', which holds less"):
        ga.load(tmp_path / "net.onnx")
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(
        CheckpointError, match="keeps its weights in 'net.onnx.data', which must lie beside it"
    ):
        ga.load(tmp_path / "net.onnx")


def test_weights_do_not_come_from_elsewhere(tmp_path: Path):
    (tmp_path / "secret").write_bytes(bytes(10_000))
    (tmp_path / "in").mkdir()
    Net().save(tmp_path / "in/net.onnx", save_as_external_data=True, size_threshold=100, location="secret")
    model = onnx.load(tmp_path / "in/net.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        if tensor.external_data:
            tensor.external_data[0].value = "../secret"
    (tmp_path / "in/net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointError, match="is no file beside it"):
        ga.load(tmp_path / "in/net.onnx")


def test_without_onnx2torch_there_are_images_and_no_gradients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import sys

    monkeypatch.setitem(sys.modules, "onnx2torch", None)
    found = ga.load(Net().save(tmp_path / "net.onnx"))
    z = found.sample(2, seed=0)
    assert found(z).shape == (2, 3, 6, 8)
    with pytest.raises(SettingError, match="need onnx2torch"):
        found(z.with_codes(z.codes.requires_grad_()))
    scorer = FunctionScorer(lambda images: images.mean((1, 2, 3))[:, None], names=["Bright"])
    assert not gradients_flow(found, scorer, found.sample(1))


def test_other_images_than_those_of_onnxruntime_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from ganatomy.generators import onnx_graph

    found = ga.load(Net().save(tmp_path / "net.onnx"))
    monkeypatch.setattr(onnx_graph, "convert", lambda path: Ones())
    codes = found.sample(2).codes.requires_grad_()
    with pytest.raises(CheckpointError, match="makes other images in PyTorch"):
        found(Latents(codes=codes, space=Space.Z))


@pytest.mark.parametrize(
    "name", ['initializers") and open("{touched}", "w") or getattr(self, "y', "a.b", "while", "forward"]
)
def test_names_in_a_file_are_never_run(name: str, tmp_path: Path):
    import_torchvision()
    pytest.importorskip("onnx2torch", reason="onnx2torch is not installed; pip install 'ganatomy[gradients]'")
    touched = tmp_path / "touched"
    model = Net().model()
    model.graph.node[1].name = name.format(touched=touched)
    onnx.save(model, tmp_path / "net.onnx")
    found = ga.load(tmp_path / "net.onnx")
    z = found.sample(2, seed=0)
    assert found(z.with_codes(z.codes.requires_grad_())).requires_grad
    assert not touched.exists()


def graph(*nodes: onnx.NodeProto, inputs: dict[str, list], outputs: dict[str, list]) -> onnx.ModelProto:
    def info(ports: dict[str, list]) -> list:
        return [helper.make_tensor_value_info(name, 1, shape) for name, shape in ports.items()]

    made = helper.make_graph(list(nodes), "net", info(inputs), info(outputs))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


REFUSED = {
    "takes images": (
        graph(helper.make_node("Tanh", ["x"], ["y"]), inputs={"x": ["n", 3, 8, 8]}, outputs={"y": ["n", 3, 8, 8]}),
        "can be a scorer but is no generator",
    ),
    "three inputs": (
        graph(
            helper.make_node("Sum", ["a", "b", "c"], ["y"]),
            inputs={"a": ["n", 8], "b": ["n", 8], "c": ["n", 8]}, outputs={"y": ["n", 8]},
        ),
        "a generator takes codes",
    ),
    "no images": (
        graph(helper.make_node("Tanh", ["z"], ["y"]), inputs={"z": ["n", 8]}, outputs={"y": ["n", 8]}),
        "a generator gives images",
    ),
    "codes of any length": (
        graph(helper.make_node("Tanh", ["z"], ["y"]), inputs={"z": ["n", "d"]}, outputs={"y": ["n", "d"]}),
        "does not say how long its codes are",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_generator_is_refused(case: str, tmp_path: Path):
    model, reason = REFUSED[case]
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(CheckpointError, match=reason):
        ga.load(tmp_path / "net.onnx")


def test_loops_are_refused(tmp_path: Path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["x"], ["y"])], "body",
        [helper.make_tensor_value_info("i", 7, []), helper.make_tensor_value_info("go", 9, []),
         helper.make_tensor_value_info("x", 1, ["n", 8])],
        [helper.make_tensor_value_info("on", 9, []), helper.make_tensor_value_info("y", 1, ["n", 8])],
    )  # fmt: skip
    loop = helper.make_node("Loop", ["", "", "z"], ["out"], body=body)
    onnx.save(graph(loop, inputs={"z": ["n", 8]}, outputs={"out": ["n", 8]}), tmp_path / "net.onnx")
    with pytest.raises(CheckpointError, match="an operation Loop, which repeats others"):
        ga.load(tmp_path / "net.onnx")


def test_what_computes_without_end_is_ended(tmp_path: Path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["x", "x"], ["y"])], "body",
        [helper.make_tensor_value_info("i", 7, []), helper.make_tensor_value_info("go", 9, []),
         helper.make_tensor_value_info("x", 1, ["n", 8])],
        [helper.make_tensor_value_info("on", 9, []), helper.make_tensor_value_info("y", 1, ["n", 8])],
    )  # fmt: skip
    often, always = helper.make_tensor("often", 7, [], [2**62]), helper.make_tensor("always", 9, [], [True])
    loop = helper.make_node("Loop", ["often", "always", "z"], ["out"], body=body)
    model = graph(loop, inputs={"z": ["n", 8]}, outputs={"out": ["n", 8]})
    model.graph.initializer.extend([often, always])
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(CheckpointError, match="an operation Loop"):
        ga.load(tmp_path / "net.onnx")
    running = session.RunningFile(tmp_path / "net.onnx")  # as if its outline had not been looked at
    with pytest.raises(CheckpointError, match="was ended after 0 seconds"):
        session.run_within(running, None, {"z": np.zeros((1, 8), np.float32)}, seconds=0.2)


def test_without_a_classifier_its_images_have_directions_and_sliders(tmp_path: Path):
    from ganatomy.cli import main
    from ganatomy.studio.preparing import prepare

    path = Net(z_dim=8).save(tmp_path / "net.onnx")
    out = str(tmp_path / "pc.directions")
    assert main(["directions", str(path), "--method", "ganspace", "--layer", "images", "-n", "300",
                 "--components", "3", "-o", out]) == 0  # fmt: skip
    assert list(ga.load_directions(out).names) == ["PC 1", "PC 2", "PC 3"]
    panel = prepare(ga.load(path), None, num_seeds=8)
    assert [*panel.names][:2] == ["PC 1", "PC 2"]


def test_options_of_layers_do_not_go_with_a_graph(tmp_path: Path):
    path = Net().save(tmp_path / "net.onnx")
    with pytest.raises(SettingError, match="hidden cannot be chosen for an ONNX file"):
        ga.load(path, hidden="relu")
    with pytest.raises(SettingError, match="takes no class"):
        ga.load(path, num_classes=4)


def test_it_is_described_without_being_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(converted, "convert", None)
    net = Net()
    found = describe(ga.load(net.save(tmp_path / "net.onnx")))
    weights = sum(array.size for name, array in net.weights.items() if name != "table") + 4
    assert (found.parameters, found.flops) == (weights, None)
    assert "ONNX · 8 x 6 px · z 7" in str(found)


def test_it_cannot_be_exported_as_weights(tmp_path: Path):
    found = ga.load(Net().save(tmp_path / "net.onnx"))
    with pytest.raises(SettingError, match="ONNX"):
        ga.export(found, tmp_path / "out.safetensors")


def test_codes_that_may_hold_a_class_are_doubted(tmp_path: Path):
    Net(z_dim=110).save(tmp_path / "net.onnx")
    told = {guess.what: guess.second for guess in ga.load(tmp_path / "net.onnx").guesses}
    assert told["class in the codes"] == "one of 10, one-hot"
    none = ga.load(tmp_path / "net.onnx", num_classes=0)
    assert "class in the codes" not in {guess.what for guess in none.guesses}
