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
from ganatomy.perception import Convention, FunctionScorer, OnnxScorer, doubts, scorer
from ganatomy.perception.base import Scores

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
    found = OnnxScorer(
        classifier(tmp_path / "m.onnx", activation=None), convention=Convention(output="probabilities")
    )
    with pytest.raises(ScoreError, match="say that the output is logits"):
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
        classifier(tmp_path / "n.onnx", gain=1.0),
        convention=Convention(mean=(0.1, 0.2, 0.3), std=(0.5, 0.5, 0.25)),
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
    with pytest.raises(SettingError, match="does not name its 3 outputs; name each"):
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
        scorer(classifier(tmp_path / "m.onnx"), **settings)


CONVENTIONS = {
    "bytes": ({"value_range": (0, 255)}, lambda p: 255 * p),
    "0 to 1": ({"value_range": (0, 1)}, lambda p: p),
    "BGR": ({"colour": "BGR"}, lambda p: (2 * p - 1).flip(1)),
    "ImageNet": (
        {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
        lambda p: (p - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225]),
    ),
    "one mean": ({"mean": 0.5, "std": 0.25}, lambda p: (p - 0.5) / 0.25),
}


@pytest.mark.parametrize(("said", "expected"), CONVENTIONS.values(), ids=CONVENTIONS)
def test_a_convention_can_be_said_in_python_in_the_name_and_in_a_file(tmp_path, said, expected):
    path = classifier(tmp_path / "m.onnx", activation=None, gain=1.0)
    pixels = torch.tensor([[0.75, 0.5, 0.125]])
    image = flat(*(2 * pixels - 1)[0].tolist())
    said = {**said, "output": "logits"}
    told = {key: ":".join(map(str, v)) if isinstance(v, tuple) else str(v) for key, v in said.items()}
    spec = f"{path}?" + "&".join(f"{key}={value}" for key, value in told.items())
    beside = classifier(tmp_path / "n.onnx", activation=None, gain=1.0)
    beside.with_suffix(".json").write_text(json.dumps(said))
    for found in (scorer(path, **said), scorer(spec), scorer(beside)):
        torch.testing.assert_close(found.score(image).logits, expected(pixels), atol=1e-5, rtol=1e-5)
    function = scorer(lambda images: images.mean((2, 3)), names=["R", "G", "B"], **said)
    torch.testing.assert_close(function.score(image).logits, expected(pixels), atol=1e-5, rtol=1e-5)


def test_what_is_said_goes_before_what_lies_beside_it(tmp_path):
    path = classifier(tmp_path / "m.onnx", activation=None, gain=1.0, metadata={})
    path.with_suffix(".json").write_text(
        '{"value_range": [0, 255], "names": ["A", "B", "C"], "output": "logits"}'
    )
    found = scorer(f"{path}?mean=0&std=0.5", names=["C", "A"])
    assert found.names == ("C", "A")
    torch.testing.assert_close(found.score(flat(1.0, 0.0, -1.0)).logits, torch.tensor([[0.0, 2.0]]))
    assert not found.assumed.count("values")


def test_what_nobody_said_is_said_to_be_assumed(tmp_path):
    path = classifier(tmp_path / "m.onnx")
    assert scorer(path).assumed == "colours RGB, values in [-1, 1], outputs are probabilities"
    assert scorer(path).select(["R"]).assumed == scorer(path).assumed
    assert scorer(path, colour="RGB", value_range=(-1, 1)).assumed == "outputs are probabilities"
    assert scorer(f"{path}?colour=RGB&value_range=-1:1&output=probabilities").assumed == ""


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ("colour=CMYK", "not a known colour"),
        ("range=0:1", "says 'range'; say size, colour"),
        ("mean=red", "not a number"),
        ("value_range=0", "what black and white go in as"),
        ("size=0", "not a height and width"),
        ("output=percent", "not a known output"),
    ],
)
def test_conventions_that_are_none_are_refused(tmp_path, said, match):
    path = classifier(tmp_path / "m.onnx")
    with pytest.raises(SettingError, match=match):
        scorer(f"{path}?{said}")


@pytest.mark.parametrize("text", ["[]", "nonsense", '{"names": "A"}', '{"colour": 3}', "[" * 100_000])
def test_a_file_beside_a_classifier_that_says_nothing_of_use_is_refused(tmp_path, text):
    path = classifier(tmp_path / "m.onnx")
    path.with_suffix(".json").write_text(text)
    with pytest.raises((CheckpointError, SettingError), match=r"m\.json|colour"):
        scorer(path)


def test_scorers_that_know_what_they_take_are_told_nothing():
    for spec in ("faces", "faces?colour=BGR"):
        with pytest.raises(SettingError, match="knows what it takes"):
            scorer(spec, colour="BGR")


def heads(path: Path) -> Path:
    """A classifier with an output of ages and one of genders."""
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=0),
        helper.make_node("Sigmoid", ["mean"], ["age"]),
        helper.make_node("Neg", ["mean"], ["gender"]),
    ]
    graph = helper.make_graph(
        nodes,
        "heads",
        [helper.make_tensor_value_info("images", FLOAT, ("n", 3, 8, 8))],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in ("age", "gender")],
        [numpy_helper.from_array(np.array((2, 3), dtype=np.int64), "axes")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def test_of_two_heads_one_must_be_chosen(tmp_path):
    path = heads(tmp_path / "m.onnx")
    with pytest.raises(
        SettingError, match=r"2 outputs that could be the scores \(age \[3\], gender \[3\]\); say which"
    ):
        scorer(path, names=["A", "B", "C"])
    age = scorer(path, names=["A", "B", "C"], head="age")
    gender = scorer(f"{path}?head=gender&names=A:B:C")
    torch.testing.assert_close(age.score(flat(0.5, 0.0, -1.0)).logits, torch.tensor([[0.5, 0.0, -1.0]]))
    torch.testing.assert_close(gender.score(flat(0.5, 0.0, -1.0)).logits, torch.tensor([[-0.5, 0.0, 1.0]]))
    assert age.fingerprint != gender.fingerprint
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        scorer(path, names=["A", "B", "C"], head="Age")


def test_a_wrong_convention_is_doubted():
    images = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    right = FunctionScorer(lambda x: 40 * x.mean((1, 2, 3)), "Bright", output="logits")
    wrong = scorer(lambda x: x.mean((1, 2, 3)) + 20, names="Bright", output="logits", value_range=(0, 255))
    assert doubts(right.score(images)) == ()
    assert doubts(wrong.score(images)) == ("it is more than 99.9% sure of all 16 images (Bright)",)
    assert doubts(right.score(images[:4])) == ()
    classes = torch.full((16, 3), -30.0)
    classes[torch.arange(16), torch.arange(16) % 2] = (
        30.0  # sure and right of digits, of which no third kind is shown
    )
    assert doubts(Scores(names=("0", "1"), logits=classes[:, :2])) == ()


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
