"""Photographs on a generator (Tronchon and Cadiou, section 5.2): how well are they made, and how well are they edited?

Groups of images are inverted: the generator's own, images of its training domain, and others. In each an attribute is
moved as far as in generated images, and a classifier reads what that changes.

run        `study_photographs`
result     what it found, and the figures of each group
document   the page
"""

from ganatomy.experiments.studies.photographs.document import photographs_document
from ganatomy.experiments.studies.photographs.result import Group, PhotographStudy
from ganatomy.experiments.studies.photographs.run import study_photographs

__all__ = ["Group", "PhotographStudy", "photographs_document", "study_photographs"]
