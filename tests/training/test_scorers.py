import numpy as np
import pytest
import torch

from ganatomy.errors import ScoreError, SettingError
from ganatomy.perception.network import AttributeConfig
from ganatomy.training.scorers import ScorerSettings, train_scorer
from ganatomy.training.scorers.augmentation import augment
from ganatomy.training.scorers.evaluation import fit_temperature

NET = AttributeConfig(
    attributes=("Bright", "Left"),
    factors=("level",),
    resolution=16,
    widths=(8, 16),
    blocks=(0, 0),
    hidden_dim=16,
)
SETTINGS = ScorerSettings(network=NET, images=6_400, batch=32, held_out=100, learning_rate=1e-2)


def data(n: int = 600) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """Grey squares whose level is a factor, with a white bar on the left of some."""
    rng = np.random.default_rng(0)
    level, left = rng.uniform(40, 200, n), rng.random(n) < 0.4
    images = np.repeat(level, 16 * 16 * 3).reshape(n, 16, 16, 3)
    images[left, :, :4] = 255
    labels = torch.from_numpy(np.stack([level > 120, left], axis=1))
    return images.astype(np.uint8), labels, torch.from_numpy(level).float()[:, None]


def test_a_scorer_learns_what_images_show() -> None:
    images, labels, factors = data()
    network, evaluation = train_scorer(SETTINGS, images, labels, factors)
    assert evaluation.auc["Bright"] > 0.97
    assert evaluation.auc["Left"] > 0.97
    assert evaluation.r2["level"] > 0.8
    assert not network.training
    assert network.factor_mean.item() == pytest.approx(factors[:-100].mean().item(), rel=1e-4)


def test_the_same_seed_trains_the_same_scorer() -> None:
    short = ScorerSettings(network=NET, images=64, batch=32, held_out=100)
    first, second = (train_scorer(short, *data())[0] for _ in range(2))
    assert first.fingerprint == second.fingerprint


def test_temperature_undoes_overconfidence() -> None:
    torch.manual_seed(0)
    logits = torch.randn(20_000, 2)
    labels = torch.rand(20_000, 2) < logits.sigmoid()
    assert fit_temperature(NET, logits * 3, labels).tolist() == pytest.approx([3, 3], rel=0.06)


def test_augmented_images_stay_images() -> None:
    images = torch.rand(8, 3, 16, 16) * 2 - 1
    changed = augment(images, 1.0)
    assert changed.shape == images.shape
    assert changed.abs().max() <= 1
    assert not torch.allclose(changed, images)
    assert augment(images, 0.0) is images


def test_an_attribute_of_one_class_is_refused() -> None:
    images, labels, factors = data()
    labels[:, 1] = False
    with pytest.raises(ScoreError, match=r"'Left' has one class only \(0 positive, 500 negative"):
        train_scorer(SETTINGS, images, labels, factors)


def test_labels_that_do_not_fit_are_refused() -> None:
    images, labels, factors = data()
    with pytest.raises(SettingError, match="do not fit"):
        train_scorer(SETTINGS, images, labels[:-1], factors[:-1])
    with pytest.raises(SettingError, match="factors"):
        train_scorer(SETTINGS, images, labels, None)
