"""Figures of attributes, held against scikit-learn and against what they must be."""

import numpy as np
import pytest
import torch
from sklearn import metrics

from ganatomy.errors import SettingError
from ganatomy.metrics.classification import f_beta, read_attributes


def case(n: int = 400, *, rounded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    labels = rng.random((n, 2)) < [0.4, 0.1]
    logits = rng.normal(size=(n, 2)) + 1.5 * labels - 0.7
    logits = np.round(logits) + 0.25 if rounded else logits  # many equal ones
    return torch.from_numpy(logits), torch.from_numpy(labels.astype(np.float64))


@pytest.mark.parametrize("rounded", [False, True], ids=["different logits", "many equal logits"])
def test_figures_are_those_of_scikit_learn(rounded: bool) -> None:
    logits, labels = case(rounded=rounded)
    found = read_attributes(["A", "B"], logits, labels)
    for column, one in enumerate(found.attributes):
        truth, score = labels[:, column].numpy(), logits[:, column].numpy()
        said = score > 0
        assert one.accuracy.value == pytest.approx(metrics.accuracy_score(truth, said))
        assert one.balanced_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(truth, said))
        assert one.auc.value == pytest.approx(metrics.roc_auc_score(truth, score))
        assert one.average_precision.value == pytest.approx(metrics.average_precision_score(truth, score))
        assert one.f1.value == pytest.approx(metrics.f1_score(truth, said))
        assert one.f2.value == pytest.approx(metrics.fbeta_score(truth, said, beta=2))
        assert one.prevalence.value == pytest.approx(truth.mean())
        assert one.base_rate == pytest.approx(max(truth.mean(), 1 - truth.mean()))
        assert one.auc.low < one.auc.value < one.auc.high
    said = (logits > 0).numpy()
    assert found.f1_macro.value == pytest.approx(metrics.f1_score(labels.numpy(), said, average="macro"))
    assert found.f2_micro.value == pytest.approx(
        metrics.fbeta_score(labels.numpy(), said, beta=2, average="micro")
    )


def test_unknown_labels_take_no_part() -> None:
    logits, labels = case()
    half = labels.clone()
    half[200:, 1] = torch.nan
    found = read_attributes(["A", "B"], logits, half)
    alone = read_attributes(["B"], logits[:200, 1:], labels[:200, 1:])
    assert found["B"].auc.value == pytest.approx(alone["B"].auc.value)
    assert (found["B"].known, found["B"].says_little) == (200, alone["B"].positives < 20)
    assert found["A"].known == 400


def test_an_attribute_of_one_class_has_no_auc_and_a_column_without_labels_no_figures() -> None:
    logits, labels = case()
    labels[:, 0], labels[:, 1] = 0.0, torch.nan
    found = read_attributes(["A", "B"], logits, labels)
    assert np.isnan(found["A"].auc.value)
    assert found["A"].says_little
    assert found["B"].known == 0
    assert np.isnan(found["B"].accuracy.value)
    assert found.accuracy.value == pytest.approx(found["A"].accuracy.value)


def test_images_of_the_same_people_say_less() -> None:
    logits, labels = case(100)
    people = torch.arange(100).repeat_interleave(4)
    often = (logits.repeat_interleave(4, 0), labels.repeat_interleave(4, 0))
    by_image = read_attributes(["A", "B"], *often)
    by_person = read_attributes(["A", "B"], *often, people=people)
    assert by_person.num_people == 100
    assert by_person["A"].auc.error > 1.5 * by_image["A"].auc.error
    assert by_person["A"].auc.value == pytest.approx(by_image["A"].auc.value)


def test_a_calibrated_classifier_has_a_small_calibration_error_and_a_sure_one_a_large_one() -> None:
    rng = np.random.default_rng(1)
    logits = torch.from_numpy(rng.normal(size=(20_000, 1)) * 2)
    labels = torch.from_numpy((rng.random((20_000, 1)) < torch.sigmoid(logits).numpy()).astype(float))
    right = read_attributes(["A"], logits, labels)["A"]
    sure = read_attributes(["A"], logits * 3, labels)["A"]
    assert right.calibration_error.value < 0.02
    assert sure.calibration_error.value > 0.05
    assert sum(point.count for point in right.curve) == 20_000


def test_f_beta_is_not_a_number_where_nothing_is_there_and_nothing_said() -> None:
    assert f_beta(torch.tensor([0.0, 0.0, 0.0, 5.0]), 1).isnan()


def test_tensors_that_do_not_fit_are_refused() -> None:
    logits, labels = case()
    with pytest.raises(SettingError, match="do not go together"):
        read_attributes(["A"], logits, labels)


def test_the_interval_of_a_perfect_accuracy_has_a_width_which_people_decide() -> None:
    """Draws of decisions that are all right are all alike; Wilson's interval of n right ones begins at n / (n + z²)."""
    labels = torch.tensor([1.0, 0.0]).repeat(100)[:, None]
    alone = read_attributes(["A"], labels * 2 - 1, labels)
    people = read_attributes(["A"], labels * 2 - 1, labels, people=torch.arange(200) // 10)
    for found, independent in ((alone, 200), (people, 20)):
        low = independent / (independent + 1.959964**2)
        assert (found["A"].accuracy.low, found["A"].accuracy.high) == (pytest.approx(low), 1.0)
        assert found.accuracy.low == pytest.approx(low)
