"""Training of generators and scorers, the code that made the bundled models, and of transfer networks.

bundled        the settings behind the bundled models, and `train`
settings       what decides how a generator comes out
loop           steps, averaged weights, growing, resuming, sheets of samples
losses         losses of critic and generator
regularisers   penalties that keep a critic smooth
architecture   what the loop needs of an architecture; one module each: stylegan2, dcgan
scorers        training of attribute networks
students       attribute networks that learn from what another scorer reads
calibration    temperatures on a generator's own images
encoders       training of encoders of images
inversions     what inversions with a bundled model start from
transfers      training of transfer networks
checkpoints    where a stopped run goes on
data           drawn faces as training images, and the images of one step
"""

from ganatomy.training.bundled import TRAININGS, TrainingSettings, train
from ganatomy.training.calibration import fit_temperatures
from ganatomy.training.encoders import EncoderSettings, train_encoder
from ganatomy.training.loop import train_gan
from ganatomy.training.scorers import ScorerEvaluation, ScorerSettings, train_scorer
from ganatomy.training.settings import GanSettings, TrainingStage
from ganatomy.training.students import train_student
from ganatomy.training.transfers import TransferSettings, judge_transfer, train_transfer

__all__ = [
    "TRAININGS",
    "EncoderSettings",
    "GanSettings",
    "ScorerEvaluation",
    "ScorerSettings",
    "TrainingSettings",
    "TrainingStage",
    "TransferSettings",
    "fit_temperatures",
    "judge_transfer",
    "train",
    "train_encoder",
    "train_gan",
    "train_scorer",
    "train_student",
    "train_transfer",
]
