"""Pham Van et al.'s study of a linear map from codes to scores, on any model: does their penalty make edits cleaner?

run           the study: one survey, the same edits by every way
result        what was measured, as values
ways          who takes part, and how each edits the same images
penalties     the path of λ, in the paper's form of the penalty and in ours
verdict       the five sentences
telling       the sections of the page
summary       the figures for programs
figures       charts and images
tables        Tables I, II and III, and the comparison
"""

from ganatomy.experiments.studies.linear_map.document import document
from ganatomy.experiments.studies.linear_map.penalties import Fit
from ganatomy.experiments.studies.linear_map.result import LinearMapStudy
from ganatomy.experiments.studies.linear_map.run import study_linear_map
from ganatomy.experiments.studies.linear_map.ways import WAYS

__all__ = [
    "WAYS",
    "Fit",
    "LinearMapStudy",
    "document",
    "study_linear_map",
]
