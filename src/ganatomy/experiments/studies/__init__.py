"""Studies, most of the literature, each by one call on any model: what was measured, drawn and found, on one page.

attributes    how well a classifier reads labelled images, where it looks, and its worst mistakes
bias          moving A changes B by how much, and how much of that the data explain
dcgan         Radford et al.: walks, vector arithmetic, turn vectors, a map, what the critic has learnt
linear_map    Pham Van et al.: does a penalty that makes directions orthogonal make edits cleaner?
photographs   are photographs made and edited as well as generated images?
trust         does what the scorer says of edits survive a second reader?
z_against_w   Tronchon and Cadiou: is w less entangled than z?
"""

from ganatomy.experiments.studies.attributes import study_attributes
from ganatomy.experiments.studies.bias import study_bias
from ganatomy.experiments.studies.dcgan import study_dcgan
from ganatomy.experiments.studies.linear_map import study_linear_map
from ganatomy.experiments.studies.photographs import study_photographs
from ganatomy.experiments.studies.trust import study_trust
from ganatomy.experiments.studies.z_against_w import study_z_against_w

__all__ = [
    "study_attributes",
    "study_bias",
    "study_dcgan",
    "study_linear_map",
    "study_photographs",
    "study_trust",
    "study_z_against_w",
]
