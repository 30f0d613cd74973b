"""Critics: the discriminators of GANs, kept for the features of images that they have learnt.

base        what every critic is
strided     the DCGAN family, read off names and shapes
multiscale  the critic that this project trains
files       reading and writing them
features    features of their layers, as one vector for each image
"""

from ganatomy.critics.base import Critic
from ganatomy.critics.features import critic_features, discriminator_features
from ganatomy.critics.files import critic, save_critic
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.critics.strided import StridedCritic

__all__ = [
    "Critic",
    "MultiscaleCritic",
    "StridedCritic",
    "critic",
    "critic_features",
    "discriminator_features",
    "save_critic",
]
