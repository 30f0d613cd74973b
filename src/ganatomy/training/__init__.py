"""Training of generators and scorers, the code that made the bundled models, and of transfer networks."""

from ganatomy.training.gan import GanRecipe, Stage, train_gan
from ganatomy.training.recipes import RECIPES, Recipe, train
from ganatomy.training.scorers import ScorerAccount, ScorerRecipe, train_scorer
from ganatomy.training.transfers import TransferRecipe, judge_transfer, train_transfer

__all__ = [
    "RECIPES",
    "GanRecipe",
    "Recipe",
    "ScorerAccount",
    "ScorerRecipe",
    "Stage",
    "TransferRecipe",
    "judge_transfer",
    "train",
    "train_gan",
    "train_scorer",
    "train_transfer",
]
