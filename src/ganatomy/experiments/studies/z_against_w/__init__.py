"""Tronchon and Cadiou's study of StyleGAN's z and w, on any model: the same images edited in both spaces.

run           what is measured, and measured again along directions that were found again
paired        the test: unwanted change in w against that in z, at the same wanted change
correlations  between attributes of edited images, beyond those of the data
sentences     what was found, in words
figures       sheets of images, matrices, lines
document      the page and the data
"""

from ganatomy.experiments.studies.z_against_w.document import z_against_w_document
from ganatomy.experiments.studies.z_against_w.run import ZAgainstW, study_z_against_w

__all__ = ["ZAgainstW", "study_z_against_w", "z_against_w_document"]
