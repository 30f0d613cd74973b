"""Inversion: codes of given images.

invert       by any method
fast         ridge encoder, then L-BFGS with the generator's metric and a prior
encoder      in three passes of a trained network, from which a search may go on
projector    StyleGAN2's projector
tune         pivotal tuning: weights that make a photograph of its codes
consult      features of one layer that the codes of a photograph miss
fitted       what tuning and consultation give
prepare      what is learnt about a generator once
preparation  the result of that, and its file
coordinates  the numbers that are optimised
likeness     the loss
prior        where codes are likely
metric       how images change with codes
ridge        the linear encoder
lbfgs        the optimiser
problem      what a method is given
result       what an inversion found
"""

from ganatomy.inversion.consult import consult
from ganatomy.inversion.encoder import EncoderNetwork
from ganatomy.inversion.fitted import FittedGenerator
from ganatomy.inversion.invert import METHODS, invert
from ganatomy.inversion.preparation import Preparation
from ganatomy.inversion.prepare import prepare as prepare_inversion
from ganatomy.inversion.result import ImageFit, Inversion
from ganatomy.inversion.tune import tune

__all__ = [
    "METHODS",
    "EncoderNetwork",
    "FittedGenerator",
    "ImageFit",
    "Inversion",
    "Preparation",
    "consult",
    "invert",
    "prepare_inversion",
    "tune",
]
