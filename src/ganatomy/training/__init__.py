"""Training of generators and scorers, the code that made the bundled models, and of transfer networks.

bundled        the settings behind the bundled models, and `train`
own            families of GANs on a person's own images
families       settings of each family, for any resolution
planning       how large a model is, how fast this machine trains it, what to expect when
sources        folders, zips and idx files, read as they are needed
settings       what decides how a generator comes out
starting       training that starts from a generator
loop           stages that grow, runs that resume
run            networks with their optimizers, and what a checkpoint holds
steps          one step of critic and generator
losses         losses of critic and generator
regularisers   penalties that keep a critic smooth, and path lengths even
augment        what the critic sees, changed at random and no more often than needed
fading         generators whose last resolution fades in
classes        what images are told apart by
studies        studies that train GANs of their own
schedules      what changes while a generator is trained
records        sheets of samples, the table of a run's progress, its best generator
images         images to learn from, and the batch of each step
ranks          several processes that train one generator
interrupts     Ctrl-C between two steps
architecture   what the loop needs of an architecture; one module each: stylegan2, stylegan, progan,
               dcgan, dcgan_r1, infogan
scorers        training of attribute networks
students       attribute networks that learn from what another scorer reads
calibration    temperatures on a generator's own images
encoders       training of encoders of images
inversions     what inversions with a bundled model start from
transfers      training of transfer networks
checkpoints    where a stopped run goes on
data           drawn faces as training images, and the random numbers of one step
"""

from ganatomy.datasets.files import Framing
from ganatomy.training.bundled import TRAININGS, TrainingSettings, train
from ganatomy.training.calibration import fit_temperatures
from ganatomy.training.encoders import EncoderSettings, train_encoder
from ganatomy.training.families import FAMILIES
from ganatomy.training.loop import train_gan
from ganatomy.training.own import train_own
from ganatomy.training.planning import TrainingBudget
from ganatomy.training.scorers import ScorerEvaluation, ScorerSettings, train_scorer
from ganatomy.training.settings import GanSettings, TrainingStage
from ganatomy.training.students import train_student
from ganatomy.training.transfers import TransferSettings, judge_transfer, train_transfer

__all__ = [
    "FAMILIES",
    "TRAININGS",
    "EncoderSettings",
    "Framing",
    "GanSettings",
    "ScorerEvaluation",
    "ScorerSettings",
    "TrainingBudget",
    "TrainingSettings",
    "TrainingStage",
    "TransferSettings",
    "fit_temperatures",
    "judge_transfer",
    "train",
    "train_encoder",
    "train_gan",
    "train_own",
    "train_scorer",
    "train_student",
    "train_transfer",
]
