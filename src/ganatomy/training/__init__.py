"""Training of generators and scorers: the code that made the bundled models."""

from ganatomy.training.gan import GanRecipe, Stage, train_gan
from ganatomy.training.recipes import RECIPES, Recipe, train
from ganatomy.training.scorers import ScorerAccount, ScorerRecipe, train_scorer

__all__ = [
    "RECIPES",
    "GanRecipe",
    "Recipe",
    "ScorerAccount",
    "ScorerRecipe",
    "Stage",
    "train",
    "train_gan",
    "train_scorer",
]
