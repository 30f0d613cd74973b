from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganatomy.errors import SettingError
from ganatomy.perception.network import AttributeConfig, AttributeNetwork
from ganatomy.training.features import FeatureCritic
from ganatomy.training.loop import train_gan
from ganatomy.training.settings import GanSettings, TrainingStage

NET = AttributeConfig(
    attributes=("A", "B"), resolution=16, widths=(4, 6, 8, 8), blocks=(0, 0, 0, 0), hidden_dim=8
)
SETTINGS = GanSettings(
    architecture="stylegan2",
    widths=(8, 8, 8),
    stages=(TrainingStage(resolution=16, images=32, batch=8),),
    z_dim=6,
    w_dim=6,
)


@pytest.fixture
def network() -> AttributeNetwork:
    torch.manual_seed(0)
    return AttributeNetwork(NET).eval()


def test_one_logit_comes_from_each_depth_whatever_the_size_of_the_images(network: AttributeNetwork) -> None:
    critic = FeatureCritic(network)
    assert critic(torch.randn(5, 3, 16, 16)).shape == (5, 3)
    assert critic(torch.randn(5, 3, 4, 4)).shape == (5, 3)


def test_gradients_reach_the_images_and_the_heads_but_not_the_network(network: AttributeNetwork) -> None:
    critic, images = FeatureCritic(network), torch.randn(2, 3, 16, 16, requires_grad=True)
    critic(images).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in critic.parameters())
    assert not any("stages" in name for name in critic.state_dict())


def test_a_run_with_a_feature_critic_resumes(network: AttributeNetwork, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3), dtype=np.uint8)
    settings = replace(SETTINGS, feature_weight=1.0)
    first = train_gan(settings, images, tmp_path, network=network)
    again = train_gan(settings, images, tmp_path, network=network)
    assert first.fingerprint == again.fingerprint


def test_a_weight_without_a_network_is_refused(tmp_path: Path) -> None:
    images = np.zeros((8, 16, 16, 3), dtype=np.uint8)
    with pytest.raises(SettingError, match="contradict"):
        train_gan(replace(SETTINGS, feature_weight=1.0), images, tmp_path)
