"""How well a classifier reads attributes, where it looks, and what it takes for what.

run        reads held-out images
saliency   where a decision comes from, without gradients
mixups     which attributes are taken for each other
result     what was found
document   the page
"""

from ganatomy.experiments.studies.attributes.document import attributes_document
from ganatomy.experiments.studies.attributes.result import AttributeStudy, FactorReading, Mistake
from ganatomy.experiments.studies.attributes.run import study_attributes

__all__ = ["AttributeStudy", "FactorReading", "Mistake", "attributes_document", "study_attributes"]
