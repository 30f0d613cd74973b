"""A scorer against exact labels, and against scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import fbeta_score, log_loss
from torch import Tensor

from ganatomy.datasets import write_faces
from ganatomy.datasets.labelled import Labelled, class_labelled, drawn_labelled, folder_labelled
from ganatomy.errors import MissingFileError, ScoreError, SettingError
from ganatomy.metrics.recognition import recognition
from ganatomy.perception import FunctionScorer, TruthScorer

NAMES = ("red", "round", "large")


def labelled(n: int = 40) -> tuple[Labelled, Tensor]:
    """Images whose pixels are the logits that a scorer will read off them."""
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.random((n, 3)) < 0.4)
    logits = torch.from_numpy(rng.normal(size=(n, 3))).float().clamp(-3, 3) + 2 * labels - 1
    images = (logits / 8)[:, None, :, None].expand(-1, 1, 3, 3)
    data = Labelled(description="dots", names=NAMES, labels=labels, read=lambda rows: images[rows])
    return data, logits


def reader(names: tuple[str, ...] = NAMES) -> FunctionScorer:
    return FunctionScorer(lambda images: 8 * images[:, 0, :, 0], names, output="logits")


def test_all_figures_are_those_of_scikit_learn():
    data, logits = labelled()
    found = recognition(reader(), data, batch_size=7)
    said, truth = (logits > 0).numpy(), data.labels.numpy()
    assert found.num_images == 40
    assert found.accuracy.value == pytest.approx((said == truth).mean())
    assert found.loss.value == pytest.approx(log_loss(truth.ravel(), torch.sigmoid(logits).numpy().ravel()))
    for beta, figure in ((1, found.f1), (2, found.f2)):
        expected = fbeta_score(truth, said, beta=beta, average="samples", zero_division=1)
        assert figure.value == pytest.approx(expected, abs=0.02)
        assert figure.low < figure.value < figure.high
    each = fbeta_score(truth, said, beta=1, average=None)
    assert [f1 for _, f1 in found.attributes.values()] == pytest.approx(list(each))


def test_a_scorer_that_knows_the_labels_makes_no_mistake():
    data, _ = labelled()
    exact = Labelled(
        description="dots",
        names=NAMES,
        labels=data.labels,
        read=lambda rows: (2.0 * data.labels[rows] - 1)[:, None, :, None].expand(-1, 1, 3, 3),
    )
    found = recognition(reader(), exact)
    assert (found.accuracy.value, found.f1.value, found.f2.value) == (1, 1, 1)


def test_missing_labels_are_left_out():
    data, _ = labelled()
    known = torch.ones_like(data.labels)
    known[::2, 1] = known[5:9] = False
    some = replace(data, known=known, labels=data.labels | ~known)
    found = recognition(reader(), some)
    assert found.num_images == 36
    rest = Labelled(
        description="dots",
        names=NAMES,
        labels=torch.cat([data.labels[:5], data.labels[9:]]),
        read=lambda rows: torch.cat([data.read(torch.arange(5)), data.read(torch.arange(9, 40))])[rows],
    )
    assert found.attributes["red"] == recognition(reader(), rest).attributes["red"]
    with pytest.raises(ScoreError, match="no image of dots has a label of red"):
        recognition(reader(), replace(data, known=torch.zeros_like(known)))


def test_only_attributes_that_both_know_count():
    data, logits = labelled()
    found = recognition(reader(("red", "wild", "large")), data)
    assert found.names == ("red", "large")
    right = (logits > 0)[:, [0, 2]] == data.labels[:, [0, 2]]
    assert found.accuracy.value == pytest.approx(float(right.float().mean()))
    with pytest.raises(SettingError, match="none of a, b, c has a label"):
        recognition(reader(("a", "b", "c")), data)


def test_a_table_of_labels_is_no_scorer_to_test():
    data, _ = labelled()
    with pytest.raises(ScoreError, match="cannot score new images"):
        recognition(TruthScorer(data.labels, NAMES), data)


def test_drawn_faces_are_new_people_with_their_exact_labels():
    data = drawn_labelled(resolution=16, n=6)
    assert data.labels.shape == (6, len(data.names))
    assert data.read(torch.tensor([4, 1])).shape == (2, 3, 16, 16)


def test_a_folder_that_was_written_is_read_with_its_labels(tmp_path: Path):
    folder = write_faces(tmp_path / "faces", 5, seed=0, resolution=16)
    data = folder_labelled(folder, resolution=16, channels=3, n=4)
    assert len(data) == 4
    assert data.read(torch.tensor([0, 3])).shape == (2, 3, 16, 16)
    with pytest.raises(MissingFileError, match="holds no table of labels"):
        folder_labelled(tmp_path, resolution=16, channels=3)


def test_classes_become_one_label_each():
    pixels = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2, 1)
    data = class_labelled(pixels, np.array([2, 0, 1, 2], np.uint8), "abc", description="dots", n=3)
    assert data.labels.sum(1).tolist() == [1, 1, 1]
    # The images and the labels of a row belong together.
    first = ((data.read(torch.arange(3))[:, 0, 0, 0] + 1) * 127.5).round().int() // 4
    assert data.labels.int().argmax(1).tolist() == [[2, 0, 1, 2][row] for row in first.tolist()]
    with pytest.raises(SettingError, match="do not go with 2 names"):
        class_labelled(pixels, np.array([2, 0, 1, 2], np.uint8), "ab", description="dots")
