"""A journey in latent space (DCGAN, Radford et al. 2016): walks, sums, turns, a map, and what the critic has learnt.

sight      what can be told in any image: attributes, factors, slant, light
walks      walks through nine random points, and whether their images are copies
concepts   sides of attributes, their exemplars, and which sums and turns they make
sums       vector arithmetic with the means of exemplars, and how often it comes out right
turns      turn vectors, and how reliably they turn random images
landscape  the map of the classes, and classes told by the critic's features
run        all of them on one model
figures    their images and charts
sentences  what was found, in words
telling    the page
summary    the same for machines
"""

from ganatomy.experiments.studies.dcgan.document import document
from ganatomy.experiments.studies.dcgan.run import DcganStudy, journey

__all__ = ["DcganStudy", "document", "journey"]
