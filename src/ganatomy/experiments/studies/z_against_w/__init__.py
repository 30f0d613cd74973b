"""Tronchon and Cadiou's study of StyleGAN's z and w, on any model: the same images edited in both spaces.

run           what is measured
paired        the test: unwanted change in w against that in z, at the same wanted change
again         the same along directions that were found again
together      which attributes go again         the same along directions that were found again
together in edited images, and not in the data
telling       the account: sections and words
figures       sheets of images, matrices, lines; beside them tables, sentences and summary
"""

from ganatomy.experiments.studies.z_against_w.document import document
from ganatomy.experiments.studies.z_against_w.paired import Paired, compare_spaces, sides
from ganatomy.experiments.studies.z_against_w.run import ZAgainstW, z_against_w

__all__ = [
    "Paired",
    "ZAgainstW",
    "compare_spaces",
    "document",
    "sides",
    "z_against_w",
]
