from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from ganatomy.errors import CheckpointError, MissingFileError, ScoreError, SettingError, UnknownNameError
from ganatomy.perception import OnnxScorer, scorer

FLOAT = TensorProto.FLOAT


def classifier(
    path: Path,
    *,
    shape: tuple = ("n", 3, 8, 8),
    axes: tuple[int, ...] = (2, 3),
    activation: str | None = "Sigmoid",
    gain: float = 5.0,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A network whose outputs are the mean of each channel, after `gain` and an activation."""
    reduce = helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=0)
    nodes = [
        reduce if axes else helper.make_node("Identity", ["images"], ["mean"]),
        helper.make_node("Mul", ["mean", "gain"], ["scaled" if activation else "scores"]),
    ]
    if activation:
        nodes.append(helper.make_node(activation, ["scaled"], ["scores"]))
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("images", FLOAT, shape)],
        [helper.make_tensor_value_info("scores", FLOAT, None)],
        [
            numpy_helper.from_array(np.array(axes, dtype=np.int64), "axes"),
            numpy_helper.from_array(np.array(gain, dtype=np.float32), "gain"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"attributes": '["R", "G", "B"]'} if metadata is None else metadata)
    onnx.save(model, path)
    return path


def flat(*levels: float, size: int = 8) -> Tensor:
    """One image of a colour."""
    return torch.tensor(levels).view(1, -1, 1, 1).expand(1, -1, size, size)


def test_names_and_size_are_read_from_the_file(tmp_path):
    found = OnnxScorer(classifier(tmp_path / "m.onnx"))
    assert found.names == ("R", "G", "B")
    assert found.input.size == (8, 8)
    assert found.output == "probabilities"
    torch.testing.assert_close(found.score(flat(0.5, -0.2, 0.0)).logits, torch.tensor([[2.5, -1.0, 0.0]]))


def test_values_outside_0_to_1_are_logits(tmp_path):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", activation=None))
    assert found.output == "logits"
    torch.testing.assert_close(found.score(flat(0.5, -0.2, 0.0)).logits, torch.tensor([[2.5, -1.0, 0.0]]))


def test_softmax_probabilities_become_log_odds(tmp_path):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", activation="Softmax"))
    expected = torch.tensor([[2.5, -1.0, 0.0]]).softmax(1)
    torch.testing.assert_close(found.score(flat(0.5, -0.2, 0.0)).probabilities, expected)


def test_class_logits_go_through_one_softmax(tmp_path):
    path = classifier(
        tmp_path / "m.onnx",
        activation=None,
        metadata={"attributes": '["R","G","B"]', "output": "class logits"},
    )
    expected = torch.tensor([[2.5, -1.0, 0.0]]).softmax(1)
    torch.testing.assert_close(OnnxScorer(path).score(flat(0.5, -0.2, 0.0)).probabilities, expected)
    one = scorer(path, names=["G"]).score(flat(0.5, -0.2, 0.0)).probabilities
    torch.testing.assert_close(one, expected[:, 1:2])


def test_logits_that_were_called_probabilities_are_refused(tmp_path):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", activation=None), output="probabilities")
    with pytest.raises(ScoreError, match='output="logits"'):
        found.score(flat(0.9, 0.9, 0.9))


def test_channels_last_is_seen_in_the_shape(tmp_path):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", shape=("n", 6, 8, 3), axes=(1, 2)))
    assert (found.input.layout, found.input.size) == ("NHWC", (6, 8))
    torch.testing.assert_close(found.score(flat(0.5, -0.2, 0.0)).logits, torch.tensor([[2.5, -1.0, 0.0]]))


def test_colour_range_and_size_of_the_metadata(tmp_path):
    told = {"attributes": '["B", "G", "R"]', "input": "BGR NCHW float32 in [0, 255], 4x6"}
    found = OnnxScorer(classifier(tmp_path / "m.onnx", shape=("n", 3, "h", "w"), gain=0.01, metadata=told))
    assert found.input.size == (4, 6)
    logits = found.score(flat(1.0, 0.0, -1.0, size=32)).logits
    torch.testing.assert_close(logits, torch.tensor([[0.0, 1.275, 2.55]]), atol=1e-5, rtol=1e-5)


def test_mean_and_std_of_pixels(tmp_path):
    told = {"attributes": '["R", "G", "B"]', "mean": "[0.1, 0.2, 0.3]", "std": "[0.5, 0.5, 0.25]"}
    by_file = OnnxScorer(classifier(tmp_path / "m.onnx", gain=1.0, metadata=told))
    by_hand = OnnxScorer(
        classifier(tmp_path / "n.onnx", gain=1.0), mean=(0.1, 0.2, 0.3), std=(0.5, 0.5, 0.25)
    )
    expected = torch.tensor([[(0.75 - 0.1) / 0.5, (0.5 - 0.2) / 0.5, (0.0 - 0.3) / 0.25]])
    for found in (by_file, by_hand):
        torch.testing.assert_close(found.score(flat(0.5, 0.0, -1.0)).logits, expected)


def test_grey_models_see_the_luma(tmp_path):
    path = classifier(tmp_path / "m.onnx", shape=("n", 1, 8, 8), metadata={"attributes": '["Light"]'})
    assert OnnxScorer(path).score(flat(1.0, -1.0, -1.0)).logits.item() == pytest.approx(
        5 * (2 * 0.299 - 1), abs=1e-4
    )


@pytest.mark.parametrize("n", [1, 4, 6])
def test_a_fixed_batch_is_filled_up(tmp_path, n: int):
    found = OnnxScorer(classifier(tmp_path / "m.onnx", shape=(4, 3, 8, 8)))
    batch = torch.cat([flat(i / 10, 0.0, 0.0) for i in range(n)])
    torch.testing.assert_close(found.score(batch).column("R"), torch.arange(n) / 2)
    assert len(found.score(batch[:0])) == 0


def test_names_can_be_given_where_the_file_has_none(tmp_path):
    path = classifier(tmp_path / "m.onnx", metadata={})
    with pytest.raises(SettingError, match=r"3 outputs; give names="):
        scorer(path)
    with pytest.raises(SettingError, match="3 outputs, but 2 names"):
        scorer(path, names=["A", "B"])
    assert scorer(path, names=["A", "B", "C"]).names == ("A", "B", "C")


def test_names_choose_where_the_file_has_its_own(tmp_path):
    path = classifier(tmp_path / "m.onnx")
    found = scorer(path, names=["B", "R"])
    torch.testing.assert_close(found.score(flat(0.5, -0.2, 0.0)).logits, torch.tensor([[0.0, 2.5]]))
    assert found.fingerprint != scorer(path).fingerprint
    with pytest.raises(UnknownNameError):
        scorer(path, names=["X"])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"colour": "grey"}, "channels 3, not 1"),
        ({"size": 9}, "height 8, not 9"),
        ({"value_range": (1.0, 1.0)}, "leaves nothing"),
        ({"std": (0.0,)}, "divides by zero"),
        ({"mean": (0.5, 0.5)}, "2 values for 3 channels"),
        ({"colour": "CMYK"}, "not a known colour"),
        ({"output": "percent"}, "not a known output"),
    ],
    ids=["colour", "size", "range", "std", "mean", "unknown colour", "unknown output"],
)
def test_settings_that_do_not_fit(tmp_path, settings: dict, match: str):
    with pytest.raises(SettingError, match=match):
        OnnxScorer(classifier(tmp_path / "m.onnx"), **settings)


class TestFiles:
    def test_missing(self, tmp_path):
        with pytest.raises(MissingFileError):
            OnnxScorer(tmp_path / "gone.onnx")

    def test_not_onnx(self, tmp_path):
        (tmp_path / "m.onnx").write_bytes(b"not a network at all")
        with pytest.raises(CheckpointError, match="cannot be read as ONNX"):
            OnnxScorer(tmp_path / "m.onnx")

    def test_truncated(self, tmp_path):
        path = classifier(tmp_path / "m.onnx")
        path.write_bytes(path.read_bytes()[:60])
        with pytest.raises(CheckpointError):
            OnnxScorer(path)

    def test_a_generator_takes_no_images(self, tmp_path):
        path = classifier(tmp_path / "m.onnx", shape=("n", 64), axes=(1,))
        with pytest.raises(CheckpointError, match="takes images"):
            OnnxScorer(path)

    def test_a_network_that_gives_images_is_no_classifier(self, tmp_path):
        path = classifier(tmp_path / "m.onnx", axes=())
        with pytest.raises(CheckpointError, match="no classifier"):
            OnnxScorer(path)

    def test_a_network_that_gives_one_number_for_all_images_is_no_classifier(self, tmp_path):
        path = classifier(tmp_path / "m.onnx", axes=(0, 1, 2, 3))
        with pytest.raises(CheckpointError, match="no classifier"):
            OnnxScorer(path)

    def test_metadata_that_is_no_list(self, tmp_path):
        path = classifier(tmp_path / "m.onnx", metadata={"attributes": "R, G, B"})
        with pytest.raises(CheckpointError, match="not a JSON list"):
            OnnxScorer(path)


class TestRealScorers:
    """The two classifiers that lie beside the project."""

    def test_the_face_scorer_says_what_it_is(self, shared: Path):
        found = scorer(shared / "models" / "face-attributes.onnx")
        assert found.names == ("Male", "Smiling", "Young")
        assert isinstance(found, OnnxScorer)
        assert (found.input.size, found.input.colour, found.output) == ((112, 112), "RGB", "probabilities")

    def test_the_digit_scorer_reads_digits(self, shared: Path):
        images, labels = (
            gzip.decompress((shared / "data" / f"t10k-{name}-ubyte.gz").read_bytes())
            for name in ("images-idx3", "labels-idx1")
        )
        pixels = np.frombuffer(images, np.uint8, offset=16)
        labels = np.frombuffer(labels, np.uint8, offset=8)
        digits = torch.from_numpy(pixels.reshape(-1, 1, 28, 28)[:500].copy()).float() / 127.5 - 1
        found = scorer(shared / "models" / "mnist-digits.onnx").score(digits)
        assert json.dumps(found.names) == json.dumps([str(i) for i in range(10)])
        assert (found.logits.argmax(1).numpy() == labels[:500]).mean() > 0.98
