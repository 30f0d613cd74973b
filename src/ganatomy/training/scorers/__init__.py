"""Training of attribute networks, small ones and those on a backbone.

settings       what decides how a network comes out
augmentation   how images are changed before each is shown
losses         losses in which unknown labels do not count
rates          learning rates by layer
data           rows to learn from, and rows that are held out
run            the moving parts, and one step
loop           phases, validation, checkpoints
epochs         the table of a run
evaluation     temperatures, and what held-out images show
arrays         images in memory
recipe         anyone's labelled images: parts, folds, files
"""

from ganatomy.training.scorers.arrays import train_scorer
from ganatomy.training.scorers.augmentation import Augmentation
from ganatomy.training.scorers.evaluation import ScorerEvaluation
from ganatomy.training.scorers.loop import TrainedScorer, train_network
from ganatomy.training.scorers.recipe import AttributeRecipe, TrainedAttributes, train_attributes
from ganatomy.training.scorers.settings import ScorerSettings

__all__ = [
    "AttributeRecipe",
    "Augmentation",
    "ScorerEvaluation",
    "ScorerSettings",
    "TrainedAttributes",
    "TrainedScorer",
    "train_attributes",
    "train_network",
    "train_scorer",
]
