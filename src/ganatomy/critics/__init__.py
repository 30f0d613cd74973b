"""Critics: the discriminators of GANs, kept for the features of images that they have learnt.

base        what every critic is
strided     the DCGAN family, read off names and shapes
equalised   what the critics share that are trained here
multiscale  sees every scale: of this project's own recipes
progressive Progressive GAN's, which fades in
residual    StyleGAN2's
informed    InfoGAN's, which also reads codes
files       reading and writing them
features    features of their layers, as one vector for each image
realness    how real images look, beside those that a generator draws
"""

from ganatomy.critics.base import Critic
from ganatomy.critics.features import critic_features, discriminator_features
from ganatomy.critics.files import critic, save_critic
from ganatomy.critics.informed import InformedCritic
from ganatomy.critics.multiscale import MultiscaleCritic
from ganatomy.critics.progressive import ProgressiveCritic
from ganatomy.critics.realness import Realness, realness
from ganatomy.critics.residual import ResidualCritic
from ganatomy.critics.strided import StridedCritic

__all__ = [
    "Critic",
    "InformedCritic",
    "MultiscaleCritic",
    "ProgressiveCritic",
    "Realness",
    "ResidualCritic",
    "StridedCritic",
    "critic",
    "critic_features",
    "discriminator_features",
    "realness",
    "save_critic",
]
