"""DCGAN's study of a latent space (Radford et al. 2016): walks, sums, turns, a map, and what the critic has learnt.

walks       walks through nine random points, and whether their images are copies
concepts    sides of attributes, their exemplars, and which sums and turns they make
arithmetic  sums of means of exemplars, turn vectors, and how often they show what they should
maps        the map of the classes, and classes read off the critic's features
run         all of them on one model
sentences   what was found, in words
figures     images and charts
document    the page and the data
"""

from ganatomy.experiments.studies.dcgan.document import dcgan_document
from ganatomy.experiments.studies.dcgan.run import DCGANStudy, study_dcgan

__all__ = ["DCGANStudy", "dcgan_document", "study_dcgan"]
