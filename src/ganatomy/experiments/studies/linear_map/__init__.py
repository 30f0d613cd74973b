"""Pham Van et al.'s study of a linear map from codes to scores, on any model: does their penalty improve edits?

run         the study: a comparison of some methods, and what only the paper has
result      what was measured
penalties   the path of λ, for the paper's form of the penalty and for ours
sentences   the findings in five sentences
tables      Tables I, II and III, and the comparison
figures     charts and images
document    page and data
"""

from ganatomy.experiments.studies.linear_map.document import linear_map_document
from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.experiments.studies.linear_map.result import METHODS, LinearMapStudy
from ganatomy.experiments.studies.linear_map.run import study_linear_map

__all__ = ["METHODS", "Fit", "LinearMapStudy", "linear_map_document", "study_linear_map"]
