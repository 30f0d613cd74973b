"""Losses by what their papers write, penalties by critics whose gradients are known."""

import torch

from ganatomy.training.losses import LOSSES
from ganatomy.training.regularisers import gradient_penalty


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
