"""Attribute networks on backbones of timm: heads, weights of others, files, gradients, ONNX."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import ganatomy as ga
from ganatomy.errors import CheckpointError, MissingFileError, SettingError, UnknownNameError
from ganatomy.perception import AttributeConfig, AttributeNetwork, load_network
from ganatomy.perception.attribute_model import AttributeModel

pytest.importorskip("ganatomy.graphs.torchvision").import_torchvision()
timm = pytest.importorskip("timm", reason="the extra `classifiers` is not installed")

from ganatomy.perception.backbones import (  # noqa: E402
    BackboneConfig,
    BackboneNetwork,
    create_backbone,
    expected_pixels,
    read_backbone,
)

NAME = "resnet10t"
CONFIG = BackboneConfig(
    backbone=NAME, attributes=("Smiling", "Male"), factors=("age",), resolution=32, hidden=(16, 8)
)


@pytest.fixture(scope="module")
def network() -> BackboneNetwork:
    torch.manual_seed(0)
    network = BackboneNetwork(CONFIG)
    for _ in range(2):  # norms that have seen something
        network.train()(torch.rand(8, 3, 32, 32) * 2 - 1)
    network.temperature.copy_(torch.tensor([0.5, 2.0]))
    return network.eval()


def test_both_poolings_stand_side_by_side(network: BackboneNetwork) -> None:
    assert network.backbone_width == 2 * network.backbone.num_features
    assert [tuple(part.shape) for part in network(torch.zeros(2, 3, 32, 32))] == [(2, 2), (2, 1)]
    assert len(network.maps(torch.zeros(1, 3, 32, 32))) > 2


def test_a_file_and_a_folder_are_scorers_with_gradients(network: BackboneNetwork, tmp_path: Path) -> None:
    network.save(tmp_path / "scorer.safetensors", bits=32)
    images = torch.rand(3, 3, 32, 32) * 2 - 1
    images.requires_grad_()
    scorer = ga.scorer(tmp_path)
    logits = scorer(images).logits
    expected = network.calibrated(network(images.detach()).attributes)
    torch.testing.assert_close(logits.detach(), expected, rtol=1e-4, atol=1e-5)
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert gradient.abs().sum() > 0
    assert scorer.fingerprint == ga.scorer(network).fingerprint
    with pytest.raises(MissingFileError, match=r"no judge.safetensors; train with --folds 2"):
        ga.judge(tmp_path)
    with pytest.raises(MissingFileError, match="no scorer.safetensors; `ganatomy train attributes`"):
        ga.scorer(tmp_path / "..")


@pytest.mark.parametrize("kind", ["backbone", "small", "classes", "grey"])
def test_onnx_says_what_it_needs_and_reads_the_same(
    kind: str, network: BackboneNetwork, tmp_path: Path
) -> None:
    pytest.importorskip("onnx", reason="the extra `classifiers` is not installed")
    torch.manual_seed(1)
    small = {"resolution": 32, "widths": (8, 8), "blocks": (1, 0), "hidden_dim": 8}
    networks: dict[str, AttributeModel] = {
        "backbone": network,
        "small": AttributeNetwork(AttributeConfig(attributes=("A",), **small)),
        "classes": AttributeNetwork(AttributeConfig(attributes=("A", "B"), activation="softmax", **small)),
        "grey": AttributeNetwork(AttributeConfig(attributes=("A",), channels=1, **small)),
    }
    own = networks[kind].eval()
    path = ga.export_onnx(own, tmp_path / "scorer.onnx")
    images = torch.rand(5, own.config.channels, 32, 32) * 2 - 1
    with torch.no_grad():
        expected = ga.scorer(own)(images)
    found = ga.scorer(path)(images)
    assert found.names == own.config.attributes
    torch.testing.assert_close(found.logits, expected.logits, rtol=1e-5, atol=1e-5)
    with pytest.raises(SettingError, match="does not end in .onnx"):
        ga.export_onnx(own, tmp_path / "scorer.pt")


def test_weights_of_others_are_found_by_name_or_by_order(tmp_path: Path) -> None:
    torch.manual_seed(2)
    theirs = timm.create_model(NAME, num_classes=5)
    state = theirs.state_dict()
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, tmp_path / "wrapped.pth")
    save_file(
        {f"t{k:03}": tensor for k, tensor in enumerate(state.values())}, tmp_path / "renamed.safetensors"
    )
    for file in ("wrapped.pth", "renamed.safetensors"):
        network = BackboneNetwork(CONFIG)
        read_backbone(network, tmp_path / file)
        own = network.backbone.state_dict()
        assert all(torch.equal(own[name], state[name]) for name in own if "num_batches" not in name), file
    torch.save(timm.create_model("resnet18").state_dict(), tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="does not hold the weights of resnet10t"):
        read_backbone(BackboneNetwork(CONFIG), tmp_path / "other.pth")
    with pytest.raises(MissingFileError):
        read_backbone(BackboneNetwork(CONFIG), tmp_path / "nothing.pth")


def test_an_unknown_backbone_is_refused_and_nothing_is_looked_up_on_a_hub() -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        create_backbone("resnet35")
    for name in ("hf-hub:someone/model", "local-dir:/tmp", "qqqq"):
        with pytest.raises(UnknownNameError):
            create_backbone(name)
    assert expected_pixels("resnet34")[0] == (0.485, 0.456, 0.406)
    assert expected_pixels("resnet34", 1) == ((0.5,), (0.5,))


def test_configs_that_make_no_network_are_refused() -> None:
    for wrong in ({"hidden": ()}, {"dropout": 1.0}, {"mean": (0.5,)}, {"std": (0, 1, 1)}, {"channels": 2}):
        with pytest.raises(SettingError):
            BackboneConfig(backbone=NAME, attributes=("A",), **wrong)


def test_a_damaged_file_is_refused(network: BackboneNetwork, tmp_path: Path) -> None:
    path = network.save(tmp_path / "scorer.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError):
        load_network(tmp_path / "cut.safetensors")
    with pytest.raises(CheckpointError, match="do not fit together"):
        BackboneNetwork.from_state(
            network.state_dict(), {"architecture": "BackboneNetwork", "config": '{"backbone": 1}'}
        )
