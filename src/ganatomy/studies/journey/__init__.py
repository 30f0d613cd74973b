"""A journey in latent space (DCGAN, Radford et al. 2016): walks, sums, turns, a map, and what the critic has learnt.

sight      what can be told in any picture: attributes, factors, slant, light
walks      walks through nine random points, and whether their pictures are copies
concepts   sides of attributes, their exemplars, and which sums and turns they make
sums       vector arithmetic with the means of exemplars, and how often it comes out right
turns      turn vectors, and how reliably they turn random pictures
landscape  the map of the classes, and classes told by the critic's features
run        all of them on one model
figures    their pictures and charts
sentences  what was found, in words
telling    the page
summary    the same for machines
"""

from ganatomy.studies.journey.run import Journey, journey
from ganatomy.studies.journey.telling import account

__all__ = ["Journey", "account", "journey"]
