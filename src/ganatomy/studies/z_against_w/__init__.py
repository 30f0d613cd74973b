"""Tronchon and Cadiou's study of StyleGAN's z and w, on any model: the same pictures edited in both spaces.

run           what is measured
paired        the test: unwanted change in w against that in z, at the same wanted change
again         the same along directions that were found again
together      which attributes go again         the same along directions that were found again
together in edited pictures, and not in the data
telling       the account: sections and words
figures       sheets of pictures, matrices, lines; beside them tables, sentences and summary
"""

from ganatomy.studies.z_against_w.paired import Paired, compare_spaces, sides
from ganatomy.studies.z_against_w.run import ZAgainstW, z_against_w
from ganatomy.studies.z_against_w.telling import account

__all__ = [
    "Paired",
    "ZAgainstW",
    "account",
    "compare_spaces",
    "sides",
    "z_against_w",
]
