"""The study of attributes finds what was put into a classifier: where it looks, what it confuses, its mistakes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import ganatomy as ga
from ganatomy.datasets.labelled_images import LabelledImages
from ganatomy.errors import ScoreError, SettingError, UnknownNameError
from ganatomy.experiments.studies.attributes.mixups import confusions, mixups
from ganatomy.experiments.studies.attributes.saliency import occlusion, tinted
from ganatomy.report import write_document


def quarters(n: int = 200) -> LabelledImages:
    """Images with a bright left half, a bright top half, both or neither."""
    rng = np.random.default_rng(0)
    labels = rng.random((n, 2)) < 0.5
    pixels = np.full((n, 16, 16, 3), 40, np.uint8)
    pixels[labels[:, 0], :, :8] += 100
    pixels[labels[:, 1], :8] += 60
    return LabelledImages(
        description="quarters",
        names=("Left", "Top"),
        labels=torch.from_numpy(labels).float(),
        files=[f"image {row}" for row in range(n)],
        read=lambda rows, size: pixels[rows].repeat(size // 16, 1).repeat(size // 16, 2),
    )


def left_and_mixed(images: torch.Tensor) -> torch.Tensor:
    """Left by its own half, exactly; Top by both halves, so that a bright left half is taken for it."""
    halves = images.shape[-1] // 2
    left = images[..., :halves].mean((1, 2, 3)) - images[..., halves:].mean((1, 2, 3))
    top = images[..., :halves, :].mean((1, 2, 3)) - images[..., halves:, :].mean((1, 2, 3))
    return torch.stack([8 * (left - 0.4), 8 * (top - 0.25) + 1.5 * (left > 0.4)], dim=1)


@pytest.fixture
def scorer() -> ga.Scorer:
    from ganatomy.perception import FunctionScorer

    return FunctionScorer(left_and_mixed, ["Left", "Top"], output="logits")


def test_a_classifier_that_takes_one_for_the_other_is_found_out(scorer: ga.Scorer) -> None:
    found = ga.study_attributes(scorer, quarters())
    assert found.readings["Left"].accuracy.value == 1.0
    assert found.worst_pairs(1)[0][:2] == ("Top", "Left")
    assert found.pairs[1, 0] > 5 * abs(found.pairs[0, 1])
    rows = found.maps["Left"]
    assert rows.shape == (8, 8)
    assert str(found).splitlines()[0].startswith("Left")


def test_the_page_shows_figures_maps_and_mistakes(scorer: ga.Scorer, tmp_path: Path) -> None:
    images = quarters()
    labels = images.labels.clone()
    labels[:3, 0] = 1 - labels[:3, 0]  # mistakes of the labels
    found = ga.study_attributes(scorer, replace(images, labels=labels), shown=["Left"])
    assert {mistake.file for mistake in found.mistakes["Left"]} == {"image 0", "image 1", "image 2"}
    write_document(ga.document(found, scorer="mixed"), tmp_path)
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert names == {"auc", "calibration", "pairs", "where-it-looks", "mistakes-Left"}
    assert len((tmp_path / "attributes.csv").read_text().splitlines()) == 3
    page = (tmp_path / "report.html").read_text()
    assert "Largest confusion: Top" in page
    assert "could not be drawn" not in page


def test_maps_are_large_where_a_decision_comes_from(scorer: ga.Scorer) -> None:
    image = torch.full((1, 3, 16, 16), -0.6)
    image[..., :8] = 0.6
    maps = occlusion(scorer.select(["Left"]), image, cells=4)
    assert maps.shape == (1, 1, 4, 4)
    assert maps[0, 0].abs().sum() > 0
    shown = tinted(image, maps[:, 0])
    assert shown.shape == image.shape


def test_correlated_labels_alone_are_no_confusion() -> None:
    rng = np.random.default_rng(1)
    first = rng.random(2000) < 0.5
    second = np.where(rng.random(2000) < 0.9, first, ~first)
    labels = torch.from_numpy(np.stack([first, second], 1)).double()
    noise = torch.from_numpy(rng.normal(size=(2000, 2)) * 0.05)
    assert mixups(0.1 + 0.8 * labels + noise, labels).nan_to_num().abs().max() < 0.02
    classes = confusions(torch.tensor([[2.0, 1.0], [1.0, 2.0], [3.0, 0.0]]), torch.eye(2)[[0, 1, 1]])
    assert classes.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_classes_that_exclude_each_other_get_a_table_of_confusions(tmp_path: Path) -> None:
    images = quarters(40)
    classes = replace(
        images, labels=torch.stack([images.labels[:, 0], 1 - images.labels[:, 0]], 1), exclusive=True
    )
    classes = replace(classes, names=("Left", "Right"))
    reader = ga.scorer(
        lambda x: torch.sigmoid(left_and_mixed(x)[:, :1] * torch.tensor([1.0, -1.0])), names=["Left", "Right"]
    )
    found = ga.study_attributes(reader, classes, saliency=False)
    assert found.pairs.tolist() == [[1, 0], [0, 1]]
    assert found.worst_pairs() == []
    write_document(ga.document(found), tmp_path)


def test_what_cannot_be_studied_is_refused(scorer: ga.Scorer) -> None:
    images = quarters(20)
    with pytest.raises(SettingError, match="none of Left, Top has a label"):
        ga.study_attributes(scorer, replace(images, names=("A", "B")))
    with pytest.raises(ScoreError, match="no label of Left, Top is known"):
        ga.study_attributes(scorer, replace(images, labels=torch.full((20, 2), torch.nan)))
    with pytest.raises(UnknownNameError):
        ga.study_attributes(scorer, images, shown=["Right"])
