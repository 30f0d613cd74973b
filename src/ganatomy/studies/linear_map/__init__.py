"""Pham Van et al.'s study of a linear map from codes to scores, on any model: does their penalty make edits cleaner?

run           what is measured: the ways, the same edits by each, their comparison
ways          who takes part, and how each edits the same pictures
penalties     the path of λ, in the paper's form of the penalty and in ours
telling       the five sentences, the sections and the summary
figures       charts and pictures
tables        Tables I, II and III, and the comparison
"""

from ganatomy.studies.linear_map.penalties import Fit
from ganatomy.studies.linear_map.run import LinearMapStudy, study_linear_map
from ganatomy.studies.linear_map.telling import account
from ganatomy.studies.linear_map.ways import WAYS

__all__ = [
    "WAYS",
    "Fit",
    "LinearMapStudy",
    "account",
    "study_linear_map",
]
