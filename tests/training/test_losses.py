"""Losses by what their papers write, penalties by critics whose gradients are known."""

import math

import pytest
import torch

from ganatomy.critics.informed import InformedCritic, ReadCodes
from ganatomy.generators.base import Generator
from ganatomy.generators.stylegan2 import StyleGAN2, StyleGAN2Config
from ganatomy.latents import Latents, Space
from ganatomy.training.losses import LOSSES, code_loss
from ganatomy.training.regularisers import (
    PATH_DECAY,
    PathLengthPenalty,
    between,
    gradient_penalty,
    path_lengths,
    slope_penalty,
)

ALL = slice(None)


def test_the_cross_entropies_are_those_of_probabilities() -> None:
    real, fake = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    p, q = real.sigmoid(), fake.sigmoid()
    game = LOSSES["non-saturating"]
    torch.testing.assert_close(game.critic(real, fake), -(p.log().mean() + (1 - q).log().mean()))
    torch.testing.assert_close(game.generator(real, fake), -q.log().mean())


def test_pairs_are_told_apart_by_the_probability_that_the_real_one_is_the_realer() -> None:
    real, fake = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    p = (real.exp() / (real.exp() + fake.exp())).clamp(0, 1)
    game = LOSSES["relativistic"]
    torch.testing.assert_close(game.critic(real, fake), -p.log().mean())
    torch.testing.assert_close(game.generator(real, fake), -(1 - p).log().mean())


def test_a_game_is_relative_where_the_generator_answers_to_real_images() -> None:
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    for game in LOSSES.values():
        (moved,) = torch.autograd.grad(
            game.generator(real, fake), real, allow_unused=True, materialize_grads=True
        )
        assert bool(moved.any()) == game.relative


def test_the_penalty_of_a_linear_critic_is_its_squared_weight() -> None:
    weight, images = torch.randn(3, 4, 4), torch.randn(2, 3, 4, 4, requires_grad=True)
    logits = (images * weight).sum(dim=(1, 2, 3))
    torch.testing.assert_close(gradient_penalty(logits, images), weight.square().sum())


def test_the_earth_movers_distance_is_a_difference_of_means() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.5, -0.5])
    game = LOSSES["wasserstein"]
    assert game.critic(real, fake).item() == -2.0
    assert game.generator(real, fake).item() == 0.0


def test_the_hinge_leaves_out_what_is_clearly_told_apart() -> None:
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-3.0, 1.0])
    game = LOSSES["hinge"]
    assert game.critic(real, fake).item() == 0.5 + 1.0
    assert game.generator(real, fake).item() == 1.0


def test_the_slope_of_a_linear_critic_is_the_norm_of_its_weight() -> None:
    weight = torch.randn(3, 4, 4)
    real, fake = torch.randn(2, 5, 3, 4, 4)
    images = between(real, fake, 5, part=ALL)
    expected = (weight.norm() - 1).square()
    torch.testing.assert_close(slope_penalty((images * weight).sum(dim=(1, 2, 3)), images), expected)


def test_points_between_images_lie_on_their_line() -> None:
    real, fake = torch.zeros(6, 3, 4, 4), torch.ones(6, 3, 4, 4)
    shares = between(real, fake, 6, part=ALL).flatten(1)
    assert (shares.max(dim=1).values == shares.min(dim=1).values).all()
    assert ((shares >= 0) & (shares <= 1)).all()
    assert len(shares[:, 0].unique()) == 6
    torch.manual_seed(0)
    whole = between(real, fake, 6, part=ALL)
    torch.manual_seed(0)
    assert torch.equal(between(real[3:], fake[3:], 6, part=slice(3, 6)), whole[3:])


def test_path_lengths_are_those_of_the_whole_jacobian() -> None:
    torch.manual_seed(0)
    generator: Generator = StyleGAN2(
        StyleGAN2Config(widths=(4, 4), z_dim=4, w_dim=4, mapping_layers=1, channels=1)
    )
    w = torch.randn(2, 4, 4, requires_grad=True)
    directions = torch.randn(2, 1, 8, 8)

    def draw(codes: torch.Tensor) -> torch.Tensor:
        return generator.synthesize(Latents(codes=codes, space=Space.W_PLUS, num_layers=4))

    found = path_lengths(draw(w), w, directions)
    for index in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda codes: draw(codes[None])[0], w[index].detach())
        along = torch.einsum("chw,chwld->ld", directions[index], jacobian) / math.sqrt(64)
        torch.testing.assert_close(
            found[index], along.square().sum(dim=1).mean().sqrt(), rtol=1e-4, atol=1e-6
        )
    found.sum().backward()
    weight = next(parameter for name, parameter in generator.named_parameters() if "conv1.weight" in name)
    assert weight.grad is not None
    assert weight.grad.any()


def test_the_mean_path_length_follows() -> None:
    penalty = PathLengthPenalty()
    assert penalty(torch.tensor([1.0, 3.0])).item() == 5.0
    penalty.follow(torch.tensor(2.0))
    assert penalty.mean.item() == pytest.approx(2 * PATH_DECAY)


def test_codes_that_are_read_well_cost_little() -> None:
    labels, codes = torch.eye(3), torch.tensor([[0.5, 9.0], [-0.5, 9.0], [0.0, 9.0]])
    latents = Latents(codes=codes, space=Space.Z, labels=labels)
    sure = ReadCodes(logits=labels * 100, means=codes[:, :1])
    assert code_loss(sure, latents).item() == pytest.approx(0.0, abs=1e-6)
    blind = ReadCodes(logits=torch.zeros(3, 3), means=torch.zeros(3, 1))
    expected = math.log(3) + 0.1 * (0.5**2 + 0.5**2) / 3 / 2
    assert code_loss(blind, latents).item() == pytest.approx(expected, rel=1e-5)


def test_the_critic_of_infogan_judges_as_its_trunk_does_and_reads_codes() -> None:
    critic = InformedCritic((4, 4), 1, categories=3, codes=2)
    images = torch.randn(4, 1, 8, 8)
    features = critic.read(images)
    torch.testing.assert_close(critic.judge(features), critic(images))
    told = critic.tell(features)
    assert (told.logits.shape, told.means.shape) == ((4, 3), (4, 2))
