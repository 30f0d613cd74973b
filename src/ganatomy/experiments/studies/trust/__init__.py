"""Does what the scorer says of edits survive a second reader? Several methods to the same goals, read by judges.

run         the study: images, goals, edits and readings
editing     the same goals by every method
result      what was done and read
measures    the figures of a method, with intervals
sentences   the findings in five sentences
tables      all methods, each attribute, each judge
drawings    charts, and the images in which readings differ most
blind       a sheet for a person, and the person's agreement with the classifiers
document    page and data
"""

from ganatomy.experiments.studies.trust.blind import (
    BlindSheet,
    PersonAgreement,
    blind_sheet,
    compare_answers,
    compare_given,
)
from ganatomy.experiments.studies.trust.document import trust_document
from ganatomy.experiments.studies.trust.measures import TrustFigures, figures
from ganatomy.experiments.studies.trust.result import METHODS, TrustReader, TrustStudy
from ganatomy.experiments.studies.trust.run import study_trust

__all__ = [
    "METHODS",
    "BlindSheet",
    "PersonAgreement",
    "TrustFigures",
    "TrustReader",
    "TrustStudy",
    "blind_sheet",
    "compare_answers",
    "compare_given",
    "figures",
    "study_trust",
    "trust_document",
]
