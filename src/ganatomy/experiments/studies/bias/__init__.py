"""Bias of a model: moving A changes B by so much, of which the correlation in the data explains so much.

run        the study: one step along each direction, read before and after
workbench  images that are edited, and what is read in them
changes    what is changed and watched: attributes, factors, positions along directions
estimates  what moved, what is explained, the excess, with intervals and tests
result     what was measured
sentences  the findings in five sentences
figures    bars, the matrix, images
document   the page and the data
"""

from ganatomy.experiments.studies.bias.document import bias_document
from ganatomy.experiments.studies.bias.result import BiasStudy, Link
from ganatomy.experiments.studies.bias.run import study_bias

__all__ = ["BiasStudy", "Link", "bias_document", "study_bias"]
